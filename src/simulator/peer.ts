/** The far end of a client's connection, whichever way its bytes travel. */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { Frame } from "../protocols/protocol.ts"

export interface Peer {
  readonly remote: string
  readonly isOpen: () => boolean
  /** Bytes that wait because the client does not read. */
  readonly buffered: () => number
  /** Sends frames as they are, in one write where the system allows. */
  readonly send: (frames: ReadonlyArray<Frame>) => void
  /** Takes leave in the way of the wire; a byte stream knows no codes. */
  readonly close: (code: number, reason?: string) => void
  /** Ends the connection without a word. */
  readonly terminate: () => void
  /** A TCP reset. */
  readonly reset: () => void
}

const TEXT = { binary: false, compress: false } as const
const BINARY = { binary: true, compress: false } as const

const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`

export const webSocketPeer = (ws: WebSocket, socket: Socket): Peer => ({
  remote: remoteOf(socket),
  isOpen: () => ws.readyState === WebSocket.OPEN,
  buffered: () => ws.bufferedAmount,
  send: (frames) => {
    socket.cork()
    for (const frame of frames) ws.send(frame, typeof frame === "string" ? TEXT : BINARY)
    socket.uncork()
  },
  close: (code, reason) => ws.close(code, reason),
  terminate: () => ws.terminate(),
  reset: () => socket.resetAndDestroy()
})

export const streamPeer = (socket: Socket): Peer => ({
  remote: remoteOf(socket),
  isOpen: () => socket.writable,
  buffered: () => socket.writableLength,
  send: (frames) => {
    socket.cork()
    for (const frame of frames) socket.write(frame)
    socket.uncork()
  },
  close: () => socket.end(),
  terminate: () => socket.destroy(),
  reset: () => socket.resetAndDestroy()
})
