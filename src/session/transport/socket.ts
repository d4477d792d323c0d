/** One open socket, as every implementation of the transport gives it. */
import type * as Effect from "effect/Effect"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { Closing, Frame, Handshake, Refusal } from "../../protocols/protocol.ts"

export interface Socket {
  /** Sends at once. A socket that is closing drops it, and `ended` reports the end. */
  readonly send: (frame: Frame) => void
  /** A WebSocket ping. Does nothing on a byte stream. */
  readonly ping: () => void
  /** Ends it at once, without a closing handshake: for connections that are believed dead. */
  readonly drop: () => void
  /** Fails with the reason when the socket ends. Never succeeds. */
  readonly ended: Effect.Effect<never, ConnectionFailure>
}

export interface SocketOptions {
  readonly handshake: Handshake
  /** Turns a declined upgrade into its cause. */
  readonly refusal: (refusal: Refusal) => ConnectionFailure
  /** Turns a close frame into its cause, if it says more than "closed". */
  readonly closed?: ((closing: Closing) => ConnectionFailure | undefined) | undefined
  /** Called in the socket's own callback, in order. Must not throw. */
  readonly onFrame: (frame: Frame, receivedAt: number) => void
  /** The other side pinged, or answered our ping. */
  readonly onAlive?: (sign: "ping" | "pong") => void
}
