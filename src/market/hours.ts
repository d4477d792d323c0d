/** When an exchange trades, so that silence can be judged: a quiet night is no fault. */
import type { Exchange } from "./exchange.ts"

export interface HoursAnswer {
  readonly open: boolean
  /** In words: "the regular session", "a holiday: Diwali", "before the open at 09:15". */
  readonly why: string
  /** Epoch milliseconds of the next change, where it is known. */
  readonly until?: number
}

export interface MarketHours {
  /** @param at epoch milliseconds */
  readonly at: (exchange: Exchange, at: number) => HoursAnswer
}

/** For simulated exchanges and tests. */
export const alwaysOpen: MarketHours = { at: () => ({ open: true, why: "this market never closes" }) }
