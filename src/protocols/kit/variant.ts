/**
 * Reads the choices that a protocol leaves to the broker's data and to the user's configuration. A wrong value is an
 * error that names the choice: a silent default would decode wrong prices.
 */
import type { CodecOptions, Protocol } from "../protocol.ts"

export type Variant = Readonly<Record<string, unknown>> | undefined

export class InvalidVariant extends Error {
  override readonly name = "InvalidVariant"
}

const invalid = (protocol: string, key: string, wanted: string, value: unknown): InvalidVariant =>
  new InvalidVariant(
    `Variant "${key}" of protocol ${protocol} must be ${wanted}, but is ${JSON.stringify(value)}. ` +
      `Correct it in the broker's settings.`
  )

/** The segment codes of a wire that has numbers for them. */
export const numericCodes = (
  protocol: string,
  codes: Readonly<Record<string, number | string>>
): Readonly<Record<string, number>> => {
  for (const [exchange, code] of Object.entries(codes)) {
    if (typeof code !== "number") throw invalid(protocol, `codes.${exchange}`, "a number", code)
  }
  return codes as Readonly<Record<string, number>>
}

/** The segment codes of a wire that has names for them. */
export const textCodes = (
  protocol: string,
  codes: Readonly<Record<string, number | string>>
): Readonly<Record<string, string>> => {
  for (const [exchange, code] of Object.entries(codes)) {
    if (typeof code !== "string") throw invalid(protocol, `codes.${exchange}`, "a text", code)
  }
  return codes as Readonly<Record<string, string>>
}

export const booleanOf = (protocol: string, variant: Variant, key: string, otherwise: boolean): boolean => {
  const value = variant?.[key]
  if (value === undefined) return otherwise
  if (typeof value !== "boolean") throw invalid(protocol, key, "true or false", value)
  return value
}

export const textOf = (protocol: string, variant: Variant, key: string, otherwise: string): string => {
  const value = variant?.[key]
  if (value === undefined) return otherwise
  if (typeof value !== "string") throw invalid(protocol, key, "a text", value)
  return value
}

/** One of several words. */
export const choiceOf = <A extends string>(
  protocol: string,
  variant: Variant,
  key: string,
  choices: ReadonlyArray<A>,
  otherwise: A
): A => {
  const value = variant?.[key]
  if (value === undefined) return otherwise
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw invalid(protocol, key, `one of ${choices.join(", ")}`, value)
  return found
}

export const countOf = (protocol: string, variant: Variant, key: string, otherwise: number): number => {
  const value = variant?.[key]
  if (value === undefined) return otherwise
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(protocol, key, "a whole number above 0", value)
  }
  return value
}

/** Price divisors by segment code, merged over the protocol's own. */
export const divisorsOf = (
  protocol: string,
  variant: Variant,
  own: Readonly<Record<number, number>>
): ReadonlyMap<number, number> => {
  const divisors = new Map(Object.entries(own).map(([code, divisor]) => [Number(code), divisor]))
  const value = variant?.["divisors"]
  if (value === undefined) return divisors
  const wanted = "an object of segment code (0 to 255) to divisor (a number above 0)"
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(protocol, "divisors", wanted, value)
  }
  for (const [key, divisor] of Object.entries(value)) {
    const code = Number(key)
    const good =
      Number.isInteger(code) && code >= 0 && code <= 255 && typeof divisor === "number" && divisor > 0
    if (!good || !Number.isFinite(divisor)) throw invalid(protocol, "divisors", wanted, value)
    divisors.set(code, divisor)
  }
  return divisors
}

type VariantReader = Pick<Protocol, "name" | "open" | "readVariant">

/** The keys that a protocol knows, in the order in which it reads them: recorded while it reads an empty variant. */
export const variantKeys = ({ readVariant }: VariantReader, options: CodecOptions): ReadonlyArray<string> => {
  const keys = new Set<string>()
  const variant = new Proxy<Readonly<Record<string, unknown>>>(
    {},
    { get: (_, key) => (typeof key === "string" ? void keys.add(key) : undefined) }
  )
  readVariant?.({ ...options, variant })
  return [...keys]
}

/** What is wrong with a variant: keys that the protocol does not know, or an invalid value. Undefined: nothing. */
export const variantProblem = (protocol: VariantReader, options: CodecOptions): string | undefined => {
  if (protocol.readVariant === undefined) return undefined
  try {
    const known = variantKeys(protocol, options)
    const unknown = Object.keys(options.variant ?? {}).filter((key) => !known.includes(key))
    if (unknown.length === 0) {
      protocol.readVariant(options)
      protocol.open(options)
      return undefined
    }
    const keys = `${unknown.length === 1 ? "an unknown key" : "unknown keys"} ${unknown.join(", ")}`
    const list = known.length === 0 ? "it has no choices" : `known: ${known.join(", ")}`
    return `variant has ${keys} for protocol ${protocol.name} (${list})`
  } catch (error) {
    if (error instanceof InvalidVariant) return error.message
    throw error
  }
}
