/** One quarantined wire frame as it is kept on disk: a line of JSON. */
import * as Schema from "effect/Schema"
import { Exchange } from "../../market/exchange.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { Mode } from "../../market/mode.ts"
import type { Change, Frame, Want } from "../../protocols/protocol.ts"

/** What the codec was asked for, for one instrument: a tuple, since there are many. */
export const SubscribedOnWire = Schema.Tuple([
  Exchange,
  /** Symbol, token, broker's exchange, broker's symbol. */
  Schema.String,
  Schema.String,
  Schema.String,
  Schema.String,
  Mode,
  /** Levels. */
  Schema.Number
])
export type SubscribedOnWire = typeof SubscribedOnWire.Type

export const QuarantineRecord = Schema.Struct({
  id: Schema.Int,
  /** Epoch milliseconds. */
  at: Schema.Int,
  user: Schema.String,
  broker: Schema.String,
  stream: Schema.String,
  connection: Schema.Int,
  cause: Schema.String,
  detail: Schema.String,
  /** The size of the whole frame; `truncated` where less of it is kept. */
  bytes: Schema.Int,
  truncated: Schema.optionalKey(Schema.Literal(true)),
  /** A text frame as it came, a binary one in base64. */
  text: Schema.optionalKey(Schema.String),
  base64: Schema.optionalKey(Schema.String),
  /** What was requested on the connection, or the part of it that the frame is probably about. */
  asked: Schema.Array(SubscribedOnWire),
  /** How many instruments were requested in all, if `asked` does not list all of them. */
  askedOf: Schema.optionalKey(Schema.Int)
})
export type QuarantineRecord = typeof QuarantineRecord.Type

export const subscribedOnWire = (i: WireInstrument, { depth, mode }: Want): SubscribedOnWire => [
  i.exchange,
  i.symbol,
  i.token,
  i.brokerExchange,
  i.brokerSymbol,
  mode,
  depth
]

/** The request that opens a fresh codec for it. */
export const toChanges = (record: QuarantineRecord): ReadonlyArray<Change> =>
  record.asked.map(([exchange, symbol, token, brokerExchange, brokerSymbol, mode, depth]) => ({
    instrument: { exchange, symbol, token, brokerExchange, brokerSymbol },
    to: { mode, depth }
  }))

export const frameOf = ({ base64, text }: QuarantineRecord): Frame =>
  text ?? new Uint8Array(Buffer.from(base64 ?? "", "base64"))
