/** Does a JSON value look as a case expects? The matchers are defined in `client-protocol-cases.json`. */

export type Matcher = unknown

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

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
const matchesUnordered = (values: ReadonlyArray<unknown>, matchers: ReadonlyArray<Matcher>): boolean => {
  if (values.length !== matchers.length) return false
  if (matchers.length === 0) return true
  const [first, ...others] = matchers
  return values.some(
    (value, i) =>
      matches(value, first) && matchesUnordered([...values.slice(0, i), ...values.slice(i + 1)], others)
  )
}

const listWords = ["$unordered", "$contains", "$each", "$length", "$min"] as const

const matchesList = (values: ReadonlyArray<unknown>, matcher: Json): boolean => {
  const { $unordered, $contains, $each, $length, $min } = matcher
  return (
    ($unordered === undefined || matchesUnordered(values, $unordered as ReadonlyArray<Matcher>)) &&
    ($contains === undefined || values.some((value) => matches(value, $contains))) &&
    ($each === undefined || values.every((value) => matches(value, $each))) &&
    ($length === undefined || values.length === $length) &&
    ($min === undefined || values.length >= Number($min))
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
  if (Array.isArray(matcher["$oneOf"])) return matcher["$oneOf"].some((m) => matches(value, m))
  if (listWords.some((word) => Object.hasOwn(matcher, word)))
    return Array.isArray(value) && matchesList(value, matcher)
  return matchesObject(value, matcher)
}
