/** A frame or message on its way to clients. */
import type { MarketFrame } from "../../frame/marketFrame.ts"

/** When a tick was where. */
export type Times = Pick<MarketFrame, "received" | "exchanged" | "published">

export class OutboundFrame {
  readonly payload: Uint8Array
  /** Of a tick; undefined for a message about the feed. */
  readonly times: Times | undefined
  readonly snapshot: boolean
  #kept: OutboundFrame | undefined

  constructor(payload: Uint8Array, times: Times | undefined, snapshot = false) {
    this.payload = payload
    this.times = times
    this.snapshot = snapshot
  }

  /**
   * The same in memory of its own, for what waits: a frame's memory is the next tick's. One copy for all who keep it, and
   * not a part of a larger piece of memory, which a frame that waits for long would hold as a whole.
   */
  get copy(): OutboundFrame {
    return (this.#kept ??= new OutboundFrame(
      own(this.payload),
      this.times && timesOf(this.times),
      this.snapshot
    ))
  }
}

const own = (payload: Uint8Array): Uint8Array => {
  const copy = Buffer.allocUnsafeSlow(payload.length)
  copy.set(payload)
  return copy
}

const timesOf = ({ exchanged, published, received }: Times): Times => ({ exchanged, published, received })
