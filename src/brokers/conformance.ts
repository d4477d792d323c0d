/**
 * Runs files of golden frames against a broker's codec: `algoways conformance`, and our own tests.
 *
 * Each case is a connection of its own. Every listed instrument is subscribed in every mode and depth level that the
 * broker offers, each in addition to the others, so that every kind of frame is wanted. Then the frames are
 * delivered, and the resulting ticks are compared with the expected ones.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { isExchange } from "../market/exchange.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { Tick } from "../market/tick.ts"
import type { Change, Codec, Frame, Protocol, Want } from "../protocols/protocol.ts"
import type { Broker } from "./broker.ts"
import { codecOptions } from "./broker.ts"
import { difference } from "./tickDifference.ts"

const VectorFrame = Schema.Union([
  Schema.Struct({ hex: Schema.String.check(Schema.isPattern(/^(?:[0-9a-fA-F]{2})*$/)) }),
  Schema.Struct({ text: Schema.String })
])

const VectorInstrument = Schema.Struct({
  symbol: Schema.NonEmptyString,
  exchange: Schema.NonEmptyString,
  token: Schema.Union([Schema.NonEmptyString, Schema.Finite]),
  brexchange: Schema.optionalKey(Schema.String),
  brsymbol: Schema.optionalKey(Schema.String)
})

const ExpectedTick = Schema.Record(Schema.String, Schema.Unknown)

const VectorCase = Schema.Struct({
  name: Schema.NonEmptyString,
  frames: Schema.Array(VectorFrame),
  /** The two words both mean: no tick, no exception, and the connection goes on. */
  expect: Schema.Union([Schema.Array(ExpectedTick), Schema.Literals(["ignored", "error"])])
})

/** Other keys (where a file comes from, its conventions, notes) are for people. */
export const VectorFile = Schema.Struct({
  broker: Schema.NonEmptyString,
  /** Decides if the broker speaks several. */
  protocol: Schema.optionalKey(Schema.NonEmptyString),
  instruments: Schema.Array(VectorInstrument),
  cases: Schema.Array(VectorCase)
})
export type VectorFile = typeof VectorFile.Type

/** Thrown for a file that cannot be run. The message says where it is wrong. */
export class MalformedVectors extends Error {
  override readonly name = "MalformedVectors"
}

export interface VectorFailure {
  readonly case: string
  readonly difference: string
}

export interface VectorReport {
  /** The stream that the file is about, usually a broker's name. */
  readonly stream: string
  readonly passed: number
  readonly failed: number
  readonly failures: ReadonlyArray<VectorFailure>
}

/** Stands for the time at which the socket delivered the frames. */
const RECEIVED_AT = 1_711_600_000_000

const decodeFile = Schema.decodeUnknownResult(VectorFile)

/**
 * @param json the parsed file
 * @throws MalformedVectors when it is no file of vectors, or lists an impossible instrument
 */
export const runVectorFile = (json: unknown, broker: Broker, protocol: Protocol): VectorReport => {
  const file = readVectorFile(json)
  const instruments = file.instruments.map(toWire)
  const failures: Array<VectorFailure> = []
  for (const { name, frames, expect } of file.cases) {
    const found = runCase(instruments, frames.map(toInbound), expect, broker, protocol)
    if (found !== undefined) failures.push({ case: name, difference: found })
  }
  return {
    stream: file.broker,
    passed: file.cases.length - failures.length,
    failed: failures.length,
    failures
  }
}

/** @throws MalformedVectors */
export const readVectorFile = (json: unknown): VectorFile => {
  const result = decodeFile(json)
  if (Result.isSuccess(result)) return result.success
  const [issue] = SchemaIssue.makeFormatterStandardSchemaV1()(result.failure.issue).issues
  const path = (issue?.path ?? []).map((p) => String(typeof p === "object" ? p.key : p)).join(".")
  throw new MalformedVectors(
    `Not a file of vectors: ${path === "" ? "" : `${path}: `}${issue?.message ?? "unknown shape"}. ` +
      `It needs broker, instruments and cases of frames ("hex" or "text") with their expected ticks.`
  )
}

