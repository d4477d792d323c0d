/**
 * The outgoing side of a connection: the changes that the session wants, in order, in batches at the broker's pace,
 * as wire frames or HTTP requests.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Broker } from "../../brokers/broker.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { Change, Frame, HttpAnswer, HttpRequest, Outbound } from "../../protocols/protocol.ts"
import { isHttpRequest } from "../../protocols/protocol.ts"
import type { SubscribedInstrument, SubscriptionChange } from "../model.ts"
import { sameWant } from "../model.ts"

export interface RequestWriter {
  /**
   * Requests changes. Waiting changes of an instrument are merged, so the backlog is bounded by the number of
   * instruments, however fast readers come and go.
   */
  readonly request: (changes: ReadonlyArray<SubscriptionChange>) => void
  /** Sends before waiting changes: wire frames at once, HTTP requests before the next batch. */
  readonly send: (outbound: Outbound) => void
  /** Never ends on its own. Fails if an HTTP request gets no answer. */
  readonly run: Effect.Effect<never, ConnectionFailure>
}

export interface RequestWriterOptions {
  readonly pacing: Broker["pacing"]
  readonly encode: (changes: ReadonlyArray<Change>) => ReadonlyArray<Outbound>
  readonly send: (frame: Frame) => void
  readonly request: (request: HttpRequest) => Effect.Effect<HttpAnswer, ConnectionFailure>
  /** A change was undone before it was sent: the broker has already been asked for what is wanted. */
  readonly kept: (change: Change) => void
  /** Must not throw. */
  readonly answered: (request: HttpRequest, answer: HttpAnswer) => void
}

/** A change that waits, and the instrument object by which the codec knows the broker's packets until the change is sent. */
interface Waiting extends SubscriptionChange {
  readonly holder: SubscribedInstrument
}

interface BatchedChange extends Change {
  readonly again?: true
}

export const makeRequestWriter = Effect.fnUntraced(function* (
  options: RequestWriterOptions
): Effect.fn.Return<RequestWriter> {
  const { pacing } = options
  // By name, not by object: an instrument that was given up and is wanted again has a new object, and its waiting
  // unsubscribe must become a change of mode rather than overtake the new subscribe.
  const waiting = new Map<string, Waiting>()
  const urgent: Array<HttpRequest> = []
  const wake = yield* Latch.make(false)

  const request = (changes: ReadonlyArray<SubscriptionChange>): void => {
    for (const change of changes) {
      const { again, instrument, to } = change
      const earlier = waiting.get(instrument.name)
      // What waits asks for it anyway.
      if (again === true && earlier !== undefined) continue
      // Behind one that merely asks once more, the broker still has what it had.
      const from = earlier === undefined || earlier.again === true ? change.from : earlier.from
      const holder = earlier?.holder ?? instrument
      if (again !== true && sameWant(from, to) && (to === undefined || holder === instrument)) {
        waiting.delete(instrument.name)
        if (to !== undefined) options.kept({ instrument, from: to, to })
      } else
        waiting.set(instrument.name, {
          instrument,
          from,
          to,
          holder,
          ...(again === undefined ? {} : { again })
        })
    }
    if (waiting.size > 0) wake.openUnsafe()
  }

  const send = (outbound: Outbound): void => {
    if (!isHttpRequest(outbound)) return options.send(outbound)
    urgent.push(outbound)
    wake.openUnsafe()
  }

  const carry = (outbound: Outbound): Effect.Effect<void, ConnectionFailure> =>
    isHttpRequest(outbound)
      ? Effect.map(options.request(outbound), (answer) => options.answered(outbound, answer))
      : Effect.sync(() => options.send(outbound))

  const takeBatch = (): ReadonlyArray<BatchedChange> => {
    const batch: Array<BatchedChange> = []
    for (const [name, { again, instrument, from, to }] of waiting) {
      if (batch.length === pacing.batch) break
      waiting.delete(name)
      batch.push({
        instrument,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(again === undefined ? {} : { again })
      })
    }
    return batch
  }

  /** A mode that is changed once more goes back first: the codec takes it for changed, and would ask for nothing. */
  const encoded = (batch: ReadonlyArray<BatchedChange>): ReadonlyArray<Outbound> => {
    const back = batch.flatMap(({ again, from, instrument, to }): ReadonlyArray<Change> =>
      again === true && from !== undefined && to !== undefined ? [{ instrument, from: to, to: from }] : []
    )
    return [...(back.length === 0 ? [] : options.encode(back)), ...options.encode(batch)]
  }

  const turn = Effect.gen(function* () {
    const first = urgent.shift()
    const outbound = first === undefined ? encoded(takeBatch()) : [first]
    for (const one of outbound) yield* carry(one)
    if (waiting.size === 0 && urgent.length === 0) wake.closeUnsafe()
  })

  const run = wake.await.pipe(
    Effect.andThen(turn),
    Effect.andThen(Effect.sleep(pacing.intervalMs)),
    Effect.forever
  )
  return { request, send, run }
})
