/** Does a JSON value look as a case expects? The matchers are defined in the case file's `format`. */
import { isObject } from "../../kit/isObject.ts"
import { assign } from "./matching.ts"

export type Matcher = unknown

type Json = Readonly<Record<string, unknown>>

const byName: Readonly<Record<string, (value: unknown) => boolean>> = {
  $any: (value) => value !== undefined,
  $string: (value) => typeof value === "string",
  $nonempty: (value) => typeof value === "string" && value.length > 0,
  $number: (value) => typeof value === "number" && Number.isFinite(value),
  $int: (value) => Number.isInteger(value),
  $bool: (value) => typeof value === "boolean",
  $object: isObject,
  $array: Array.isArray
}

const hasNull = (value: unknown): boolean => {
  if (value === null) return true
  if (Array.isArray(value)) return value.some(hasNull)
  return isObject(value) && Object.values(value).some(hasNull)
}

/** Every matcher takes a value of its own, in any order. */
const matchesUnordered = (values: ReadonlyArray<unknown>, matchers: ReadonlyArray<Matcher>): boolean =>
  values.length === matchers.length &&
  assign(matchers.length, values.length, (m, v) => matches(values[v], matchers[m])).every(
    (at) => at !== undefined
  )

const listWords = ["$unordered", "$contains", "$each", "$length", "$min"] as const

const matchesList = (values: ReadonlyArray<unknown>, matcher: Json): boolean => {
  const { $unordered, $contains, $each, $length, $min, $noNull } = matcher
  return (
    ($unordered === undefined || matchesUnordered(values, $unordered as ReadonlyArray<Matcher>)) &&
    ($contains === undefined || values.some((value) => matches(value, $contains))) &&
    ($each === undefined || values.every((value) => matches(value, $each))) &&
    ($length === undefined || values.length === $length) &&
    ($min === undefined || values.length >= Number($min)) &&
    ($noNull !== true || !hasNull(values))
  )
}

const matchesObject = (value: unknown, matcher: Json): boolean => {
  if (!isObject(value)) return false
  const { $absent, $optional, $noNull, $exact, ...keys } = matcher
  const optional = isObject($optional) ? $optional : {}
  return (
    Object.entries(keys).every(
      ([key, expected]) => Object.hasOwn(value, key) && matches(value[key], expected)
    ) &&
    Object.entries(optional).every(
      ([key, expected]) => !Object.hasOwn(value, key) || matches(value[key], expected)
    ) &&
    (!Array.isArray($absent) || $absent.every((key) => !Object.hasOwn(value, String(key)))) &&
    ($noNull !== true || !hasNull(value)) &&
    ($exact !== true ||
      Object.keys(value).every((key) => Object.hasOwn(keys, key) || Object.hasOwn(optional, key)))
  )
}

export const matches = (value: unknown, matcher: Matcher): boolean => {
  if (typeof matcher === "string" && Object.hasOwn(byName, matcher)) return byName[matcher]!(value)
  if (Array.isArray(matcher)) {
    return (
      Array.isArray(value) && value.length === matcher.length && matcher.every((m, i) => matches(value[i], m))
    )
  }
  if (!isObject(matcher)) return value === matcher
  const { $oneOf, ...others } = matcher
  if (Array.isArray($oneOf)) {
    // What stands beside the alternatives holds for each of them.
    return (
      $oneOf.some((m) => matches(value, m)) && (Object.keys(others).length === 0 || matches(value, others))
    )
  }
  if (listWords.some((word) => Object.hasOwn(matcher, word)))
    return Array.isArray(value) && matchesList(value, matcher)
  return matchesObject(value, matcher)
}

/** Where a value first differs from what is expected, in words; undefined when it matches. */
export const firstDifference = (value: unknown, matcher: Matcher, path = ""): string | undefined => {
  if (matches(value, matcher)) return undefined
  const here = path === "" ? "it" : path
  if (Array.isArray(matcher) && Array.isArray(value) && matcher.length === value.length) {
    for (const [i, m] of matcher.entries()) {
      const inside = firstDifference(value[i], m, `${path}[${i}]`)
      if (inside !== undefined) return inside
    }
  }
  const isPlain =
    isObject(matcher) && !("$oneOf" in matcher) && !listWords.some((w) => Object.hasOwn(matcher, w))
  if (isPlain && isObject(value)) {
    for (const [key, expected] of Object.entries(matcher)) {
      if (key.startsWith("$")) continue
      const at = path === "" ? key : `${path}.${key}`
      if (!Object.hasOwn(value, key)) return `${at} is missing, expected ${show(expected)}`
      const inside = firstDifference(value[key], expected, at)
      if (inside !== undefined) return inside
    }
  }
  return `${here} is ${show(value)}, expected ${show(matcher)}`
}

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`
}
