/**
 * From an instrument to the name of its topics.
 *
 * Fyers' token of an instrument is `4 digits of exchange and segment, 6 digits of expiry, the exchange's own token`;
 * a topic has a name for the first, and the last.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Subject } from "../hsm/codec.ts"
import type { Kind } from "../hsm/layout.ts"
import { MAX_TOPIC } from "../hsm/messages.ts"
import { indexName } from "./indexNames.ts"

const SEGMENTS: Readonly<Record<string, string>> = {
  1010: "nse_cm",
  1011: "nse_fo",
  1012: "cde_fo",
  1020: "nse_com",
  1120: "mcx_fo",
  1210: "bse_cm",
  1211: "bse_fo",
  1212: "bcs_fo"
}

/** The segment's name by the first digits of a token; undefined for one that is none of Fyers'. */
export const segmentOf = (token: string): string | undefined =>
  /^\d{11,24}$/.test(token) ? SEGMENTS[token.slice(0, 4)] : undefined

const INDEX: ReadonlyArray<Kind> = ["if"]
const TRADABLE: ReadonlyArray<Kind> = ["sf", "dp"]

export const subjectOf = ({ brokerSymbol, exchange, token }: WireInstrument): Subject | undefined => {
  const segment = segmentOf(token)
  if (segment === undefined) return undefined
  if (!exchange.endsWith("_INDEX")) return { name: `${segment}|${token.slice(10)}`, kinds: TRADABLE }
  const index = indexName(brokerSymbol)
  if (index === undefined || index.length + segment.length + 4 > MAX_TOPIC) return undefined
  return { name: `${segment}|${index}`, kinds: INDEX }
}
