/**
 * Key pairs of the NATS login. An nkey is an ed25519 key as text: base32 of a prefix, the key and a CRC-16.
 * Source: NATS documentation ("NKeys").
 */
import { fromSeed } from "@nats-io/nkeys"
import type { KeyPair, Prefix } from "@nats-io/nkeys"

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
/** Base32 writes its first letter as `S`. */
const SEED = 18 << 3

const ascii = new TextEncoder()

/**
 * A key pair out of 32 random bytes: the library draws its own randomness, and otherwise takes only a seed's text.
 */
export const keyPairOf = (role: Prefix, random: Uint8Array): KeyPair => fromSeed(seedOf(role, random))

/** The seed's text, as bytes. */
export const seedOf = (role: Prefix, random: Uint8Array): Uint8Array => {
  const raw = new Uint8Array(2 + random.length + 2)
  raw[0] = SEED | (role >> 5)
  raw[1] = (role & 31) << 3
  raw.set(random, 2)
  const checksum = crc16(raw, 2 + random.length)
  raw[raw.length - 2] = checksum & 0xff
  raw[raw.length - 1] = checksum >> 8
  return ascii.encode(base32(raw))
}

/** CRC-16/XMODEM. */
const crc16 = (bytes: Uint8Array, length: number): number => {
  let crc = 0
  for (let i = 0; i < length; i++) {
    crc ^= bytes[i]! << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff
  }
  return crc
}

/** Without padding. */
const base32 = (bytes: Uint8Array): string => {
  let text = ""
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff
    bits += 8
    for (; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31]!
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31]!
}

/** Base64 for addresses and tokens: without padding. */
export const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")

/** Takes both alphabets, with and without padding; undefined for what is no base64. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))
  } catch {
    return undefined
  }
}
