/**
 * The subscriptions of this gateway's readers, to restore when the feed process has lost them (it restarted, or this
 * gateway was silent for too long). Requests of one reader run one after another.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Semaphore from "effect/Semaphore"
import type {
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../../market/subscription.ts"
import type { SubscriptionFailed } from "../../market/feedEvent.ts"
import { nameOf } from "../../market/instrument.ts"
import type { FeedError, FeedInfo } from "../feed.ts"
import * as metrics from "../metrics.ts"
import type { FeedLink } from "./feedLink.ts"
import { valueOf } from "./feedLink.ts"
import type { Answer } from "./link.ts"
import { values } from "./link.ts"
import type { Held, Reader } from "./remoteReader.ts"
import { heldBy, hold, letGo, newReader, usersOf } from "./remoteReader.ts"

export type Refused = (typeof SubscriptionFailed.Type)["instruments"][number]

export interface Patience {
  /** For requests that the feed process answers at once. */
  readonly requestMs: number
  /** For an attach, which waits for the broker's answer to a first connection attempt. */
  readonly attachMs: number
}

type ReaderBody =
  | { readonly op: "attach" }
  | { readonly op: "release" }
  | { readonly op: "subscribe"; readonly requests: ReadonlyArray<SubscribeRequest> }
  | { readonly op: "unsubscribe"; readonly requests: ReadonlyArray<UnsubscribeRequest> }

/** After a refusal that is not about the connection: the user has no broker, no credentials. */
const REFUSED_PAUSE_MS = 15_000
/** Each may wait for a broker to answer a connection attempt. */
const RESTORES_AT_ONCE = 256
/**
 * The most subscriptions that one request restores, and the most such requests at once: no reader may hold up a feed process
 * that has just started and has the readers of thousands of clients to serve.
 */
const PIECE = 250
const PIECES_AT_ONCE = 4
/** A request is tried again under a new lease; more changes than this within one request are a broken feed. */
const ATTEMPTS = 4

const infoOf = valueOf(values.attach)
const subscribedOf = valueOf(values.subscribe)
const unsubscribedOf = valueOf(values.unsubscribe)

const keyOf = (user: string, reader: string): string => JSON.stringify([user, reader])

export class RemoteReaders {
  readonly #link: FeedLink
  readonly #patience: Patience
  readonly #leased: Effect.Effect<string, FeedError>
  readonly #pieces = Semaphore.makeUnsafe(PIECES_AT_ONCE)
  readonly #readers = new Map<string, Reader>()
  /** Releases that the feed process has not confirmed, with the lease under which they matter. */
  readonly #unreleased = new Map<string, { readonly reader: Reader; readonly lease: string }>()

  readonly #onRefused: (user: string, refused: ReadonlyArray<Refused>) => void

  /**
   * @param leased waits for the first answer of the feed process
   * @param onRefused hears of what was held and is not served any more
   */
  constructor(
    link: FeedLink,
    leased: Effect.Effect<string, FeedError>,
    patience: Patience,
    onRefused: (user: string, refused: ReadonlyArray<Refused>) => void = () => undefined
  ) {
    this.#link = link
    this.#leased = leased
    this.#patience = patience
    this.#onRefused = onRefused
  }