const toWire = (i: typeof VectorInstrument.Type): WireInstrument => {
  if (!isExchange(i.exchange)) {
    throw new MalformedVectors(`Instrument ${i.symbol} is on exchange "${i.exchange}", which does not exist.`)
  }
  const { symbol, exchange, brexchange, brsymbol } = i
  return {
    symbol,
    exchange,
    token: String(i.token),
    brokerExchange: brexchange ?? exchange,
    brokerSymbol: brsymbol ?? symbol
  }
}

const toInbound = (frame: typeof VectorFrame.Type): Frame =>
  "hex" in frame ? Buffer.from(frame.hex, "hex") : frame.text

/** Everything that a broker offers for an instrument. */
const wantsOf = (broker: Broker, { exchange }: WireInstrument): ReadonlyArray<Want> => {
  const levels = broker.exchanges[exchange]?.depthLevels ?? []
  return broker.modes.flatMap((mode): ReadonlyArray<Want> =>
    mode === "depth" && levels.length > 0 ? levels.map((depth) => ({ mode, depth })) : [{ mode, depth: 0 }]
  )
}

/** A codec with every instrument subscribed in every mode and level. */
const openForAll = (
  instruments: ReadonlyArray<WireInstrument>,
  broker: Broker,
  protocol: Protocol
): Codec => {
  const codec = protocol.open(codecOptions(broker))
  const changes = instruments.flatMap((instrument) =>
    wantsOf(broker, instrument).map((to): Change => ({ instrument, to }))
  )
  // One by one: a codec may settle several changes of one instrument in one request.
  for (const change of changes) codec.request([change])
  return codec
}

/** What the codec made of a case, and why it made nothing of the rest. */
interface Decoded {
  readonly ticks: ReadonlyArray<Tick>
  readonly causes: ReadonlyArray<string>
}

const decodeCase = (
  instruments: ReadonlyArray<WireInstrument>,
  frames: ReadonlyArray<Frame>,
  broker: Broker,
  protocol: Protocol
): Decoded => {
  const ticks: Array<Tick> = []
  const causes: Array<string> = []
  const codec = openForAll(instruments, broker, protocol)
  for (const frame of frames) {
    codec.decode(frame, RECEIVED_AT, {
      send: () => {},
      tick: (_instrument, tick) => ticks.push(tick),
      reject: (cause, detail) => causes.push(`${cause}: ${detail}`),
      event: (event) => {
        if (event.type === "refused") causes.push(`refused: ${event.detail}`)
        if (event.type === "failure") causes.push(`failure: ${event.failure.message}`)
      }
    })
  }
  return { ticks, causes }
}

/** What is wrong, or undefined. */
const runCase = (
  instruments: ReadonlyArray<WireInstrument>,
  frames: ReadonlyArray<Frame>,
  expect: (typeof VectorCase.Type)["expect"],
  broker: Broker,
  protocol: Protocol
): string | undefined => {
  let decoded: Decoded
  try {
    decoded = decodeCase(instruments, frames, broker, protocol)
  } catch (thrown) {
    return `the codec threw: ${String(thrown)}`
  }
  const { causes, ticks } = decoded
  const found = difference(ticks, typeof expect === "string" ? [] : expect)
  if (found === undefined || causes.length === 0) return found
  return `${found} (the codec said: ${causes.slice(0, 3).join("; ")})`
}

/** All ticks of all cases. @throws MalformedVectors, or what the codec throws */
export const ticksOfVectors = (json: unknown, broker: Broker, protocol: Protocol): ReadonlyArray<Tick> => {
  const file = readVectorFile(json)
  const instruments = file.instruments.map(toWire)
  return file.cases.flatMap(
    ({ frames }) => decodeCase(instruments, frames.map(toInbound), broker, protocol).ticks
  )
}
