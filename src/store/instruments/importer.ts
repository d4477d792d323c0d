/**
 * Imports a broker's instrument master: read, parse, check, and only then replace the table. A master that looks
 * broken is refused whole, and of one that lacks an exchange the table keeps that exchange, because a feed with
 * yesterday's instruments beats one with half of today's.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Broker, MasterReject, ParsedMaster } from "../../brokers/broker.ts"
import { MalformedMaster } from "../../brokers/broker.ts"
import { counted } from "../../kit/counted.ts"
import type { Credentials } from "../../market/credentials.ts"
import type { Instrument } from "../../market/instrument.ts"
import { monotonicMillis } from "../../kit/monotonic.ts"
import type { StoreError } from "../errors.ts"
import { ImportFailed } from "../errors.ts"
import { Instruments } from "./instruments.ts"
import type { CompareOptions, ExchangeReport, FileReport } from "./masterCheck.ts"
import { compare, fileProblems, fileReports, withoutContradicted } from "./masterCheck.ts"
import { indiaDay } from "../../kit/indiaTime.ts"
import { collectMaster, showOrigin } from "./masterFiles.ts"
import type { MasterOrigin } from "./masterFiles.ts"
import type { RejectKind } from "./masterRejects.ts"
import { sift, summarise } from "./masterRejects.ts"

export { ImportFailed } from "../errors.ts"
export type { ExchangeReport, FileReport } from "./masterCheck.ts"
export type { MasterOrigin } from "./masterFiles.ts"
export type { RejectKind } from "./masterRejects.ts"

/** More rejected rows than this part of all that should have become instruments: the format has changed. */
const MAX_REJECTED = 0.1

export interface ImportOptions {
  /**
   * Fewer instruments than this are refused, what the table keeps counted in; the broker's own number when not given.
   */
  readonly minimumRows?: number
  /** Take the master as it is, also where it has little or nothing of an exchange that the table holds. */
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
  /** Rows of the master: imported, withheld, rejected, duplicates and skipped. */
  readonly rows: number
  /** Instruments of the master that the table now has. */
  readonly imported: number
  /** Instruments of the master that were not taken, because the table keeps what it has of their exchange. */
  readonly withheld: number
  /** Instruments of the table that stayed in their place. */
  readonly kept: number
  readonly rejected: number
  /** Rows that say again what another row said. */
  readonly duplicates: number
  /** Rows of kinds that AlgoWays does not carry, by kind. */
  readonly skipped: Readonly<Record<string, number>>
  /** Some rejects, the first of each kind among them. Row 0: found after parsing; the reason names the instrument. */
  readonly rejects: ReadonlyArray<MasterReject>
  /** How many rejects there are of each kind: reasons that differ in names and numbers only. */
  readonly rejectKinds: ReadonlyArray<RejectKind>
  /** What the table had and the master has, by exchange. */
  readonly exchanges: ReadonlyArray<ExchangeReport>
  /** What each file gave; empty where there are several and the parser does not tell. */
  readonly files: ReadonlyArray<FileReport>
  /**
   * What the master lacks, and what was done about it: files without an instrument, and exchanges with far fewer
   * instruments than the table holds. Empty: the import is whole.
   */
  readonly problems: ReadonlyArray<string>
  /** The problems were accepted beforehand (`force`). */
  readonly forced: boolean
  /** Instruments that the table held before. */
  readonly previous: number
  readonly elapsedMs: number
}

/**
 * Replaces the broker's instruments with those of a master. On any failure the table stays as it was.
 *
 * Refused are: a source that cannot be read, a malformed master, fewer instruments than the minimum, more than a tenth
 * of rejected rows, and a master of which no exchange can be taken.
 *
 * Of an exchange that the master lacks, or has less than half of, the table keeps what has not expired, in the same
 * transaction that replaces the others. Such an import succeeds with `problems`; the caller must report them.
 * If forced, the import takes the master as it is.
 */
