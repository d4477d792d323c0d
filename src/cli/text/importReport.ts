/** What `algoways instruments import` says about an import. */
import { counted } from "../../kit/counted.ts"
import type { ExchangeReport, ImportReport } from "../../store/instruments/importer.ts"
import { table } from "./output.ts"

const outcome = (e: ExchangeReport, forced: boolean): string => {
  if (e.problem !== undefined && !forced)
    return e.contradicted === 0 ? "kept" : `kept, ${e.contradicted} contradicted`
  if (e.now === 0) return e.expired === e.previous ? "removed, all had expired" : "removed, forced"
  return e.problem === undefined ? "replaced" : "replaced, forced"
}

const exchangeTable = ({ exchanges, forced }: ImportReport): ReadonlyArray<string> => {
  if (exchanges.length === 0) return []
  const rows = exchanges.map((e) => [
    e.exchange,
    String(e.previous),
    String(e.expired),
    String(e.now),
    String(e.kept),
    outcome(e, forced),
    e.files.join(", ")
  ])
  return table([["EXCHANGE", "BEFORE", "EXPIRED", "MASTER", "KEPT", "OUTCOME", "FILES"], ...rows]).split("\n")
}

/** A line for the whole, one for each exchange and file, then what is wrong, then the rejects. */
export const importReportLines = (report: ImportReport): ReadonlyArray<string> => {
  const skipped = Object.entries(report.skipped).map(([kind, n]) => `${n} ${kind}`)
  const kept = report.kept === 0 ? "" : ` Kept ${report.kept} that the table had.`
  const duplicates = report.duplicates === 0 ? "" : ` Duplicates: ${report.duplicates}.`
  return [
    `Imported ${counted(report.imported, "instrument")} of ${report.broker} from ${report.source} in ${report.elapsedMs} ms ` +
      `(before: ${report.previous}).${kept} Rejected ${report.rejected}.${duplicates} ` +
      `Not carried: ${skipped.length === 0 ? "none" : skipped.join(", ")}.`,
    ...exchangeTable(report).map((line) => `  ${line}`),
    ...report.files.map(
      ({ instruments, name, rows }) =>
        `  ${name}: ${counted(rows, "row")}, ${counted(instruments, "instrument")}`
    ),
    ...report.missing.map((reason) => `  left out: ${reason}`),
    ...report.problems.map((problem) => `  ${report.forced ? "accepted" : "lacking"}: ${problem}`),
    ...report.rejectKinds.map(({ count, kind }) => `  rejected ${counted(count, "row")}: ${kind}`),
    ...report.rejects.map(({ reason, row }) => `  row ${row}: ${reason}`)
  ]
}

/**
 * Why the command fails after all, and what to do; undefined: the import is whole, or was forced. What is lacking stands
 * in the report already.
 *
 * @param oneFile the broker's master is one file, so that no other can be lacking
 */
export const incomplete = (
  { broker, forced, problems }: ImportReport,
  oneFile: boolean
): string | undefined => {
  if (forced || problems.length === 0) return undefined
  const again = oneFile
    ? "Fetch the master again"
    : "Fetch what is lacking again and import all files together"
  return `The instruments of "${broker}" were imported in part. ${again}, or take the master as it is with --force.`
}
