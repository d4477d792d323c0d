/**
 * One tradable thing (or index) at one broker: the row of the instruments table.
 *
 * Identity on the wire is (broker exchange segment, token): equal tokens live in several segments.
 * People identify an instrument by (symbol, exchange) with the common symbol.
 */
import * as Schema from "effect/Schema"
import { Exchange } from "./exchange.ts"

export const InstrumentType = Schema.Literals(["EQ", "FUT", "CE", "PE", "INDEX"])
export type InstrumentType = typeof InstrumentType.Type

export const Instrument = Schema.Struct({
  /** Common symbol, e.g. `RELIANCE`, `NIFTY28MAR2420800CE`. */
  symbol: Schema.NonEmptyString,
  /** Common exchange, e.g. `NSE`, `NSE_INDEX`. */
  exchange: Exchange,
  /** The broker's own symbol, e.g. `RELIANCE-EQ`. */
  brokerSymbol: Schema.NonEmptyString,
  /** The broker's exchange name, e.g. `NSE` for an NSE index at Zerodha. */
  brokerExchange: Schema.NonEmptyString,
  /** The token that the broker's wire uses, as text. */
  token: Schema.NonEmptyString,
  name: Schema.String,
  /** NSE's series or BSE's group, of cash securities, if the master has it: `EQ`, `BE`, `W1`. */
  series: Schema.optionalKey(Schema.NonEmptyString),
  /** `YYYY-MM-DD`; absent where nothing expires. */
  expiry: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/))
  ),
  /** In rupees; options only. */
  strike: Schema.optionalKey(Schema.Finite),
  lotSize: Schema.Finite.check(Schema.isGreaterThan(0)),
  /** In rupees; 0 for indices. */
  tickSize: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
  type: InstrumentType
})
export type Instrument = typeof Instrument.Type

/** What a codec needs of an instrument to subscribe it and to recognise its packets. */
export type WireInstrument = Pick<
  Instrument,
  "symbol" | "exchange" | "token" | "brokerExchange" | "brokerSymbol"
>

/** `NSE:RELIANCE`: the key for people, logs and maps by name. */
export const nameOf = (i: { readonly symbol: string; readonly exchange: string }): string =>
  `${i.exchange}:${i.symbol}`
