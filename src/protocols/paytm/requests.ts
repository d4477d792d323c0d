/** What a client asks for: JSON arrays with an entry per instrument. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { MODE_NAMES } from "./layout.ts"
import type { Segment } from "./options.ts"

export interface Preference {
  readonly actionType: "ADD" | "REMOVE"
  readonly modeType: string
  readonly scripType: string
  readonly exchangeType: string
  readonly scripId: string
}

/**
 * What the instrument master calls the instrument. Shares and funds look alike under their common names, so the stored
 * instrument says which of them are funds: its broker exchange is `NSE:ETF`. Contracts end in what they are.
 */
export const scripType = (
  { brokerExchange, symbol }: Pick<WireInstrument, "brokerExchange" | "symbol">,
  segment: Segment
): string => {
  switch (segment.class) {
    case "INDEX":
      return "INDEX"
    case "CASH":
      return brokerExchange.endsWith(":ETF") ? "ETF" : "EQUITY"
    case "FNO":
      return symbol.endsWith("FUT") ? "FUTURE" : "OPTION"
  }
}

export const entry = (
  actionType: Preference["actionType"],
  mode: Mode,
  instrument: WireInstrument,
  segment: Segment
): Preference => ({
  actionType,
  modeType: MODE_NAMES[mode],
  scripType: scripType(instrument, segment),
  exchangeType: segment.exchangeType,
  scripId: instrument.token
})
