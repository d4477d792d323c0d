/** Reads JSON masters: one array of objects whose fields are texts. */
import { MalformedMaster } from "../broker.ts"
import type { MasterBuilder, Row } from "./builder.ts"
import { beginning, rejected } from "./builder.ts"

export interface JsonSource<K extends string> {
  /** For errors: `Angel One's instrument master`. */
  readonly title: string
  readonly text: string
  readonly keys: ReadonlyArray<K>
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
  const { keys, remedy, text, title } = source
  let recognised = 0
  for (const [i, entry] of readArray(source).entries()) {
    const fields = readFields(entry, keys)
    if (typeof fields === "string") builder.add(i + 1, rejected(fields))
    else {
      recognised++
      builder.add(i + 1, toRow(fields))
    }
  }
  if (recognised > 0) return
  throw new MalformedMaster(
    `No entry of ${title} has the fields ${keys.join(", ")}: it begins with ${beginning(text)}. ${remedy}`
  )
}

const readArray = ({ remedy, text, title }: JsonSource<string>): ReadonlyArray<unknown> => {
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    // The parser's own message quotes the text at length.
    throw new MalformedMaster(
      `${title} is no JSON, or was cut off: it begins with ${beginning(text)}. ${remedy}`
    )
  }
  if (Array.isArray(value)) return value
  throw new MalformedMaster(`${title} is no array: it begins with ${beginning(text)}. ${remedy}`)
}

/** The fields of an entry, or what is wrong with it. */
const readFields = <K extends string>(
  entry: unknown,
  keys: ReadonlyArray<K>
): Readonly<Record<K, string>> | string => {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return "the entry is no object"
  const fields: Record<string, string> = {}
  for (const key of keys) {
    const value = (entry as Record<string, unknown>)[key]
    if (typeof value === "string") fields[key] = value.trim()
    else if (typeof value === "number") fields[key] = String(value)
    else return `the entry has no ${key}`
  }
  return fields as Readonly<Record<K, string>>
}
