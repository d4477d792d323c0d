/**
 * The master secret: 32 bytes under which credentials are encrypted and API keys are hashed. It is never used
 * itself; each purpose has its own sub-key by HKDF-SHA256 (RFC 5869).
 *
 * It comes from the setting ALGOWAYS_SECRET, or else from a key file in the data folder, which is made on the
 * first start: never where the database has what only a lost one opens.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { KeyObject } from "node:crypto"
import { createSecretKey, hkdfSync, randomBytes } from "node:crypto"
import { join } from "node:path"
import { SecretFailed } from "../errors.ts"
import { hasKeyFile, readOrMakeKeyFile } from "./keyFile.ts"

export const SECRET_BYTES = 32
export const SECRET_SETTING = "ALGOWAYS_SECRET"
const FORMATS = `${SECRET_BYTES * 2} hexadecimal digits, or ${SECRET_BYTES} bytes in base64`

/**
 * The bytes of a secret in hex or base64 (standard or URL-safe, padded or not); undefined for anything else.
 * Decoding is strict: Node would skip what it does not understand and give fewer bytes.
 */
export const parseSecret = (text: string): Buffer | undefined => {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex")
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined
  const bytes = Buffer.from(text, "base64")
  const plain = text.replace(/=$/, "").replaceAll("-", "+").replaceAll("_", "/")
  return bytes.toString("base64").replace(/=$/, "") === plain ? bytes : undefined
}

export type Purpose = "api-keys" | "credentials"

export class MasterSecret extends Context.Service<
  MasterSecret,
  {
    /** The sub-key of a purpose, 32 bytes. A KeyObject shows no bytes when it is printed. */
    readonly subKey: (purpose: Purpose) => KeyObject
    /** Eight hex digits that distinguish secrets and reveal nothing about them. */
    readonly fingerprint: string
    /** Where the secret came from, for messages. */
    readonly source: string
  }
>()("algoways/store/MasterSecret") {
  /**
   * From ALGOWAYS_SECRET, else (an empty setting is none) from `<dataDir>/secret.key`.
   *
   * @param beforeMaking says whether a new key may be made where there is none, by failing
   */
  static readonly layer = <E = never, R = never>(options: {
    readonly dataDir: string
    readonly beforeMaking?: (file: string) => Effect.Effect<void, E, R>
  }): Layer.Layer<MasterSecret, SecretFailed | E, R> =>
    Layer.effect(
      MasterSecret,
      Effect.gen(function* () {
        const setting = yield* Config.option(Config.Redacted(SECRET_SETTING)).pipe(
          // Its cause could quote the value.
          Effect.mapError(() => new SecretFailed({ detail: `${SECRET_SETTING} could not be read.` }))
        )
        if (Option.isSome(setting)) {
          const bytes = parseSecret(Redacted.value(setting.value).trim())
          if (bytes !== undefined) return fromBytes(bytes, `the setting ${SECRET_SETTING}`)
          return yield* new SecretFailed({
            detail: `${SECRET_SETTING} is not a secret: it has to be ${FORMATS}. Make one with "openssl rand -hex ${SECRET_BYTES}", or remove the setting to use the key file.`
          })
        }
        const file = join(options.dataDir, "secret.key")
        const { beforeMaking } = options
        if (beforeMaking !== undefined && !(yield* hasKeyFile(file))) {
          // Another process may have made it meanwhile, and stored what it opens.
          yield* Effect.catch(beforeMaking(file), (error) =>
            Effect.flatMap(hasKeyFile(file), (there) => (there ? Effect.void : Effect.fail(error)))
          )
        }
        const text = yield* readOrMakeKeyFile(
          file,
          () => `${randomBytes(SECRET_BYTES).toString("hex")}\n`,
          `, or put the secret into ${SECRET_SETTING}`
        )
        const bytes = parseSecret(text.trim())
        if (bytes !== undefined) return fromBytes(bytes, `the key file "${file}"`)
        return yield* new SecretFailed({
          detail: `The key file "${file}" is damaged: it has to hold ${FORMATS}. Restore it from a backup; without it the stored credentials cannot be read. To give them up, delete the file, start again, and store credentials and API keys anew.`
        })
      })
    )

  /** A random secret that is never stored. */
  static readonly layerMemory: Layer.Layer<MasterSecret> = Layer.sync(MasterSecret, () =>
    fromBytes(randomBytes(SECRET_BYTES), "memory")
  )
}

const derive = (secret: KeyObject, label: string): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, new Uint8Array(0), `algoways/1/${label}`, SECRET_BYTES))

const fromBytes = (bytes: Buffer, source: string): MasterSecret["Service"] => {
  const secret = createSecretKey(bytes)
  bytes.fill(0)
  const keys: Readonly<Record<Purpose, KeyObject>> = {
    "api-keys": createSecretKey(derive(secret, "api-keys")),
    credentials: createSecretKey(derive(secret, "credentials"))
  }
  return {
    subKey: (purpose) => keys[purpose],
    fingerprint: derive(secret, "fingerprint").toString("hex", 0, 4),
    source
  }
}
