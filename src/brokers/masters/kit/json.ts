/** Reads JSON masters: one array of objects whose fields are texts or numbers. */
import { isObject } from "../../../kit/isObject.ts"
import { MalformedMaster } from "../../broker.ts"
import type { MasterBuilder } from "./builder.ts"
import { beginning } from "./fields.ts"
import type { Row } from "./row.ts"
import { rejected } from "./row.ts"

export interface JsonSource<K extends string> {
  /** For errors: `Angel One's instrument master`. */
  readonly title: string
  readonly text: string
  readonly keys: ReadonlyArray<K>
  /** Keys that an entry may lack; their fields are empty then. */
  readonly optional?: ReadonlyArray<K>
  /** The field of the whole that holds the array, which may be empty then. Absent: the whole is the array. */
  readonly list?: string
  /** What to do when the file is not what it should be. */
  readonly remedy: string
}

/**
 * Puts every entry through `toRow` into the builder. Texts are trimmed, and numbers taken for their text.
 *
 * @throws MalformedMaster for a text that is no JSON array, or in which no entry has the fields
 */
export const addJsonRows = <K extends string>(
  source: JsonSource<K>,
  builder: MasterBuilder,
  toRow: (fields: Readonly<Record<K, string>>) => Row
): void => {
  const { keys, optional = [], remedy, text, title } = source
  let recognised = 0
  const entries = readArray(source)
  for (const [i, entry] of entries.entries()) {
    const fields = readFields(entry, keys, optional)
    if (typeof fields === "string") builder.add(i + 1, rejected(fields))
    else {
      recognised++
      builder.add(i + 1, toRow(fields))
    }
  }
  if (recognised > 0 || (source.list !== undefined && entries.length === 0)) return
  throw new MalformedMaster(
    `No entry of ${title} has the fields ${keys.join(", ")}: it begins with ${beginning(text)}. ${remedy}`
  )
}

const readArray = ({ list, remedy, text, title }: JsonSource<string>): ReadonlyArray<unknown> => {
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    // The parser's own message quotes the text at length.
    throw new MalformedMaster(
      `${title} is no JSON, or was cut off: it begins with ${beginning(text)}. ${remedy}`
    )
  }
  const entries = list === undefined ? value : isObject(value) ? value[list] : undefined
  if (Array.isArray(entries)) return entries
  const wanted = list === undefined ? "is no array" : `has no array "${list}"`
  throw new MalformedMaster(`${title} ${wanted}: it begins with ${beginning(text)}. ${remedy}`)
}

/** The fields of an entry, or what is wrong with it. */
const readFields = <K extends string>(
  entry: unknown,
  keys: ReadonlyArray<K>,
  optional: ReadonlyArray<K>
): Readonly<Record<K, string>> | string => {
  if (!isObject(entry)) return "the entry is no object"
  const fields: Record<string, string> = {}
  for (const key of keys) {
    const value = entry[key]
    if (typeof value === "string") fields[key] = value.trim()
    else if (typeof value === "number") fields[key] = String(value)
    else if ((value === undefined || value === null) && optional.includes(key)) fields[key] = ""
    else return `the entry has no ${key}`
  }
  return fields as Readonly<Record<K, string>>
}
