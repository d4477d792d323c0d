/** The `data` of a tick's message in each mode, from the table of fields (`market/tickFields.ts`). */
import * as Schema from "effect/Schema"
import type { Mode } from "../../market/mode.ts"
import { Implausible } from "../../market/tick.ts"
import { fieldsOf, isIn, tickFields } from "../../market/tickFields.ts"
import type { Kind, Section, TickFields } from "../../market/tickFields.ts"
import { Name, Time } from "./words.ts"

export const Price = Schema.Finite
export const Quantity = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

// In this order for the reason that market/tick.ts gives.
export const Level = Schema.Struct({ orders: Quantity, quantity: Quantity, price: Price }).annotate({
  identifier: "Level",
  description: "All zeros: an empty place in the book"
})

export const Book = Schema.Struct({ buy: Schema.Array(Level), sell: Schema.Array(Level) }).annotate({
  identifier: "Book",
  description: "Best price first on both sides"
})

const schemas = {
  text: Schema.String,
  mode: Schema.String,
  doubt: Implausible,
  price: Price,
  percent: Schema.Finite,
  quantity: Quantity,
  signedQuantity: Schema.Int,
  time: Time,
  book: Book
} as const satisfies Record<Kind, Schema.Top>

type Carried<F, M extends Mode> = F extends { readonly modes: ReadonlyArray<infer In> }
  ? M extends In
    ? true
    : false
  : M extends "ltp"
    ? false
    : true

/** What every tick has, every frame has; the rest may be absent. */
type SchemaOf<F extends Section[string], S = (typeof schemas)[F["kind"]]> = F extends {
  readonly from: keyof TickFields["head"]
}
  ? S
  : S extends Schema.Top
    ? Schema.optionalKey<S>
    : never

type DataOf<S extends Section, M extends Mode> = {
  readonly [Name in keyof S as Carried<S[Name], M> extends true ? Name : never]: SchemaOf<S[Name]>
}

const dataOf = <S extends Section, M extends Mode>(section: S, mode: M): DataOf<S, M> =>
  Object.fromEntries(
    fieldsOf(section)
      .filter(([, field]) => isIn(field, mode))
      .map(([name, { description, from, kind }]) => {
        const plain: Schema.Top = schemas[kind]
        const schema = description === undefined ? plain : plain.annotate({ description })
        return [name, from !== undefined && from in tickFields.head ? schema : Schema.optionalKey(schema)]
      })
  ) as DataOf<S, M>

/** It begins with the names once more: some clients are handed nothing else. */
const dataIn = <M extends Mode>(mode: M) => {
  const { auction, book, day, marks, times } = tickFields
  return Schema.Struct({
    ...Name,
    simulated: Schema.optionalKey(
      Schema.Literal(true).annotate({ description: "Prices of a simulated market" })
    ),
    ...dataOf(marks, mode),
    ...dataOf(day, mode),
    ...dataOf(auction, mode),
    ...dataOf(book, mode),
    ...dataOf(times, mode)
  })
}

export const LtpData = dataIn("ltp").annotate({ identifier: "LtpData" })
export const QuoteData = dataIn("quote").annotate({ identifier: "QuoteData" })
export const DepthData = dataIn("depth").annotate({ identifier: "DepthData" })
