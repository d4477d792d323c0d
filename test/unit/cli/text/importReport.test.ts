import { assert, describe, it } from "@effect/vitest"
import { importReportLines, incomplete } from "../../../../src/cli/text/importReport.ts"
import type { ExchangeReport, ImportReport } from "../../../../src/store/instruments/importer.ts"

const exchange = (name: ExchangeReport["exchange"], changes: Partial<ExchangeReport>): ExchangeReport => ({
  exchange: name,
  previous: 0,
  expired: 0,
  now: 0,
  kept: 0,
  contradicted: 0,
  files: [],
  ...changes
})

const whole: ImportReport = {
  broker: "kotak",
  source: "nse_cm.csv, nse_fo.csv",
  missing: [],
  rows: 90,
  imported: 90,
  withheld: 0,
  kept: 0,
  rejected: 0,
  duplicates: 0,
  skipped: {},
  rejects: [],
  rejectKinds: [],
  exchanges: [exchange("NFO", { previous: 100, expired: 8, now: 90, files: ["nse_fo.csv"] })],
  files: [{ name: "nse_fo.csv", rows: 90, instruments: 90 }],
  problems: [],
  forced: false,
  previous: 100,
  elapsedMs: 12
}

const partial: ImportReport = {
  ...whole,
  kept: 2000,
  missing: ["bse_cm.csv: the server answered HTTP 503; try again later"],
  exchanges: [
    exchange("NSE", { previous: 2005, kept: 2000, contradicted: 5, problem: "no file has any" }),
    ...whole.exchanges
  ],
  problems: ["nse_cm.csv has no row", "NSE: no file has any; 2000 of the table's were kept"]
}

describe("what is said about an import", () => {
  it("is a line for the whole, and one for each exchange and file", () => {
    assert.deepStrictEqual(importReportLines(whole), [
      "Imported 90 instruments of kotak from nse_cm.csv, nse_fo.csv in 12 ms (before: 100). Rejected 0. Not carried: none.",
      "  EXCHANGE  BEFORE  EXPIRED  MASTER  KEPT  OUTCOME   FILES",
      "  NFO       100     8        90      0     replaced  nse_fo.csv",
      "  nse_fo.csv: 90 rows, 90 instruments"
    ])
    assert.isUndefined(incomplete(whole, false))
  })

  it("tells what was kept and why, and what to do", () => {
    const lines = importReportLines(partial)
    assert.include(lines[0], "(before: 100). Kept 2000 that the table had. Rejected 0.")
    assert.include(lines, "  NSE       2005    0        0       2000  kept, 5 contradicted")
    assert.include(lines, "  left out: bse_cm.csv: the server answered HTTP 503; try again later")
    assert.include(lines, "  lacking: nse_cm.csv has no row")
    // Not what the lines above have said already.
    assert.strictEqual(
      incomplete(partial, false),
      'The instruments of "kotak" were imported in part. ' +
        "Fetch what is lacking again and import all files together, or take the master as it is with --force."
    )
    assert.strictEqual(
      incomplete(partial, true),
      'The instruments of "kotak" were imported in part. ' +
        "Fetch the master again, or take the master as it is with --force."
    )
  })

  it("is as clear when it was forced, and then no failure", () => {
    const forced: ImportReport = {
      ...partial,
      forced: true,
      exchanges: [
        exchange("NSE", { previous: 2005, problem: "no file has any" }),
        exchange("NFO", { previous: 100, now: 40, problem: "only 40" }),
        exchange("CDS", { previous: 7, expired: 7 })
      ]
    }
    const lines = importReportLines(forced)
    assert.include(lines, "  NSE       2005    0        0       0     removed, forced")
    assert.include(lines, "  NFO       100     0        40      0     replaced, forced")
    assert.include(lines, "  CDS       7       7        0       0     removed, all had expired")
    assert.include(lines, "  accepted: nse_cm.csv has no row")
    assert.isUndefined(incomplete(forced, false))
  })

  it("counts one as one", () => {
    const lines = importReportLines({
      ...whole,
      imported: 1,
      files: [{ name: "nse_fo.csv", rows: 1, instruments: 1 }],
      rejectKinds: [{ kind: "no token", count: 1 }]
    })
    assert.match(lines[0]!, /^Imported 1 instrument of kotak/)
    assert.deepStrictEqual(lines.slice(-2), [
      "  nse_fo.csv: 1 row, 1 instrument",
      "  rejected 1 row: no token"
    ])
  })

  it("counts rejects by kind before it shows some", () => {
    const lines = importReportLines({
      ...whole,
      duplicates: 3,
      rejectKinds: [{ kind: "pSymbol … is no token", count: 40 }],
      rejects: [{ row: 7, reason: 'pSymbol "x" is no token' }]
    })
    assert.include(lines[0], "Duplicates: 3.")
    assert.deepStrictEqual(lines.slice(-2), [
      "  rejected 40 rows: pSymbol … is no token",
      '  row 7: pSymbol "x" is no token'
    ])
  })
})
