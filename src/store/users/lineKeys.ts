/**
 * The keys of the line between feed and gateway, in `line/` of the data folder: a secret key each for the feed and for the
 * gateway of this folder, the feed that its gateway trusts, and the gateways that its feed accepts. A feed and a gateway
 * that share the folder know each other without anybody's help.
 *
 * Keys are Curve25519's, written as 64 hexadecimal digits.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto"
import { join } from "node:path"
import { InvalidInput, SecretFailed } from "../errors.ts"
import { keyFileFailed, readKeyFile, readOrMakeKeyFile, replaceKeyFile } from "../credentials/keyFile.ts"

export interface KeyPair {
  readonly publicKey: string
  readonly secretKey: Redacted.Redacted<string>
}

export interface AcceptedGateway {
  readonly name: string
  readonly key: string
}

const KEY = /^[0-9a-f]{64}$/
const NAME = /^[A-Za-z0-9_.@-]{1,64}$/
/** What stands before the 32 bytes of an X25519 key in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex")

const publicOf = (secret: string): string => {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, Buffer.from(secret, "hex")]),
    format: "der",
    type: "pkcs8"
  })
  return Buffer.from(createPublicKey(key).export({ format: "jwk" }).x!, "base64url").toString("hex")
}

/** @throws SecretFailed */
const pairOf = (file: string, text: string): KeyPair => {
  const secret = text.trim()
  if (!KEY.test(secret)) {
    throw new SecretFailed({
      detail: `The key file "${file}" is damaged: it has to hold 64 hexadecimal digits. Restore it from a backup, or delete it to have a new key made, which the other side then has to be told.`
    })
  }
  return { publicKey: publicOf(secret), secretKey: Redacted.make(secret) }
}

export const checkKey = (key: string): Effect.Effect<string, InvalidInput> => {
  const folded = key.trim().toLowerCase()
  return KEY.test(folded)
    ? Effect.succeed(folded)
    : Effect.fail(
        new InvalidInput({
          detail: 'That is not a key: it has 64 hexadecimal digits. "algoways line keys" prints them.'
        })
      )
}

export interface LineKeys {
  /** The feed's, made when there is none. */
  readonly feed: Effect.Effect<KeyPair, SecretFailed>
  /** The gateway's, made when there is none. */
  readonly gateway: Effect.Effect<KeyPair, SecretFailed>
  /** The public key of the feed that this folder's gateway connects to: unless told otherwise, the folder's own. */
  readonly trusted: Effect.Effect<string, SecretFailed>
  readonly trust: (key: string) => Effect.Effect<void, SecretFailed | InvalidInput>
  /** Those that were accepted by name; the gateway of this folder needs not be. */
  readonly accepted: Effect.Effect<ReadonlyArray<AcceptedGateway>, SecretFailed>
  /** Under a name that is taken, the new key replaces the old one. */
  readonly accept: (name: string, key: string) => Effect.Effect<void, SecretFailed | InvalidInput>
  /** False: there is none of that name. */
  readonly refuse: (name: string) => Effect.Effect<boolean, SecretFailed>
  /** Whether this folder's feed serves a gateway with this key. Reads the files: an answer counts from now on. */
  readonly accepts: (key: string) => boolean
}

export const lineKeys = (dataDir: string): LineKeys => {
  const file = (name: string): string => join(dataDir, "line", name)
  const feedFile = file("feed.key")
  const gatewayFile = file("gateway.key")
  const trustedFile = file("trusted-feed")
  const acceptedFile = file("accepted-gateways")

  const readOrMake = (path: string): Effect.Effect<KeyPair, SecretFailed> =>
    readOrMakeKeyFile(path, () => `${randomBytes(32).toString("hex")}\n`).pipe(
      Effect.flatMap((text) => Effect.try({ try: () => pairOf(path, text), catch: keyFileFailed(path) }))
    )

  const readAccepted = (): ReadonlyArray<AcceptedGateway> => {
    const lines = (readKeyFile(acceptedFile) ?? "").split("\n").filter((line) => line.trim() !== "")
    return lines.map((line) => {
      const [key = "", name = ""] = line.trim().split(/\s+/)
      if (KEY.test(key) && NAME.test(name)) return { key, name }
      throw new SecretFailed({
        detail: `The file "${acceptedFile}" has a line that is not a key and a name: mend it, or remove that line.`
      })
    })
  }
  const writeAccepted = (gateways: ReadonlyArray<AcceptedGateway>): void =>
    replaceKeyFile(acceptedFile, gateways.map(({ key, name }) => `${key} ${name}\n`).join(""))
  const attempt = <A>(path: string, f: () => A): Effect.Effect<A, SecretFailed> =>
    Effect.try({ try: f, catch: keyFileFailed(path) })

  const feed = readOrMake(feedFile)

  return {
    feed,
    gateway: readOrMake(gatewayFile),
    trusted: Effect.gen(function* () {
      const told = yield* attempt(trustedFile, () => readKeyFile(trustedFile)?.trim())
      if (told === undefined) return (yield* feed).publicKey
      if (KEY.test(told)) return told
      return yield* new SecretFailed({
        detail: `The file "${trustedFile}" holds no key. Run: algoways line trust KEY, with the key of the feed.`
      })
    }),
    trust: (key) =>
      Effect.flatMap(checkKey(key), (good) =>
        attempt(trustedFile, () => replaceKeyFile(trustedFile, `${good}\n`))
      ),
    accepted: attempt(acceptedFile, readAccepted),
    accept: Effect.fnUntraced(function* (name, key) {
      const good = yield* checkKey(key)
      if (!NAME.test(name)) {
        return yield* new InvalidInput({
          detail: 'A gateway\'s name has 1 to 64 letters, digits, "_", ".", "@" or "-".'
        })
      }
      yield* attempt(acceptedFile, () =>
        writeAccepted([
          ...readAccepted().filter((g) => g.name !== name && g.key !== good),
          { key: good, name }
        ])
      )
    }),
    refuse: (name) =>
      attempt(acceptedFile, () => {
        const before = readAccepted()
        const after = before.filter((g) => g.name !== name)
        if (after.length < before.length) writeAccepted(after)
        return after.length < before.length
      }),
    accepts: (key) => {
      const own = readKeyFile(gatewayFile)
      if (own !== undefined && pairOf(gatewayFile, own).publicKey === key) return true
      return readAccepted().some((g) => g.key === key)
    }
  }
}
