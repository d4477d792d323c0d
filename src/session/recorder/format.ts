/**
 * A recording as a file: gzip, JSON lines, the first line a header. docs/recordings.md describes it for readers. This
 * module writes it and `session/replay/read.ts` reads it.
 */
import * as Schema from "effect/Schema"
import type { WireInstrument } from "../../market/instrument.ts"
import { Mode } from "../../market/mode.ts"
import type { MergedChange } from "./prologue.ts"
import { maskSecrets } from "./mask.ts"
import type { NumberedChange } from "./records.ts"
import { KIND, readChanges } from "./records.ts"
import type { RingView } from "./ring.ts"
import type { Slab, SlabRecord } from "./slabs.ts"
import { recordsOf } from "./slabs.ts"

export const FORMAT_VERSION = 1

const Codes = Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))

export const Header = Schema.Struct({
  recording: Schema.Literal("algoways"),
  version: Schema.Int,
  /** The version of AlgoWays that wrote it. */
  algoways: Schema.String,
  written_at: Schema.Finite,
  reason: Schema.String,
  user: Schema.String,
  broker: Schema.String,
  /** The broker's name, or that of one of its deep-book streams. */
  stream: Schema.String,
  connection: Schema.Int,
  /** Absent if the broker's data could not be read. The reader then uses its own. */
  protocol: Schema.optionalKey(Schema.String),
  options: Schema.optionalKey(
    Schema.Struct({
      codes: Codes,
      batch: Schema.Int,
      variant: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
    })
  )
})
export type Header = typeof Header.Type

const WantLine = Schema.Tuple([Mode, Schema.Int])
const at = Schema.Finite

/** Instrument, exchange, symbol, token, the broker's exchange, the broker's symbol. */
const InstrumentRow = Schema.Tuple([
  Schema.Int,
  Schema.String,
  Schema.String,
  Schema.String,
  Schema.String,
  Schema.String
])

export const RecordedEvent = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("instruments"), list: Schema.Array(InstrumentRow) }),
  Schema.Struct({ kind: Schema.Literal("opened"), at }),
  Schema.Struct({
    kind: Schema.Literal("requested"),
    at,
    changes: Schema.Array(
      Schema.Struct({
        instrument: Schema.Int,
        from: Schema.optionalKey(WantLine),
        to: Schema.optionalKey(WantLine)
      })
    )
  }),
  Schema.Struct({ kind: Schema.Literal("text"), at, text: Schema.String }),
  Schema.Struct({ kind: Schema.Literal("binary"), at, base64: Schema.String }),
  Schema.Struct({
    kind: Schema.Literal("answered"),
    at,
    digest: Schema.String,
    status: Schema.Int,
    body: Schema.String
  }),
  Schema.Struct({ kind: Schema.Literals(["closed", "alarm"]), at, why: Schema.String }),
  /** Everything before it is the prologue: the decoder's history. `skipped` counts records between that were not kept. */
  Schema.Struct({ kind: Schema.Literal("ring"), skipped: Schema.Int })
])
export type RecordedEvent = typeof RecordedEvent.Type

const line = (value: RecordedEvent): string => `${JSON.stringify(value)}\n`

const changeLine = ({ from, instrument, to }: NumberedChange) => ({
  instrument,
  ...(from === undefined ? {} : { from: [from.mode, from.depth] as const }),
  ...(to === undefined ? {} : { to: [to.mode, to.depth] as const })
})

const instrumentsLine = (list: ReadonlyArray<WireInstrument>): string =>
  line({
    kind: "instruments",
    list: list.map(
      (i, number) => [number, i.exchange, i.symbol, i.token, i.brokerExchange, i.brokerSymbol] as const
    )
  })

/** Knows whether the login is over: until the first request, texts may hold what the login consisted of. */
class LineWriter {
  #loggingIn = true

  of({ at, kind, payload }: SlabRecord): string {
    switch (kind) {
      case KIND.opened:
        this.#loggingIn = true
        return line({ kind: "opened", at })
      case KIND.requested:
        return this.changes(at, readChanges(payload))
      case KIND.text: {
        const text = payload.toString("utf8")
        return line({ kind: "text", at, text: this.#loggingIn ? maskSecrets(text) : text })
      }
      case KIND.binary:
        return line({ kind: "binary", at, base64: payload.toString("base64") })
      case KIND.answered:
        return line({ kind: "answered", at, ...(JSON.parse(payload.toString("utf8")) as Answered) })
      case KIND.closed:
        return line({ kind: "closed", at, why: payload.toString("utf8") })
      case KIND.alarm:
        return line({ kind: "alarm", at, why: payload.toString("utf8") })
      default:
        return ""
    }
  }

  changes(at: number, changes: ReadonlyArray<NumberedChange>): string {
    this.#loggingIn = false
    return line({ kind: "requested", at, changes: changes.map(changeLine) })
  }
}

interface Answered {
  readonly digest: string
  readonly status: number
  readonly body: string
}

const lateChanges = (late: ReadonlyMap<number, MergedChange>): ReadonlyArray<NumberedChange> =>
  [...late]
    .filter(([, { from, to }]) => from !== undefined || to !== undefined)
    .map(([instrument, { from, to }]) => ({ instrument, from, to }))

/** The whole file in pieces of at most a slab, so that the writer can let others run between them. */
export function* linesOf(header: Header, { instruments, prologue, slabs }: RingView): Generator<string> {
  yield `${JSON.stringify(header)}\n${instrumentsLine(instruments)}`
  const writer = new LineWriter()
  const piece = ([slab, end]: readonly [Slab, number]): string => {
    let text = ""
    for (const record of recordsOf(slab, end)) text += writer.of(record)
    return text
  }
  for (const slab of prologue.slabs) yield piece(slab)
  const late = lateChanges(prologue.late)
  if (late.length > 0) yield writer.changes(prologue.lateAt, late)
  yield line({ kind: "ring", skipped: prologue.skipped })
  for (const slab of slabs) yield piece(slab)
}