  attach(user: string, name: string): Effect.Effect<FeedInfo, FeedError> {
    return Effect.suspend(() => {
      const reader = this.#of(user, name)
      return Semaphore.withPermits(
        reader.turn,
        1
      )(
        this.#ask(reader, { op: "attach" }).pipe(
          Effect.tapError(() =>
            Effect.sync(() => {
              // Nobody answered: to be repeated when the feed process is back.
              reader.attached = true
              reader.incomplete = true
            })
          ),
          Effect.flatMap((answer) =>
            Effect.suspend(() => {
              reader.attached = answer.result === "ok"
              return infoOf(answer)
            })
          )
        )
      )
    })
  }

  subscribe(
    user: string,
    name: string,
    requests: ReadonlyArray<SubscribeRequest>
  ): Effect.Effect<ReadonlyArray<SubscribeResult>, FeedError> {
    return Effect.suspend(() => {
      const reader = this.#of(user, name)
      return Semaphore.withPermits(
        reader.turn,
        1
      )(
        Effect.tap(
          Effect.flatMap(this.#ask(reader, { op: "subscribe", requests }), subscribedOf),
          (results) => Effect.sync(() => hold(reader, requests, results))
        )
      )
    })
  }

  unsubscribe(
    user: string,
    name: string,
    requests: ReadonlyArray<UnsubscribeRequest>
  ): Effect.Effect<ReadonlyArray<UnsubscribeResult>, FeedError> {
    return Effect.suspend(() => {
      const reader = this.#of(user, name)
      return Semaphore.withPermits(
        reader.turn,
        1
      )(
        Effect.tap(
          Effect.flatMap(this.#ask(reader, { op: "unsubscribe", requests }), unsubscribedOf),
          (results) => Effect.sync(() => letGo(reader, requests, results))
        )
      )
    })
  }

  /** Never fails: what the feed process does not confirm is asked for again later. */
  release(user: string, name: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const key = keyOf(user, name)
      const reader = this.#readers.get(key)
      if (reader === undefined) return Effect.void
      this.#readers.delete(key)
      return Semaphore.withPermits(reader.turn, 1)(this.#release(key, reader))
    })
  }

  /** Users with readers that are attached. */
  users(): ReadonlySet<string> {
    return usersOf(this.#readers.values())
  }

  heldBy(user: string): Effect.Effect<Held> {
    return heldBy(this.#readers.values(), user)
  }

  /** Restores what the feed process has lost, and repeats the releases of readers that it did not confirm. */
  readonly restore: Effect.Effect<void> = Effect.suspend(() => {
    const lease = this.#link.lease()
    const now = performance.now()
    const stale = [...this.#readers.values()].filter(
      (r) => r.lease !== lease || (r.incomplete && now >= r.restoreAfter)
    )
    const unreleased = [...this.#unreleased]
    this.#unreleased.clear()
    return Effect.andThen(
      Effect.forEach(
        stale,
        (reader) => Semaphore.withPermits(reader.turn, 1)(Effect.ignore(this.#restoreOne(reader))),
        { discard: true, concurrency: RESTORES_AT_ONCE }
      ),
      Effect.forEach(
        unreleased,
        // Under another lease the feed process has forgotten the reader; a reader that came back is in use.
        ([key, { lease: theirs, reader }]) =>
          theirs === this.#link.lease() && !this.#readers.has(key)
            ? Semaphore.withPermits(reader.turn, 1)(this.#release(key, reader))
            : Effect.void,
        { discard: true, concurrency: RESTORES_AT_ONCE }
      )
    )
  })

  #of(user: string, name: string): Reader {
    const key = keyOf(user, name)
    let reader = this.#readers.get(key)
    if (reader === undefined) {
      reader = newReader(user, name)
      this.#readers.set(key, reader)
    }
    return reader
  }

  #release(key: string, reader: Reader): Effect.Effect<void> {
    const { lease } = reader
    // Never known to the feed process under a lease: nothing to release.
    if (lease === undefined) return Effect.void
    return this.#send(reader, lease, { op: "release" }).pipe(
      Effect.asVoid,
      Effect.catch(() => Effect.sync(() => this.#unreleased.set(key, { reader, lease })))
    )
  }

  #send(reader: Reader, lease: string, body: ReaderBody): Effect.Effect<Answer, FeedError> {
    return this.#link.ask(
      { lease, user: reader.user, reader: reader.name, ...body },
      body.op === "attach" ? this.#patience.attachMs : this.#patience.requestMs
    )
  }

  /** Sends a request under the current lease. If the lease has changed, first restores the reader's subscriptions. */
  #ask(reader: Reader, body: ReaderBody): Effect.Effect<Answer, FeedError> {
    const attempt = (left: number): Effect.Effect<Answer, FeedError> =>
      Effect.flatMap(this.#leased, (lease) =>
        Effect.andThen(
          reader.lease === lease ? Effect.void : this.#restoreOne(reader),
          Effect.flatMap(
            Effect.suspend(() => this.#send(reader, reader.lease ?? lease, body)),
            (answer) => (answer.result === "lease" && left > 1 ? attempt(left - 1) : Effect.succeed(answer))
          )
        )
      )
    return attempt(ATTEMPTS)
  }

  /** To be called when it is the reader's turn. */
  #restoreOne(reader: Reader): Effect.Effect<void, FeedError> {
    return Effect.gen({ self: this }, function* () {
      const lease = this.#link.lease()
      if (lease === undefined || (reader.lease === lease && !reader.incomplete)) return
      const known = reader.lease !== undefined
      if (reader.attached) {
        const answer = yield* this.#send(reader, lease, { op: "attach" })
        if (answer.result === "lease") return
        if (answer.result === "failed") return yield* this.#refused(reader, lease, answer.detail)
      }
      const requests = [...reader.held.values()]
      const refused: Array<Refused> = []
      for (let at = 0; at < requests.length; at += PIECE) {
        const some = requests.slice(at, at + PIECE)
        const answer = yield* Semaphore.withPermits(
          this.#pieces,
          1
        )(this.#send(reader, lease, { op: "subscribe", requests: some }))
        if (answer.result === "lease") return
        if (answer.result === "failed") return yield* this.#refused(reader, lease, answer.detail)
        for (const [i, result] of (yield* subscribedOf(answer)).entries()) {
          if (result.status !== "error") continue
          const { exchange, message, symbol } = result
          refused.push({ symbol, exchange, mode: some[i]!.mode, reason: message })
          yield* Effect.logWarning(
            `${exchange}:${symbol} of reader ${reader.name} is not served any more: ${message}`
          )
        }
      }
      if (refused.length > 0) this.#onRefused(reader.user, refused)
      reader.refused = new Set(refused.map(nameOf))
      reader.lease = lease
      reader.incomplete = false
      if (known) yield* Metric.update(metrics.restored, 1)
    })
  }

  #refused(reader: Reader, lease: string, why: string): Effect.Effect<void> {
    reader.lease = lease
    reader.incomplete = true
    reader.restoreAfter = performance.now() + REFUSED_PAUSE_MS
    return Effect.logWarning(
      `what reader ${reader.name} of user ${reader.user} holds could not be restored, trying again later: ${why}`
    )
  }
}
