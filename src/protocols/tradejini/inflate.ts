/** Unpacks zlib frames into memory of a fixed size: what would need more is no frame of a market feed. */
import { unzlibSync } from "fflate"

/** Real frames have some kilobytes; these are far above them. Deflate grows a thousandfold at most. */
const MAX_PACKED = 64 * 1024
const MAX_UNPACKED = 1024 * 1024

const TRAILER_SIZE = 4

export class Inflater {
  #memory: Uint8Array<ArrayBuffer> | undefined

  /** The bytes, valid until the next call; undefined for a damaged or an oversized stream. */
  unpack(packed: Uint8Array): Uint8Array | undefined {
    if (packed.length > MAX_PACKED || packed.length < TRAILER_SIZE) return undefined
    const out = (this.#memory ??= new Uint8Array(MAX_UNPACKED + 1))
    try {
      // Writes past the end of `out` go nowhere.
      const unpacked = unzlibSync(packed, { out })
      if (unpacked.length > MAX_UNPACKED) return undefined
      return adler32(unpacked) === trailer(packed) ? unpacked : undefined
    } catch {
      return undefined
    }
  }
}

/** The checksum that ends a zlib stream, big-endian. */
const trailer = (packed: Uint8Array): number => {
  const at = packed.length - TRAILER_SIZE
  return new DataView(packed.buffer, packed.byteOffset, packed.length).getUint32(at)
}

/** RFC 1950. The sums stay below 2^32 for so many bytes between two remainders. */
const ADLER_RUN = 5552
const ADLER_PRIME = 65_521

const adler32 = (bytes: Uint8Array): number => {
  let a = 1
  let b = 0
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + ADLER_RUN, bytes.length)
    for (; at < end; at++) {
      a += bytes[at]!
      b += a
    }
    a %= ADLER_PRIME
    b %= ADLER_PRIME
  }
  return b * 65_536 + a
}
