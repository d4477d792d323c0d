/** Fyers' data socket under test: instruments, and frames put together by hand. */
import { assert } from "@effect/vitest"
import { codecOptions, streamsOf } from "../../../src/brokers/broker.ts"
import { broker as fyers } from "../../../src/brokers/data/fyers.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { protocol } from "../../../src/protocols/fyers-hsm/index.ts"
import type { Codec, Handshake } from "../../../src/protocols/protocol.ts"
import { DEPTH } from "./support.ts"

export const broker = streamsOf(fyers)[0]!
export const options = codecOptions(broker)
export const of = (
  exchange: string,
  symbol: string,
  token: string,
  brokerSymbol: string
): WireInstrument => ({
  symbol,
  exchange: exchange as WireInstrument["exchange"],
  token,
  brokerExchange: exchange,
  brokerSymbol
})
export const sbin = of("NSE", "SBIN", "10100000003045", "NSE:SBIN-EQ")
export const reliance = of("NSE", "RELIANCE", "10100000002885", "NSE:RELIANCE-EQ")
export const future = of("NFO", "RELIANCE28MAR24FUT", "10112403282885", "NSE:RELIANCE24MARFUT")
export const nifty = of("NSE_INDEX", "NIFTY", "101000000026000", "NSE:NIFTY50-INDEX")

export const bytes = (text: string): ReadonlyArray<number> => [...Buffer.from(text, "latin1")]
export const u16 = (n: number) => [n >>> 8, n & 255]
export const u32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
const text8 = (text: string) => [text.length, ...bytes(text)]
export const NONE = 0x8000_0000

export const message = (type: number, rest: ReadonlyArray<number>): Uint8Array =>
  Uint8Array.from([...u16(rest.length + 1), type, ...rest])
export const field = (id: number, content: ReadonlyArray<number>) => [id, ...u16(content.length), ...content]
export const accepted = (count?: number, mapping?: string): Uint8Array =>
  message(1, [
    mapping === undefined ? (count === undefined ? 1 : 2) : 3,
    ...field(1, bytes("K")),
    ...(count === undefined ? [] : field(2, u32(count))),
    ...(mapping === undefined ? [] : field(3, bytes(mapping)))
  ])
export const data = (
  number: number | undefined,
  ...records: ReadonlyArray<ReadonlyArray<number>>
): Uint8Array =>
  message(6, [...(number === undefined ? [] : u32(number)), ...u16(records.length), ...records.flat()])
export const snapshot = (
  id: number,
  name: string,
  values: ReadonlyArray<number>,
  multiplier = 1,
  precision = 2
): ReadonlyArray<number> => [
  83,
  ...u16(id),
  ...text8(name),
  values.length,
  ...values.flatMap(u32),
  0,
  0,
  ...u16(multiplier),
  precision,
  ...text8("nse_cm"),
  ...text8("3045"),
  ...text8("NSE:SBIN-EQ")
]
export const update = (id: number, values: ReadonlyArray<number>): ReadonlyArray<number> => [
  85,
  ...u16(id),
  values.length,
  ...values.flatMap(u32)
]
export const lite = (id: number, values: ReadonlyArray<number>): ReadonlyArray<number> => [
  76,
  ...u16(id),
  ...values.flatMap(u32)
]
/** 739.95 and so on. */
export const quote = (ltp = 73_995): ReadonlyArray<number> => [
  ltp,
  65_199_924,
  1_711_625_216,
  1_711_625_217,
  10,
  20,
  73_990,
  74_000,
  481,
  170_209,
  7_350_626,
  74_400,
  NONE,
  73_900,
  74_805,
  96_480,
  44_530,
  66_795,
  81_635,
  74_805,
  73_690
]

export const open = (
  variant: Readonly<Record<string, unknown>> = {},
  secrets?: Handshake["secrets"]
): Codec => protocol.open({ ...options, variant }, secrets && { url: "", headers: {}, secrets })
export const holding = (...instruments: ReadonlyArray<WireInstrument>): Codec => {
  const codec = open()
  codec.request(instruments.map((instrument) => ({ instrument, to: DEPTH })))
  return codec
}
export const hex = (frames: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  frames.map((f) => Buffer.from(f as Uint8Array).toString("hex"))
/** `4 sf|nse_cm|3045`: type and topics of a request. */
export const asked = (frames: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  frames.map((frame) => {
    const b = frame as Uint8Array
    assert.strictEqual((b[0]! << 8) + b[1]!, b.length - 2, "the length covers the rest")
    const topics: Array<string> = []
    let at = 9
    for (let i = (b[7]! << 8) + b[8]!; i > 0; i--) {
      topics.push(Buffer.from(b.subarray(at + 1, at + 1 + b[at]!)).toString("latin1"))
      at += 1 + b[at]!
    }
    assert.deepStrictEqual([...b.subarray(at)], [2, 0, 1, 1], "channel 1")
    return `${b[2]} ${topics.join(" ")}`
  })
