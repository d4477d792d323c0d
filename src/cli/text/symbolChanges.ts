/** How symbols are formed, and what of it is new to somebody who comes from OpenAlgo: a part of `docs/brokers.md`. */
import { nseShares } from "../../brokers/masters/kit/cash.ts"

/** What is called otherwise here than there, by broker. */
const changes: ReadonlyArray<readonly [brokers: ReadonlyArray<string>, change: string]> = [
  [
    ["zerodha"],
    "lots of MCX are in units there and here (`CRUDEOIL` 100), while the quantities of ticks are as Zerodha sends them, in both; the reference prices of NCO (`NCO:GOLD`) are not carried"
  ],
  [
    ["dhan"],
    "the same names, NSE commodities under NCO included; a share in another series than EQ answers to its bare symbol as well"
  ],
  [
    ["upstox"],
    "of a share and a bond under one symbol one was hit by chance there; NSE commodities are under NCO, and missing there"
  ],
  [
    ["groww"],
    "where securities share a symbol, the share was `SYMBOL-EQ` there: both names work here; NSE commodities, under NSE there, are not carried"
  ],
  [
    ["kotak", "aliceblue", "fivepaisa", "definedge"],
    "series other than EQ and BE (SME shares, bonds, warrants) are missing there, and are here"
  ],
  [
    ["compositedge", "fivepaisaxts", "ibulls", "iifl", "jainamxts", "rmoney", "wisdom"],
    "NSE's series other than EQ are missing there, and are here; a calendar spread took the near future's symbol there, and is not carried here"
  ],
  [
    ["motilal"],
    "of the securities of one name all but one were dropped there; here they are `SYMBOL-SERIES`"
  ],
  [
    ["angel", "samco", "definedge"],
    "state loans (series SG) have the bare symbol there, and `SYMBOL-SG` here: it is no share"
  ],
  [["aliceblue"], "futures are named by their day here (`NIFTY28MAR24FUT`), by their month there"],
  [["iiflcapital"], "commodities of NSE and NCDEX are under NCO and NCDEX here, and under MCX there"],
  [["pocketful", "indmoney"], "names with a hyphen (`BAJAJ-AUTO`) are whole here"],
  [
    ["fyers"],
    "NSE's bonds, preference shares and warrants are `SYMBOL-SERIES` here; there they are missing, or bear the bare symbol (GB)"
  ],
  [
    ["deltaexchange"],
    "moves, spreads, swaps and combinations are carried there, and not here; a lot is the contract's value"
  ]
]

export const symbolSection = (): string =>
  [
    "## Symbols",
    "",
    "Symbols are the same at every broker. Contracts are underlying, day, then `FUT` or strike and type",
    "(`NIFTY28MAR24FUT`, `NIFTY28MAR2420800CE`); exchanges are `NSE`, `NFO`, `NSE_INDEX` and so on.",
    "",
    "A company's share, its bonds, preference shares, warrants and rights are listed under one name, told apart by NSE's",
    "series or BSE's group. The bare symbol (`NSE:ELECTCAST`) is the ordinary share, whatever the order of the rows in the broker's",
    `file: at NSE the first of the series ${nseShares.join(", ")} that is listed, at BSE the company's share by group, number and ISIN.`,
    "Everything else is `SYMBOL-SERIES` (`NSE:ELECTCAST-W1`, `NSE:MOTHERSON-D1`). A share answers to that form too: where `CENTRALBK`",
    "is in the series BE, `NSE:CENTRALBK` and `NSE:CENTRALBK-BE` are the same, and a client's frames have the name that it asked for.",
    "(BSE's groups are in no names of shares.)",
    "",
    "Not carried are the exchanges' test contracts, calendar spreads, and what a master's columns do not name. Two different",
    "instruments under one name are a conflict, of which neither is carried; the report of the import names both.",
    "",
    "### Coming from OpenAlgo",
    "",
    "Its symbols work unchanged but for this (compared with its sources of autumn 2026):",
    "",
    "- A share that is in the series BE, BZ, SM, ST or SZ only is named by its bare symbol in searches and lists; where OpenAlgo",
    "  calls it `SYMBOL-BE` or `SYMBOL-SM`, that name goes on working.",
    ...changes.map(([brokers, change]) => `- ${brokers.map((b) => `\`${b}\``).join(", ")}: ${change}.`),
    ""
  ].join("\n")
