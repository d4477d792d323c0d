/** What a venue is made of, and what it counts. */
import type { FaultEvent } from "./faults/engine.ts"
import type { Listed } from "./masters/master.ts"
import type { Market } from "./market.ts"
import type { Credentials } from "../market/credentials.ts"
import type { CodecOptions } from "../protocols/protocol.ts"
import type { ServerProtocol } from "../protocols/serverProtocol.ts"

/** One kind of connection that the broker offers. */
export interface VenueFeed {
  /** The path of its upgrade requests; unused on a byte stream. */
  readonly path: string
  readonly protocol: ServerProtocol
  readonly codec: CodecOptions
  /** Where it can be reached; known once the servers listen. */
  readonly endpoint: () => string
}

export interface VenueOptions {
  /** The main one first. */
  readonly feeds: ReadonlyArray<VenueFeed>
  readonly listed: ReadonlyArray<Listed>
  readonly market: Market
  readonly credentials: Credentials
  readonly ticksPerSecond: number
  readonly turnMs: number
  readonly maxBufferedBytes: number
  readonly paused: boolean
  /** Of what faults leave to chance. */
  readonly seed: number
  readonly onFault?: (event: FaultEvent) => void
  /** The market's time of day, epoch ms. */
  readonly now: () => number
  /** Monotonic ms, by which the venue paces itself. */
  readonly moment: () => number
  /** For the log; never holds a URL or a header, where the secrets are. */
  readonly report: (what: "connected" | "refused" | "disconnected" | "defect", detail: string) => void
}

export interface Counters {
  readonly accepted: number
  readonly refused: number
  readonly frames: number
  readonly bytes: number
  /** Changes of instruments, subscribed or not. */
  readonly changes: number
  /** Rounds left out for slow clients. */
  readonly skipped: number
  /** Times that a codec threw: a bug of ours, contained. */
  readonly defects: number
}
