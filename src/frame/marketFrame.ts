/**
 * What leaves the feed: one JSON text per (view, tick), made once, sent to everybody who reads that view.
 */
import type { Mode } from "../market/mode.ts"

/**
 * What readers share: an instrument of one user's feed, in one mode, with a number of depth levels.
 * The session creates it for the first reader and keeps the same object until the last reader leaves.
 */
export interface View {
  /**
   * Unique per (user, instrument, mode, levels asked for); the gateway's pub/sub topic. It holds the level that
   * the reader asked for, not the one given, so that it stays the same when the user changes brokers.
   */
  readonly topic: string
  readonly user: string
  /** The broker's name, for the frame. */
  readonly broker: string
  readonly symbol: string
  readonly exchange: string
  readonly mode: Mode
  /** Prices of a simulated market: the frame's data says so. */
  readonly simulated?: boolean
  /** Book levels really given in depth mode (0: the exchange has no book), 0 in the other modes. */
  readonly levels: number
}

/**
 * The market_data frame of the client protocol. `payload.subarray(dataStart, dataEnd)` is its `data` object.
 *
 * It is its view's, which writes the next tick into the same memory: good until the handler that gets it returns. Who needs
 * it for longer takes `kept` of it.
 */
export interface MarketFrame {
  readonly view: View
  readonly payload: Buffer
  readonly dataStart: number
  readonly dataEnd: number
  /** When the feed's socket delivered it; epoch milliseconds, here and below. */
  readonly received: number
  /** The exchange's own time of it; 0 where the wire carries none. */
  readonly exchanged: number
  /** When the feed wrote it. */
  readonly published: number
}

/** The frame in memory of its own. */
export const copyOf = (frame: MarketFrame): MarketFrame => ({ ...frame, payload: Buffer.from(frame.payload) })

export const topicOf = (
  user: string,
  exchange: string,
  symbol: string,
  mode: Mode,
  levels: number
): string =>
  mode === "depth" ? `${user}/${exchange}:${symbol}/depth/${levels}` : `${user}/${exchange}:${symbol}/${mode}`
