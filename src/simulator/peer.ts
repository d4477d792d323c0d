/** The far end of a client's connection, whichever way its bytes travel. */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import { closeFrame, fragments, payloadOf, pongFrame, wholeFrame } from "./faults/webSocketBytes.ts"
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
  /** What is below its frames; a client in this process has nothing there. */
  readonly wire?: Wire
}

/** The bytes below a connection's frames. */
export interface Wire {
  /** The bytes that carry a frame. */
  readonly carry: (frame: Frame) => Uint8Array
  /** A frame in pieces, where the wire can have it so. @param size of the next piece */
  readonly fragments: (frame: Frame, size: () => number) => ReadonlyArray<Uint8Array>
  /** The bytes of an answer to a ping of the WebSocket's own. */
  readonly pong: (payload: Uint8Array) => Uint8Array
  readonly write: (bytes: Uint8Array, written: () => void) => void
  /** Stops to read, or begins again. */
  readonly deaf: (on: boolean) => void
  /** Takes leave with any code, valid or not. */
  readonly close: (code: number, reason: string) => void
}

const TEXT = { binary: false, compress: false } as const
const BINARY = { binary: true, compress: false } as const

const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`

const writeTo =
  (socket: Socket): Wire["write"] =>
  (bytes, written) => {
    if (socket.writable) socket.write(bytes, written)
  }

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
  reset: () => socket.resetAndDestroy(),
  wire: {
    carry: wholeFrame,
    fragments,
    pong: pongFrame,
    write: writeTo(socket),
    deaf: (on) => (on ? ws.pause() : ws.resume()),
    close: (code, reason) => socket.end(closeFrame(code, reason))
  }
})

export const streamPeer = (socket: Socket): Peer => {
  // As WebSockets have it: small writes leave when they are made.
  socket.setNoDelay(true)
  return streamOf(socket)
}

const streamOf = (socket: Socket): Peer => ({
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
  reset: () => socket.resetAndDestroy(),
  wire: {
    carry: payloadOf,
    fragments: (frame) => [payloadOf(frame)],
    pong: (payload) => payload,
    write: writeTo(socket),
    deaf: (on) => void (on ? socket.pause() : socket.resume()),
    close: () => socket.end()
  }
})
