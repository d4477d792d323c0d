/** One client of the simulator: its connection, its codec, and what was sent to it. */
import type { Kind, FaultyWire } from "./faults/faultyWire.ts"
import type { Peer } from "./peer.ts"
import type { Frame } from "../protocols/protocol.ts"
import type { ServerCodec, ServerProtocol } from "../protocols/serverProtocol.ts"
import type { Pair } from "./pair.ts"

export interface Client {
  readonly id: number
  readonly peer: Peer
  /** What stands between the codec and the peer. */
  readonly line: FaultyWire
  readonly protocol: ServerProtocol
  readonly codec: ServerCodec
  /** Epoch ms. */
  readonly since: number
  /** Epoch ms of the last frame sent: idle frames fill the gaps. */
  lastSentAt: number
  frames: number
  bytes: number
  /** Rounds of changes that were left out because the client did not read fast enough. */
  skipped: number
  /** Left out at least one round: gets the last known values of all its instruments once it has caught up. */
  behind: boolean
}

/** @param now epoch ms */
export const sendFrames = (client: Client, kind: Kind, frames: ReadonlyArray<Frame>, now: number): void => {
  const { line, peer } = client
  if (frames.length === 0 || !peer.isOpen()) return
  if (line.calm) peer.send(frames)
  else if (!line.send(kind, frames, now)) return
  for (let i = 0; i < frames.length; i++) client.bytes += (frames[i] as Frame).length
  client.frames += frames.length
  client.lastSentAt = now
}

/**
 * Sends what changed of the instruments that the client subscribed. The queue is the socket's own, bounded by
 * `most` bytes with the policy "skip": codecs encode states, not events, so a client that lags loses old prices only.
 */
export const feed = (
  client: Client,
  kind: Kind,
  changed: ReadonlyArray<Pair>,
  all: ReadonlyArray<Pair>,
  most: number,
  now: number
): void => {
  if (client.peer.buffered() > most) {
    client.skipped++
    client.behind = true
    return
  }
  const pairs = client.behind ? all : changed
  client.behind = false
  const told = client.line.calm ? pairs : client.line.select(kind, pairs)
  sendFrames(client, kind, client.codec.encode(told), now)
}
