/**
 * The one normalised shape of a market-data update. Its fields stand in `tickFields.ts`.
 *
 * Units: prices in rupees (or the quote currency) exactly as the exchange would print them, quantities as
 * plain numbers, times as epoch milliseconds UTC. A field that the wire did not carry is absent: never 0,
 * never null. A zero price or a zero time on the wire means "none yet" and is absent too (no instrument
 * trades at 0); a zero quantity or open interest is a value and stays.
 */
import * as Schema from "effect/Schema"
import { Mode } from "./mode.ts"
import { doubts, fieldsOf, isOwn, tickFields } from "./tickFields.ts"
import type { Field, Section, TickFields } from "./tickFields.ts"
import { outOfBounds } from "./tickRules.ts"

// The bounds of numbers are in `tickRules.ts`, checked for the whole tick at once: a check per field costs
// more than all the rest of a compiled Schema together (measured: 1400 to 2300 ns against 130 ns a depth tick).

// Not in the order of the decoders' levels: an object with the same keys in the same order would share their hidden class, and
// its fields would no longer be numbers to the engine (160 bytes more for each depth tick).
export const Level = Schema.Struct({ orders: Schema.Number, quantity: Schema.Number, price: Schema.Number })
export type Level = typeof Level.Type

/** Best price first on both sides. Slots that the wire left empty are kept as zeros. */
export const Depth = Schema.Struct({ buy: Schema.Array(Level), sell: Schema.Array(Level) })
export type Depth = typeof Depth.Type

export const Implausible = Schema.Literals(doubts)
export type Implausible = typeof Implausible.Type

const schemas = {
  text: Schema.String,
  mode: Mode,
  doubt: Implausible,
  price: Schema.Number,
  percent: Schema.Number,
  quantity: Schema.Number,
  signedQuantity: Schema.Number,
  time: Schema.Number,
  book: Depth
} as const satisfies Record<Field["kind"], Schema.Top>

/** The lines of a section that are fields of the tick, by the Schemas of their kinds. */
type Required<S extends Section> = {
  readonly [
    Name in keyof S as S[Name] extends { readonly from: string } | { readonly computed: true } ? never : Name
  ]: (typeof schemas)[S[Name]["kind"]]
}
type Optional<S extends Section> = {
  readonly [Name in keyof Required<S>]: Schema.optionalKey<Required<S>[Name]>
}

const required = <S extends Section>(section: S): Required<S> =>
  Object.fromEntries(
    fieldsOf(section).flatMap(([name, field]) => (isOwn(field) ? [[name, schemas[field.kind]]] : []))
  ) as Required<S>

const optional = <S extends Section>(section: S): Optional<S> =>
  Object.fromEntries(
    Object.entries(required(section)).map(([name, schema]) => [
      name,
      Schema.optionalKey(schema as Schema.Top)
    ])
  ) as Optional<S>

export const Tick = Schema.Struct({
  ...required(tickFields.head),
  ...optional(tickFields.marks),
  ...optional(tickFields.day),
  ...optional(tickFields.auction),
  ...optional(tickFields.book),
  ...optional(tickFields.times)
}).check(Schema.makeFilter(outOfBounds))
export type Tick = typeof Tick.Type

/** What a tick has in an auction only: never kept beside a packet that no longer has it. */
export const auctionFields = Object.keys(tickFields.auction) as ReadonlyArray<keyof TickFields["auction"]>

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** A tick under construction in a codec. */
export type TickDraft = Mutable<Tick>
