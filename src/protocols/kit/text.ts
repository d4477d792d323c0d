/** Shared handling of texts from brokers and from users. None of it runs per tick. */
import * as Redacted from "effect/Redacted"
import type { Redacted as Secret } from "effect/Redacted"
import { isObject } from "../../kit/isObject.ts"
import { nestsTooDeep } from "../../market/jsonNesting.ts"

export { isObject }

/** Enough to recognise a message by. */
const SHOWN = 200

/** Long runs of letters and digits mixed: what tokens and keys look like, and words do not. */
const OPAQUE = /(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w.-]{16,}/g

/**
 * A broker's text, fit for a log: cut, on one line, and without anything that looks like a key or a token, because
 * brokers quote them back in their errors.
 */
export const brokerText = (value: unknown): string => {
  const text = typeof value === "string" ? value : jsonOf(value)
  // Cut before the search, so that a huge text costs nothing, and after it, because a mask may be longer.
  return text
    .slice(0, 4 * SHOWN)
    .replace(/[\p{Cc}\s]+/gu, " ")
    .replace(OPAQUE, "[hidden]")
    .trim()
    .slice(0, SHOWN)
}

/** Parsing handles any nesting, printing does not. */
const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return "(nested too deep to show)"
  }
}

/** Shorter texts are parsed in no time, however they nest; most frames are, and need no second look. */
const LONG_TEXT = 4096

/** Any JSON value, or undefined for a text that is none, or nests deeper than a broker has reason to. Never throws. */
export const parseJson = (text: string): unknown => {
  if (text.length > LONG_TEXT && nestsTooDeep(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A JSON object, or undefined for anything else. Never throws. */
export const parseObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

/** Whether a tick's quantity may be this. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

/**
 * The value of a credential without the blanks that copying leaves around it; empty when it is not there (the
 * session asks for what is missing before it connects).
 */
export const reveal = (secret: Secret<string> | undefined): string =>
  secret === undefined ? "" : Redacted.value(secret).trim()

/**
 * A token as the number it stands for, or undefined when it is not plain digits in their shortest form. `02885`
 * is not `2885`: folding the two would give one instrument's prices to the other.
 */
export const plainNumber = (token: string, most: number): number | undefined => {
  if (!/^(0|[1-9]\d{0,15})$/.test(token)) return undefined
  const n = Number(token)
  return n <= most ? n : undefined
}

/** Splits into runs of at most `size`. */
export const chunks = <A>(items: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> => {
  const step = Math.max(1, Math.floor(size) || 1)
  if (items.length <= step) return items.length === 0 ? [] : [items]
  const out: Array<ReadonlyArray<A>> = []
  for (let at = 0; at < items.length; at += step) out.push(items.slice(at, at + step))
  return out
}
