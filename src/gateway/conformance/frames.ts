/** What a step sends, with keys and generated lists put in. */

interface Generated {
  readonly count: number
  readonly symbol: string
  readonly exchange: string
}

/** Whatever else stands in it is in each entry. */
const generate = ({ count, symbol, exchange, ...more }: Generated) =>
  Array.from({ length: count }, (_, i) => ({
    symbol: symbol.replace(/#+/, (marks) => String(i).padStart(marks.length, "0")),
    exchange,
    ...more
  }))

const placeholder = /\$\{(\w+)\}/g

/** `${NAME}` in texts by its value, `$gen` by its list; without what is a word to the player. */
export const fill = (value: unknown, keys: Readonly<Record<string, string>>): unknown => {
  if (typeof value === "string") {
    return value.replaceAll(placeholder, (whole, name: string) => keys[name] ?? whole)
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, keys))
  if (typeof value !== "object" || value === null) return value
  const record = value as Readonly<Record<string, unknown>>
  if (record["$gen"] !== undefined) return fill(generate(record["$gen"] as Generated), keys)
  return Object.fromEntries(
    Object.entries(record)
      .filter(([key]) => !key.startsWith("$pipeline"))
      .map(([key, item]) => [key, fill(item, keys)])
  )
}

/** The names of the keys that a case puts in. */
export const keysIn = (value: unknown): ReadonlySet<string> =>
  new Set([...JSON.stringify(value).matchAll(placeholder)].map((match) => match[1]!))
