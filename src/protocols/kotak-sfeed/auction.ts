/**
 * Closing-auction packets. They come in packets of their own, unasked, beside the pictures of an instrument: without a price
 * they make no tick, so they are kept and go out with the pictures that follow.
 *
 * The guide and the SDK name the fields and say no more. That more to buy is positive, and that the server sends zeros when
 * an auction has ended, are UNCONFIRMED: what was told is forgotten after a while in any case.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick, TickDraft } from "../../market/tick.ts"
import { packetDecoder } from "../kit/packetDecoder.ts"
import { auction as packet } from "./layout.ts"

/** What the server said last of the closing auction of an instrument. */
export interface Auction {
  /** 0 for none. */
  readonly reference: number
  /** Buyers less sellers. */
  readonly imbalance: number
  /** The same of market orders alone. */
  readonly marketImbalance: number
  /** When it came, epoch milliseconds. */
  readonly at: number
}

/** An auction tells every few seconds what it would come to, and is over within twenty minutes. */
export const AUCTION_LASTS_MS = 120_000

const readAuction = packetDecoder(packet, "quote")

/** Undefined where there is no news: nothing but zeros, also when the auction has ended. */
export const decodeAuction = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  divider: number,
  receivedAt: number
): Auction | undefined => {
  const tick = readAuction(v, at, instrument, receivedAt, divider)
  const { imbalance = 0, market_imbalance: marketImbalance = 0, reference_price: reference = 0 } = tick
  return reference === 0 && imbalance === 0 && marketImbalance === 0
    ? undefined
    : { reference, imbalance, marketImbalance, at: receivedAt }
}

export const withAuction = (tick: TickDraft, auction: Auction | undefined): Tick => {
  if (auction === undefined) return tick
  if (auction.reference !== 0) tick.reference_price = auction.reference
  tick.imbalance = auction.imbalance
  tick.market_imbalance = auction.marketImbalance
  return tick
}
