/**
 * Where others listen in on a connection: its inbound frames as they came, what was asked of the codec, and what became
 * no tick. That is all that a decoder needs to be fed the same again. Called in the socket's callback: must be cheap and
 * must not throw. Handshakes and outbound frames are not shown: they hold secrets.
 */
import type { Change, HttpAnswer, HttpRequest, Inbound, RejectCause } from "../protocols/protocol.ts"

export interface ConnectionTap {
  /** A fresh codec was made: what an earlier one knew is void. */
  readonly opened: (at: number) => void
  /** The codec was asked to record and request these changes. */
  readonly requested: (changes: ReadonlyArray<Change>, at: number) => void
  readonly frame: (frame: Inbound, at: number) => void
  readonly answered: (request: HttpRequest, answer: HttpAnswer, at: number) => void
  /** The frame that is being decoded, or a part of it, became no tick. */
  readonly rejected: (cause: RejectCause, detail: string, frame: Inbound | undefined, at: number) => void
  /** The first tick since `opened`: the login is over. */
  readonly ticked?: (at: number) => void
  /** The connection ended. */
  readonly closed: (why: string, at: number) => void
  /** The supervisor escalated: keep what was recorded. */
  readonly alarm: (why: string, at: number) => void
}

export interface ConnectionName {
  readonly user: string
  readonly broker: string
  /** The stream's name: the broker's own, or that of a deep feed. */
  readonly stream: string
  /** Counted from 1 within a session. */
  readonly connection: number
}

export interface Tap {
  readonly connection: (name: ConnectionName) => ConnectionTap
}

const nothing = (): void => {}
const silent: ConnectionTap = {
  opened: nothing,
  requested: nothing,
  frame: nothing,
  answered: nothing,
  rejected: nothing,
  closed: nothing,
  alarm: nothing
}
export const noTap: Tap = { connection: () => silent }
