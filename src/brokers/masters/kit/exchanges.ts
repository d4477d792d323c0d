/** Common exchanges by what most brokers call them. */
import type { Exchange } from "../../../market/exchange.ts"

export type Exchanges<E extends Exchange = Exchange> = Readonly<Record<string, E>>

/** Exchanges that the broker calls by their common names. */
export const sameNames = <E extends Exchange>(...names: ReadonlyArray<E>): Exchanges<E> =>
  Object.fromEntries(names.map((name) => [name, name]))

export const cashExchanges: Exchanges<"NSE" | "BSE"> = sameNames("NSE", "BSE")

export const indexExchanges: Exchanges<"NSE_INDEX" | "BSE_INDEX"> = { NSE: "NSE_INDEX", BSE: "BSE_INDEX" }

/** Contracts on shares and their indices, where the stock exchange's name stands for both segments. */
export const derivativeExchanges: Exchanges<"NFO" | "BFO"> = { NSE: "NFO", BSE: "BFO" }

export const isCash = (exchange: Exchange): exchange is "NSE" | "BSE" =>
  exchange === "NSE" || exchange === "BSE"