export const importMaster = Effect.fn("importMaster")(function* (
  broker: Broker,
  origin: MasterOrigin = {},
  options: ImportOptions = {}
): Effect.fn.Return<ImportReport, ImportFailed | StoreError, Instruments> {
  const started = yield* monotonicMillis
  const today = indiaDay(yield* Clock.currentTimeMillis)
  const force = options.force === true
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

  const { duplicates, good, rejects } = sift(parsed)
  const expected = good.length + rejects.length
  const first = rejects[0]
  if (first !== undefined && rejects.length > expected * MAX_REJECTED) {
    return yield* refuse(
      `${rejects.length} of ${expected} rows were rejected; the format may have changed. The first: ${first.reason} (row ${first.row})`
    )
  }
  const skipped = Object.values(parsed.skipped).reduce((sum, n) => sum + n, 0)
  const rows = expected + duplicates + skipped
  const only = files.length === 1 ? files[0] : undefined
  const fileList =
    parsed.files === undefined && only !== undefined
      ? [{ name: only.name, rows, instruments: good.length }]
      : fileReports(parsed.files ?? [])
  const optional = new Set(
    broker.instrumentMaster.sources.filter((source) => source.optional === true).map(({ name }) => name)
  )
  const empty = fileProblems(fileList, optional)

  const table = yield* Instruments
  const { exchanges, imported, kept } = yield* table.atomically(
    exchangeByExchange(broker, good, {
      force,
      today,
      hasEmptyFile: empty.length > 0,
      files: parsed.files,
      minimum: options.minimumRows ?? broker.instrumentMaster.minimumRows,
      refuse: (detail) => refuse([...empty, detail].join("; "))
    })
  )
  return {
    broker: broker.name,
    source: shown,
    missing,
    rows,
    imported,
    withheld: good.length - imported,
    kept,
    rejected: rejects.length,
    duplicates,
    skipped: parsed.skipped,
    ...summarise(rejects),
    exchanges,
    files: fileList,
    problems: [...empty, ...exchanges.flatMap((report) => inWords(report, force))],
    forced: force,
    previous: exchanges.reduce((sum, { previous }) => sum + previous, 0),
    elapsedMs: (yield* monotonicMillis) - started
  }
})

/**
 * Compares and replaces. It is for one transaction: what the table holds is what another process, which may be importing
 * too, has left there.
 */
const exchangeByExchange = Effect.fnUntraced(function* (
  broker: Broker,
  good: ReadonlyArray<Instrument>,
  options: {
    readonly files: ParsedMaster["files"]
    readonly minimum: number
    readonly refuse: (detail: string) => ImportFailed
  } & CompareOptions
) {
  const { files, minimum, refuse, today } = options
  const table = yield* Instruments
  const held = yield* table.held(broker.name, today)
  const { exchanges, keep } = compare(held, good, files, options)
  const taken = good.filter(({ exchange }) => !keep.has(exchange))
  if (keep.size > 0 && taken.length === 0) {
    const current = held.reduce((sum, h) => sum + h.current, 0)
    return yield* refuse(
      `it has ${counted(good.length, "instrument")} where the table holds ${current}; the download may be cut off. Try again, or take it as it is with --force`
    )
  }
  const stored = keep.size === 0 ? [] : yield* table.current(broker.name, [...keep], today)
  const kept = withoutContradicted(stored, good)
  if (taken.length + kept.length < minimum) {
    return yield* refuse(
      `it has ${counted(good.length, "instrument")}${kept.length === 0 ? "" : ` (and ${kept.length} of the table's would be kept)`} and at least ${minimum} are expected; the download may be cut off. Try again, or lower the minimum with --min-rows`
    )
  }
  yield* table.replace(broker.name, [...taken, ...kept])
  const countOf = (instruments: ReadonlyArray<Instrument>, exchange: string) =>
    instruments.reduce((sum, i) => (i.exchange === exchange ? sum + 1 : sum), 0)
  return {
    imported: taken.length,
    kept: kept.length,
    exchanges: exchanges.map((report): ExchangeReport => {
      if (!keep.has(report.exchange)) return report
      const stayed = countOf(kept, report.exchange)
      return { ...report, kept: stayed, contradicted: countOf(stored, report.exchange) - stayed }
    })
  }
})

/** What is wrong with an exchange, and what was done about it. */
const inWords = (report: ExchangeReport, force: boolean): ReadonlyArray<string> => {
  const { contradicted, exchange, kept, now, previous, problem } = report
  if (problem === undefined) return []
  if (force) {
    const done = now === 0 ? `all ${previous} were removed` : `the ${now} were taken`
    return [`${exchange}: ${problem}; ${done}, as forced`]
  }
  const but =
    contradicted === 0 ? "" : `, but for ${contradicted} whose tokens or names the master gives to others`
  return [`${exchange}: ${problem}; ${kept} of the table's were kept${but}`]
}
