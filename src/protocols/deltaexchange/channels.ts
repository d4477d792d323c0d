/**
 * The channels of Delta Exchange India's public socket, and how they are asked for.
 * Source: Delta Exchange's API documentation, unless a line says otherwise.
 */
import type { Mode } from "../../market/mode.ts"

/** The day's figures every five seconds, trades as they happen, the book of fifteen levels. */
export type Channel = "ticker" | "trades" | "ob_l2"
export const channels: ReadonlyArray<Channel> = ["ticker", "trades", "ob_l2"]

/** A side of the book. */
export const LEVELS = 15
/** Books on one connection. */
export const MAX_BOOKS = 100

/** Prices are the same in every mode, so that a reader of the book takes nothing from one of the price. */
const PRICES: ReadonlyArray<Channel> = ["ticker", "trades"]

export const channelsFor = (mode: Mode): ReadonlyArray<Channel> => (mode === "depth" ? channels : PRICES)

export const requestFrame = (
  type: "subscribe" | "unsubscribe",
  names: ReadonlyArray<Channel>,
  symbols: ReadonlyArray<string>
): string => JSON.stringify({ type, payload: { channels: names.map((name) => ({ name, symbols })) } })
