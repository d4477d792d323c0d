/** The contracts among what is searched: groups that fit, page by page, and of each the contracts that do. */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { exchanges as allExchanges } from "../../../market/exchange.ts"
import { beginningStatement, entriesStatement, isOneOf, rangesStatement } from "./statements.ts"
import type { EntryRow, SymbolRange } from "./statements.ts"
import { BEHIND_ALL } from "./searchIndex.ts"
import { common, contractTypes, expiryConditions, read, strikeConditions } from "./query.ts"
import type { Found, InstrumentSearch, Plan } from "./query.ts"
import type { Closeness } from "./text.ts"
import { groupQuestion, isOpen } from "./text.ts"

/**
 * Those of a group's contracts that have the numbers of the text: a number that is not the group's own must be the strike.
 * Undefined where none can have them all.
 */
const rangeIn = (
  entry: EntryRow,
  numbers: ReadonlyArray<string>,
  closeness: Closeness,
  futures: boolean
): SymbolRange | undefined => {
  const own = entry.numbers.split(" ")
  const strikes = numbers.filter((number) =>
    isOpen(number, closeness) ? !own.some((word) => word.startsWith(number)) : !own.includes(number)
  )
  if (strikes.length === 0) {
    // Without reading the options beside it: a group has a future, or none.
    const only = futures && entry.last !== null ? `${entry.first}FUT` : undefined
    return [entry.exchange, only ?? entry.first, only ?? entry.last ?? entry.first, null]
  }
  if (entry.last === null) return undefined
  const closed = strikes.find((number) => !isOpen(number, closeness))
  const longest = closed ?? strikes.reduce((a, b) => (b.length > a.length ? b : a))
  const fit = strikes.every((number) =>
    isOpen(number, closeness) ? longest.startsWith(number) : Number(number) === Number(longest)
  )
  if (!fit) return undefined
  const strike = closed === undefined ? longest : String(Number(longest))
  const begins = entry.first + strike
  return [entry.exchange, begins, begins + BEHIND_ALL, closed === undefined ? null : Number(closed)]
}

/** Whether a group has a strike in the range: its lowest and highest may lie around it. */
const hasStrike = (entry: EntryRow, { strikeMax, strikeMin }: InstrumentSearch): boolean =>
  (strikeMin === undefined && strikeMax === undefined) ||
  (JSON.parse(entry.strikes) as ReadonlyArray<number>).some(
    (strike) => strike >= (strikeMin ?? 0) && strike <= (strikeMax ?? Number.POSITIVE_INFINITY)
  )

/**
 * A contract's symbol that is still being typed, `NIFTY29DEC2`: the words of it, cut off anywhere, may be no words of the
 * index. Undefined where the text is none.
 */
const symbolBeginning = (
  typed: string
): { readonly text: string; /** With a whole expiry in it. */ readonly dated: boolean } | undefined => {
  const text = typed.replace(/\s/g, "").toUpperCase()
  return /[A-Z].*\d/.test(text) ? { text, dated: /[A-Z]\d\d[A-Z]{3}\d\d/.test(text) } : undefined
}

const closenesses: ReadonlyArray<Closeness> = ["whole", "beginning", "inside"]

/** Groups that are read at once: few at first, since few are enough for most. */
const FIRST_PAGE = 4
const LARGEST_PAGE = 1024

export const findContracts = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  plan: Plan,
  found: Found
) {
  const { block, broker, exchanges, query, text } = plan
  const chosen = plan.types?.filter((type) => contractTypes.has(type))
  const both = common(chosen, text.types.length === 0 ? undefined : text.types)
  // What has no strike is in no range of them: futures need not be looked through to find none.
  const ranged = query.strikeMin !== undefined || query.strikeMax !== undefined
  const types = ranged ? both?.filter((type) => type !== "FUT") : both
  if (types?.length === 0) return
  const ofGroup = [
    ...(exchanges === undefined ? [] : [isOneOf("e.exchange", exchanges)]),
    ...expiryConditions("e", query),
    ...strikeConditions("e.low", "e.high", query)
  ]
  const ofContract = [
    ...(types === undefined ? [] : [isOneOf("i.type", types)]),
    ...strikeConditions("i.strike", "i.strike", query)
  ]
  const futures = types?.every((type) => type === "FUT") ?? false
  const ofSymbol = symbolBeginning(text.typed)
  const findBeginning = Effect.fnUntraced(function* (from: string) {
    if (found.full) return
    const question = beginningStatement({
      broker,
      exchanges: exchanges ?? allExchanges,
      from,
      to: from + BEHIND_ALL,
      conditions: [
        isOneOf("i.type", types ?? [...contractTypes]),
        ...expiryConditions("i", query),
        ...strikeConditions("i.strike", "i.strike", query)
      ],
      limit: found.room
    })
    found.add(yield* read(sql, question))
  })
  if (ofSymbol?.dated === true) yield* findBeginning(ofSymbol.text)
  const asked = new Set<string | undefined>()
  for (const closeness of closenesses) {
    const match = groupQuestion({ words: text.words, types: types ?? [] }, closeness)
    if (asked.has(match)) continue
    asked.add(match)
    let from = block.contracts
    for (let page = FIRST_PAGE; !found.full; page = Math.min(4 * page, LARGEST_PAGE)) {
      const question = entriesStatement({
        match,
        broker: block.number,
        from,
        to: block.finish,
        conditions: ofGroup,
        limit: page
      })
      const entries = yield* sql.unsafe<EntryRow>(question.sql, question.values)
      const ranges = entries.flatMap((entry) => {
        const range = hasStrike(entry, query) ? rangeIn(entry, text.numbers, closeness, futures) : undefined
        return range === undefined ? [] : [range]
      })
      const limit = found.room
      if (ranges.length > 0) {
        found.add(yield* read(sql, rangesStatement({ broker, ranges, conditions: ofContract, limit })))
      }
      if (entries.length < page) break
      from = entries.at(-1)!.id + 1
      // A search that goes on for long lets ticks pass.
      yield* Effect.yieldNow
    }
  }
  // Behind what the words find: of NIFTY2 the day may be the 2nd.
  if (ofSymbol?.dated === false) yield* findBeginning(ofSymbol.text)
})
