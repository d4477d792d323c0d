/**
 * Common exchange names: what clients, the instruments table and every Tick use, whichever broker is behind.
 * Each broker's own codes are mapped onto these in `brokers/`.
 */
import * as Schema from "effect/Schema"

export const exchanges = [
  "NSE",
  "BSE",
  "NFO",
  "BFO",
  "CDS",
  "BCD",
  "MCX",
  "NCO",
  "NCDEX",
  "NSE_INDEX",
  "BSE_INDEX",
  "MCX_INDEX",
  "CDS_INDEX",
  "GLOBAL_INDEX",
  "CRYPTO"
] as const

export const Exchange = Schema.Literals(exchanges)
export type Exchange = typeof Exchange.Type

const known: ReadonlySet<string> = new Set(exchanges)
export const isExchange = (name: string): name is Exchange => known.has(name)
