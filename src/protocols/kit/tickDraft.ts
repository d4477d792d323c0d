/** Shared by decoders that build ticks which lack some common fields. */
import type { TickDraft } from "../../market/tick.ts"

/** Sets the prices that are there: a zero price on the wire means none. */
export const putPrices = (
  tick: TickDraft,
  ltp: number,
  open: number,
  high: number,
  low: number,
  close: number,
  average: number
): void => {
  if (ltp !== 0) tick.ltp = ltp
  if (open !== 0) tick.open = open
  if (high !== 0) tick.high = high
  if (low !== 0) tick.low = low
  if (close !== 0) tick.close = close
  if (average !== 0) tick.average_price = average
}
