/** Encryption of single values at rest: AES-256-GCM with a fresh nonce for every value. */
import type { KeyObject } from "node:crypto"
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"

const ALGORITHM = "aes-256-gcm"
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface Sealed {
  readonly nonce: Uint8Array
  /** Ciphertext, then the 16 bytes of the authentication tag. */
  readonly sealed: Uint8Array
}

/** @param place what the value belongs to; a value that is moved elsewhere does not open there */
export const seal = (key: KeyObject, place: ReadonlyArray<string>, value: string): Sealed => {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(JSON.stringify(place)))
  return { nonce, sealed: Buffer.concat([cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]) }
}

/** The value; undefined when key, place, nonce or bytes are not those that it was sealed with. */
export const unseal = (
  key: KeyObject,
  place: ReadonlyArray<string>,
  { nonce, sealed }: Sealed
): string | undefined => {
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(JSON.stringify(place)))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  try {
    const start = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
    return Buffer.concat([start, decipher.final()]).toString("utf8")
  } catch {
    return undefined
  }
}
