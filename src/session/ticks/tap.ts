/**
 * Lets others listen to a connection: its wire frames as they came, what was requested of the codec, and what became
 * no tick. That is all that is needed to feed a decoder the same input again. Called in the socket's callback, so a
 * tap must be cheap and must not throw. Handshakes and outbound frames are not passed on: they hold secrets.
 */
import type { HookFault } from "../../bus/hooks.ts"
import { answerOf, callHook, watchPromise } from "../../bus/hooks.ts"
import type { Change, HttpAnswer, HttpRequest, Frame, RejectCause } from "../../protocols/protocol.ts"

export interface ConnectionTap {
  /** A fresh codec was made: forget what an earlier one knew. */
  readonly opened: (at: number) => void
  /** These changes were passed to the codec's `request`. */
  readonly requested: (changes: ReadonlyArray<Change>, at: number) => void
  readonly frame: (frame: Frame, at: number) => void
  readonly answered: (request: HttpRequest, answer: HttpAnswer, at: number) => void
  /** The wire frame that is being decoded, or a part of it, became no tick. */
  readonly rejected: (cause: RejectCause, detail: string, frame: Frame | undefined, at: number) => void
  /** The first tick since `opened`: the login is over. */
  readonly ticked?: (at: number) => void
  /** The connection ended. */
  readonly closed: (why: string, at: number) => void
  /** A restart escalated: keep what was recorded. */
  readonly alarm: (why: string, at: number) => void
}

export interface ConnectionName {
  readonly user: string
  readonly broker: string
  /** The stream's name: the broker's own, or that of a deep-book stream. */
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
 * Combines several taps. A tap that throws in spite of its promise is not called until the next codec is opened: a
 * listener must never cost a tick, and its knowledge of this codec is no longer reliable.
 */
export const combineTaps = (taps: ReadonlyArray<Tap>, onFault: HookFault = nothing): Tap => ({
  connection: (name) => {
    const all = taps.map((tap) => answerOf(() => tap.connection(name), silent, onFault) ?? silent)
    const listeners = [...all]
    const failed = (index: number, defect: unknown): void => {
      listeners[index] = silent
      answerOf(() => onFault(defect), undefined, nothing)
    }
    const each = (call: (listener: ConnectionTap) => unknown): void => {
      for (let i = 0; i < listeners.length; i++)
        callHook(
          () => call(listeners[i]!),
          (defect) => failed(i, defect)
        )
    }
    return {
      opened: (at) => {
        for (let i = 0; i < all.length; i++) listeners[i] = all[i]!
        each((l) => l.opened(at))
      },
      requested: (changes, at) => each((l) => l.requested(changes, at)),
      // Not written with `each`: called for every wire frame.
      frame: (frame, at) => {
        for (let i = 0; i < listeners.length; i++) {
          try {
            const answer: unknown = listeners[i]!.frame(frame, at)
            if (answer !== undefined) watchPromise(answer, (defect) => failed(i, defect))
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
