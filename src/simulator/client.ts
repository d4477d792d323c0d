/** One client of the simulator: its socket, its codec, and what was sent to it. */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { WireInstrument } from "../market/instrument.ts"
import type { Tick } from "../market/tick.ts"
import type { Outbound, ServerCodec } from "../protocols/protocol.ts"

export type Pair = readonly [WireInstrument, Tick]

export interface Client {
  readonly id: number
  readonly ws: WebSocket
  readonly socket: Socket
  readonly codec: ServerCodec
  readonly remote: string
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

const TEXT = { binary: false, compress: false } as const
const BINARY = { binary: true, compress: false } as const

/** Sends frames as they are, in one write where the system allows. @param now epoch ms */
export const sendFrames = (client: Client, frames: ReadonlyArray<Outbound>, now: number): void => {
  const { ws, socket } = client
  if (frames.length === 0 || ws.readyState !== WebSocket.OPEN) return
  socket.cork()
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i] as Outbound
    ws.send(frame, typeof frame === "string" ? TEXT : BINARY)
    client.bytes += frame.length
  }
  socket.uncork()
  client.frames += frames.length
  client.lastSentAt = now
}

/**
 * Sends what changed of the instruments that the client subscribed. The queue is the socket's own, bounded by
 * `most` bytes with the policy "skip": every packet is a full snapshot, so a client that lags loses old prices only.
 */
export const feed = (
  client: Client,
  changed: ReadonlyArray<Pair>,
  all: ReadonlyArray<Pair>,
  most: number,
  now: number
): void => {
  if (client.ws.bufferedAmount > most) {
    client.skipped++
    client.behind = true
    return
  }
  const pairs = client.behind ? all : changed
  client.behind = false
  sendFrames(client, client.codec.encode(pairs), now)
}
