/** The kinds of packet that the suite measures, and which fields of a tick each carries on the wire. */
import type { Broker } from "../../src/brokers/broker.ts"
import { broker as angel } from "../../src/brokers/data/angel.ts"
import { broker as dhan } from "../../src/brokers/data/dhan.ts"
import { broker as upstox } from "../../src/brokers/data/upstox.ts"
import { broker as zerodha } from "../../src/brokers/data/zerodha.ts"
import type { Tick } from "../../src/market/tick.ts"
import { protocol as dhanProtocol, serverProtocol as dhanServer } from "../../src/protocols/dhan/index.ts"
import { protocol as kite, serverProtocol as kiteServer } from "../../src/protocols/kite/index.ts"
import { DIVISORS as KITE_DIVISORS } from "../../src/protocols/kite/layout.ts"
import type { Protocol, Want } from "../../src/protocols/protocol.ts"
import type { ServerProtocol } from "../../src/protocols/serverProtocol.ts"
import {
  protocol as smartStream,
  serverProtocol as smartStreamServer
} from "../../src/protocols/smartstream/index.ts"
import { DIVISORS as SMART_STREAM_DIVISORS } from "../../src/protocols/smartstream/layout.ts"
import {
  protocol as upstoxProtocol,
  serverProtocol as upstoxServer
} from "../../src/protocols/upstox/index.ts"
import { cashOnly, indices, segments } from "./ticks.ts"

export interface Wire {
  readonly broker: Broker
  readonly protocol: Protocol
  readonly server: ServerProtocol
  /** The file of golden frames in test/vectors. */
  readonly vectors: string
  /** A token in the broker's numbering for the n-th instrument of a segment with this code. */
  readonly token: (n: number, code: string | number) => string
  /** By segment code; 1 for others. */
  readonly divisors: Readonly<Record<string, number>>
  /** Bytes of a frame before its first packet, count included. */
  readonly overhead: number
  /** Whether the server's first message on an instrument is another one than those that follow. */
  readonly settles: boolean
  /** Whether the book says how many orders a level has. */
  readonly countsOrders: boolean
}

const KITE: Wire = {
  broker: zerodha,
  protocol: kite,
  server: kiteServer,
  vectors: "zerodha.json",
  // The low byte of a token is its segment.
  token: (n, code) => String((40_000 + 37 * n) * 256 + Number(code)),
  divisors: KITE_DIVISORS,
  overhead: 4,
  settles: false,
  countsOrders: true
}

const SMART_STREAM: Wire = {
  broker: angel,
  protocol: smartStream,
  server: smartStreamServer,
  vectors: "angel.json",
  token: (n) => String(10_000 + 37 * n),
  divisors: SMART_STREAM_DIVISORS,
  overhead: 0,
  settles: false,
  countsOrders: true
}

const DHAN: Wire = {
  broker: dhan,
  protocol: dhanProtocol,
  server: dhanServer,
  vectors: "dhan.json",
  token: (n) => String(10_000 + 37 * n),
  // Prices are floats, in rupees.
  divisors: {},
  overhead: 0,
  settles: true,
  countsOrders: true
}

const UPSTOX: Wire = {
  broker: upstox,
  protocol: upstoxProtocol,
  server: upstoxServer,
  vectors: "upstox.json",
  token: (n, code) => `${code}|${code === "NSE_EQ" ? `INE${100 + n}A01018` : 40_000 + 37 * n}`,
  divisors: {},
  overhead: 0,
  settles: true,
  countsOrders: false
}

export interface Kind {
  readonly name: string
  readonly wire: Wire
  /** Of the packet; undefined where they differ from packet to packet. */
  readonly bytes: number | undefined
  /** What golden cases of such packets are called. */
  readonly goldenNames?: RegExp
  readonly want: Want
  /** What the packet carries. */
  readonly fields: ReadonlyArray<keyof Tick>
  /** What the codec adds from the instrument's last quote packet. */
  readonly merged?: ReadonlyArray<keyof Tick>
  readonly segments: typeof segments
}

const ohlc: ReadonlyArray<keyof Tick> = ["ltp", "open", "high", "low", "close"]
const quote: ReadonlyArray<keyof Tick> = [
  ...ohlc,
  "ltq",
  "average_price",
  "volume",
  "total_buy_quantity",
  "total_sell_quantity"
]
const kiteFull: ReadonlyArray<keyof Tick> = [
  ...quote,
  "ltt",
  "exchange_time",
  "oi",
  "oi_high",
  "oi_low",
  "depth"
]
const snapQuote: ReadonlyArray<keyof Tick> = [
  ...quote,
  "ltt",
  "exchange_time",
  "oi",
  "upper_circuit",
  "lower_circuit",
  "week52_high",
  "week52_low",
  "depth"
]

const LTP: Want = { mode: "ltp", depth: 0 }
const QUOTE: Want = { mode: "quote", depth: 0 }
const BOOK: Want = { mode: "depth", depth: 5 }
const DEEP: Want = { mode: "depth", depth: 20 }
const NO_BOOK: Want = { mode: "depth", depth: 0 }

const onKite = (
  name: string,
  bytes: number,
  want: Want,
  fields: ReadonlyArray<keyof Tick>,
  of = segments
): Kind => ({ name: `kite ${name} (${bytes} B)`, wire: KITE, bytes, want, fields, segments: of })

const onSmartStream = (name: string, bytes: number, want: Want, fields: ReadonlyArray<keyof Tick>): Kind => ({
  name: `smartstream ${name} (${bytes} B)`,
  wire: SMART_STREAM,
  bytes,
  want,
  fields,
  segments
})

export const kiteKinds: ReadonlyArray<Kind> = [
  onKite("ltp", 8, LTP, ["ltp"]),
  onKite("index quote", 28, QUOTE, ohlc, indices),
  onKite("index full", 32, NO_BOOK, [...ohlc, "exchange_time"], indices),
  onKite("quote", 44, QUOTE, quote),
  onKite("full", 184, BOOK, kiteFull)
]

export const smartStreamKinds: ReadonlyArray<Kind> = [
  onSmartStream("ltp", 51, LTP, ["ltp", "exchange_time"]),
  onSmartStream("quote", 123, QUOTE, [...quote, "exchange_time"]),
  onSmartStream("snap quote", 379, BOOK, snapQuote),
  {
    ...onSmartStream("depth-20", 443, DEEP, ["exchange_time", "depth"]),
    merged: quote,
    // Documented for this segment only.
    segments: cashOnly
  }
]

const dhanFull: ReadonlyArray<keyof Tick> = [...quote, "ltt", "oi", "oi_high", "oi_low", "depth"]

export const dhanKinds: ReadonlyArray<Kind> = [
  { name: "dhan full (162 B)", wire: DHAN, bytes: 162, want: BOOK, fields: dhanFull, segments }
]

const upstoxFull: ReadonlyArray<keyof Tick> = [...quote, "ltt", "exchange_time", "oi", "depth"]

export const upstoxKinds: ReadonlyArray<Kind> = [
  {
    name: "upstox full (protobuf)",
    wire: UPSTOX,
    bytes: undefined,
    goldenNames: /^full /,
    want: BOOK,
    fields: upstoxFull,
    segments
  }
]
