/**
 * Imports a broker's instrument master: read, parse, check, and only then replace the table. A master that looks
 * broken is refused whole, because a feed with yesterday's instruments beats one with half of today's.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Broker, MasterReject, ParsedMaster } from "../brokers/broker.ts"
import { MalformedMaster } from "../brokers/broker.ts"
import type { Credentials } from "../market/credentials.ts"
import { Instrument, nameOf } from "../market/instrument.ts"
import type { StoreError } from "./errors.ts"
import { ImportFailed } from "./errors.ts"
import { Instruments } from "./instruments.ts"
import { collectMaster, showOrigin } from "./masterFiles.ts"
import type { MasterOrigin } from "./masterFiles.ts"

export { ImportFailed } from "./errors.ts"
export type { MasterOrigin } from "./masterFiles.ts"

/** Rejects that a report names one by one. */
const REPORTED_REJECTS = 20
/** More rejected rows than this part of all that should have become instruments: the format has changed. */
const MAX_REJECTED = 0.1
/** A master may not have fewer instruments than this part of what the table holds. */
const MIN_SHARE = 0.5

export interface ImportOptions {
  /** Fewer instruments than this are refused; the broker's own number when not given. */
  readonly minimumRows?: number
  /** Accept a master with less than half of the instruments that the table holds. */
  readonly force?: boolean
  /** The user's login, for masters that are behind one. */
  readonly credentials?: Credentials
  /** For the requests, beside what the broker's data says. */
  readonly headers?: Readonly<Record<string, string>>
  /** For the download. */
  readonly timeoutMs?: number
  /** Of the master, as sent and as unpacked. */
  readonly maxBytes?: number
}

export interface ImportReport {
  readonly broker: string
  /** The files, or the addresses without their queries. */
  readonly source: string
  /** Optional parts of the master that could not be read, and why. */
  readonly missing: ReadonlyArray<string>
  /** Rows of the master: imported, rejected and skipped. */
  readonly rows: number
  readonly imported: number
  readonly rejected: number
  /** Rows of kinds that AlgoWays does not carry, by kind. */
  readonly skipped: Readonly<Record<string, number>>
  /** The first rejects. Row 0: found after parsing; the reason names the instrument. */
  readonly rejects: ReadonlyArray<MasterReject>
  /** Instruments that the table held before. */
  readonly previous: number
  readonly elapsedMs: number
}

const isInstrument: (u: unknown) => boolean = Schema.is(Instrument)
const decodeInstrument = Schema.decodeUnknownResult(Instrument)

/** What the table could not hold: instruments that break the schema, and a second one of the same name. */
const sift = (
  parsed: ParsedMaster
): { readonly good: Array<Instrument>; readonly rejects: Array<MasterReject> } => {
  const good: Array<Instrument> = []
  const rejects = [...parsed.rejects]
  const tokens = new Map<string, string>()
  for (const instrument of parsed.instruments) {
    const name = nameOf(instrument)
    const first = tokens.get(name)
    if (first !== undefined) {
      rejects.push({
        row: 0,
        reason: `${name} (token ${instrument.token}) is there already with token ${first}`
      })
    } else if (!isInstrument(instrument)) {
      const failure = decodeInstrument(instrument)
      const why = Result.isFailure(failure) ? failure.failure.message : "it is not an instrument"
      rejects.push({ row: 0, reason: `${name} (token ${instrument.token}): ${why.replace(/\s+/g, " ")}` })
    } else {
      tokens.set(name, instrument.token)
      good.push(instrument)
    }
  }
  return { good, rejects }
}

/**
 * Replaces the broker's instruments with those of a master. On any failure the table stays as it was.
 *
 * Refused are: a source that cannot be read, a malformed master, fewer instruments than the minimum, less than
 * half of what the table holds (unless forced), and more than a tenth of rejected rows.
 */
export const importMaster = Effect.fn("importMaster")(function* (
  broker: Broker,
  origin: MasterOrigin = {},
  options: ImportOptions = {}
): Effect.fn.Return<ImportReport, ImportFailed | StoreError, Instruments> {
  const started = yield* Clock.currentTimeMillis
  const table = yield* Instruments
  const shown = showOrigin(broker, origin)
  const refuse = (detail: string) => new ImportFailed({ broker: broker.name, source: shown, detail })

  const { files, missing } = yield* collectMaster(broker, origin, options).pipe(
    Effect.mapError(({ detail }) => refuse(detail))
  )
  const parse = yield* Effect.tryPromise({
    try: () => broker.instrumentMaster.load(),
    catch: (cause) => refuse(`its parser could not be loaded: ${String(cause)}`)
  })
  const parsed = yield* Effect.try({
    try: () => parse(files),
    catch: (cause) =>
      refuse(
        cause instanceof MalformedMaster
          ? cause.message
          : `its parser failed: ${String(cause)}; please report this with the file`
      )
  })

  const { good, rejects } = sift(parsed)
  const expected = good.length + rejects.length
  const first = rejects[0]
  if (first !== undefined && rejects.length > expected * MAX_REJECTED) {
    return yield* refuse(
      `${rejects.length} of ${expected} rows were rejected; the format may have changed. The first: ${first.reason} (row ${first.row})`
    )
  }
  const minimum = options.minimumRows ?? broker.instrumentMaster.minimumRows
  if (good.length < minimum) {
    return yield* refuse(
      `it has ${good.length} instruments and at least ${minimum} are expected; the download may be cut off. Try again, or lower the minimum`
    )
  }
  const previous = yield* table.count(broker.name)
  if (options.force !== true && good.length < previous * MIN_SHARE) {
    return yield* refuse(
      `it has ${good.length} instruments where the table holds ${previous}; the download may be cut off. Try again, or force it`
    )
  }

  const imported = yield* table.replace(broker.name, good)
  const skipped = Object.values(parsed.skipped).reduce((sum, n) => sum + n, 0)
  return {
    broker: broker.name,
    source: shown,
    missing,
    rows: expected + skipped,
    imported,
    rejected: rejects.length,
    skipped: parsed.skipped,
    rejects: rejects.slice(0, REPORTED_REJECTS),
    previous,
    elapsedMs: (yield* Clock.currentTimeMillis) - started
  }
})
