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

/**
 * Several taps as one. A tap that throws in spite of its promise is let go for that connection: a listener must never
 * cost a tick.
 */
export const combineTaps = (taps: ReadonlyArray<Tap>, onFault: (defect: unknown) => void = nothing): Tap => ({
  connection: (name) => {
    const listeners: Array<ConnectionTap> = taps.map((tap) => tap.connection(name))
    const failed = (index: number, defect: unknown): void => {
      listeners[index] = silent
      onFault(defect)
    }
    const each = (call: (listener: ConnectionTap) => void): void => {
      for (let i = 0; i < listeners.length; i++) {
        try {
          call(listeners[i]!)
        } catch (defect) {
          failed(i, defect)
        }
      }
    }
    return {
      opened: (at) => each((l) => l.opened(at)),
      requested: (changes, at) => each((l) => l.requested(changes, at)),
      // Written out: called for every frame.
      frame: (frame, at) => {
        for (let i = 0; i < listeners.length; i++) {
          try {
            listeners[i]!.frame(frame, at)
          } catch (defect) {
            failed(i, defect)
          }
        }
      },
      answered: (request, answer, at) => each((l) => l.answered(request, answer, at)),
      rejected: (cause, detail, frame, at) => each((l) => l.rejected(cause, detail, frame, at)),
      ticked: (at) => each((l) => l.ticked?.(at)),
      closed: (why, at) => each((l) => l.closed(why, at)),
      alarm: (why, at) => each((l) => l.alarm(why, at))
    }
  }
})
