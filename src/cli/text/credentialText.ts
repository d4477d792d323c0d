/** The fields of credentials in words: as flags, as JSON, and as what a broker calls them. Pure. */
import * as Result from "effect/Result"
import type { Broker, CredentialNeed } from "../../brokers/broker.ts"
import type { CredentialField } from "../../market/credentials.ts"
import { credentialFields } from "../../market/credentials.ts"

/** `--feed-token` of `feedToken`: a flag of `algoways credentials set`. */
export const flagOf = (field: CredentialField): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Spelled as JSON or as a flag, in any case: `feedUrl`, `feed-url` and `FEED_URL` are one. */
export const fieldLike = (name: string): CredentialField | undefined => {
  const bare = (text: string) => text.replaceAll(/[-_ ]/g, "").toLowerCase()
  return credentialFields.find((field) => bare(field) === bare(name))
}

/** What a broker takes, a line for each field. */
export const needsText = ({ credentials, title }: Broker): string =>
  credentials.length === 0
    ? `${title} needs no login.`
    : [
        `${title} takes:`,
        ...credentials.map(
          ({ field, label, optional, where }) =>
            `  ${flagOf(field)}, as JSON "${field}"${optional === true ? " (optional)" : ""}: ${label}; ${where}`
        )
      ].join("\n")

/** What the broker needs and is not stored. */
export const missingOf = (
  { credentials }: Broker,
  stored: Partial<Record<CredentialField, unknown>> | undefined
): ReadonlyArray<CredentialNeed> =>
  credentials.filter(({ field, optional }) => optional !== true && stored?.[field] === undefined)

export const missingText = (title: string, missing: ReadonlyArray<CredentialNeed>): string =>
  `Still missing for ${title}: ${missing.map(({ field, label }) => `${flagOf(field)} (${label})`).join(", ")}`

/** The name of a key, never a value: values are secrets. */
const quoted = (key: string): string => JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}...` : key)

export const noSuchField = (name: string): string => {
  const like = fieldLike(name)
  return `there is no field ${quoted(name)}; ${
    like === undefined ? `there are ${credentialFields.join(", ")}` : `write ${like}`
  }`
}

const EXAMPLE = '{"apiKey":"...","authToken":"..."}'

const parsed = (text: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(JSON.parse(text))
  } catch {
    // Its own message would quote the input, which holds secrets.
    return Result.fail(
      text === ""
        ? `there is no input; give it JSON such as ${EXAMPLE}`
        : `this is not valid JSON; write ${EXAMPLE}`
    )
  }
}

/** Reads what `--stdin` gets: one JSON object of texts. Failures name the key that is wrong. */
export const readFields = (text: string): Result.Result<Partial<Record<CredentialField, string>>, string> =>
  Result.gen(function* () {
    const value = yield* parsed(text)
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return yield* Result.fail(`one JSON object is expected, such as ${EXAMPLE}`)
    }
    const fields: Partial<Record<CredentialField, string>> = {}
    for (const [key, field] of Object.entries(value)) {
      const known = credentialFields.find((name) => name === key)
      if (known === undefined) return yield* Result.fail(noSuchField(key))
      if (typeof field !== "string") return yield* Result.fail(`${key} must be a text in quotes`)
      fields[known] = field
    }
    return fields
  })
