/**
 * Definedge's instrument master: one CSV of all exchanges, without a header. Prices are in paise.
 * Source: Definedge's API documentation and the file itself.
 */
import type { ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contractType } from "./kit/contracts.ts"
import { beginning, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { readCsv } from "./kit/csv.ts"
import {
  cashExchanges,
  cashRow,
  contractExchanges,
  contractRow,
  indexExchanges,
  indexRow
} from "./kit/norenRows.ts"

/** Columns: exchange, token, name, trading symbol, kind, expiry, tick size, lot size, option type, strike. */
const USED = 10
const PAISE = 100

const REMEDY = "Fetch allmaster.zip again; a file of your own needs the same columns."

export const parse = (text: string): ParsedMaster => {
  const builder = new MasterBuilder()
  let recognised = 0
  for (const [i, cells] of readCsv(text).entries()) {
    const row = toRow(cells.map((cell) => cell.trim()))
    if (row.tag === "instrument" || row.tag === "security") recognised++
    builder.add(i + 1, row)
  }
  if (recognised === 0) {
    throw new MalformedMaster(
      `No row of Definedge's instrument master is an instrument: it begins with ${beginning(text)}. ${REMEDY}`
    )
  }
  return builder.finish()
}

const toRow = (cells: ReadonlyArray<string>): Row => {
  if (cells.length < USED) return rejected(`the row has ${cells.length} fields, and ${USED} are needed`)
  const [exchange, token, name, brokerSymbol, kind, expiry, tick, lotSize, optionType, strike] =
    cells as ReadonlyArray<string> & Readonly<Record<0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9, string>>
  const paise = numberOf(tick)
  const scrip = {
    brokerExchange: exchange,
    token,
    brokerSymbol,
    name,
    lotSize,
    tickSize: paise === undefined ? undefined : paise / PAISE
  }
  if (kind === "IDX" || kind === "INDEX") {
    const place = indexExchanges[exchange]
    return place === undefined
      ? skipped(`index of ${exchange}`)
      : indexRow(place, { ...scrip, brokerSymbol: brokerSymbol === "" ? name : brokerSymbol })
  }
  const cash = cashExchanges[exchange]
  // The kind is NSE's series or BSE's group.
  if (cash !== undefined) return cashRow(cash, scrip, nameOfSeries(cash, brokerSymbol, kind))
  const place = contractExchanges[exchange]
  if (place === undefined) return skipped(`exchange ${exchange === "" ? "(none)" : exchange}`)
  const type = contractType(optionType, kind)
  if (type === undefined) return skipped(`${kind || "(no kind)"} of ${exchange}`)
  const price = numberOf(strike)
  return contractRow(place, scrip, type, readExpiry(expiry), price === undefined ? strike : price / PAISE)
}

/** `28032024`; a leading zero may be lost. */
const readExpiry = (text: string): string | undefined => {
  const parts = /^(\d{2})(\d{2})(\d{4})$/.exec(text.padStart(8, "0"))
  return parts === null ? undefined : isoDate(Number(parts[3]), Number(parts[2]), Number(parts[1]))
}
