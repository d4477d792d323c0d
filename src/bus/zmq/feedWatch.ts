/**
 * Whether the feed process lives, as this gateway sees it, and the events that say so to its clients: nothing that
 * happens over there reaches them while it is silent.
 *
 * The link counts as connection 0 of every user's feed; a session's own connections begin with 1.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"
import { watched } from "../../kit/watched.ts"
import type { FeedEvent } from "../../market/feedEvent.ts"
import { epochOf, monotonicOf } from "../../kit/monotonic.ts"
import type { FeedError, FeedInfo } from "../feed.ts"
import * as metrics from "../metrics.ts"
import type { Answer } from "./link.ts"
import type { Held } from "./remoteReader.ts"

export interface FeedWatchOptions {
  readonly endpoint: string
  readonly ping: Effect.Effect<Answer, FeedError>
  readonly pingEvery: Duration.Input
  /** Ends what waits for an answer. */
  readonly giveUp: Effect.Effect<void>
  /** The feed process has answered: lost subscriptions can be restored. */
  readonly onAnswer: Effect.Effect<unknown>
  /** Asks the feed process. */
  readonly info: (user: string) => Effect.Effect<FeedInfo, FeedError>
  /** A user's broker as it is set here, for users of whom the feed process has not said it yet. */
  readonly brokerSetFor?: ((user: string) => Effect.Effect<string>) | undefined
  /** Users with readers at this gateway. */
  readonly users: () => ReadonlySet<string>
  readonly heldBy: (user: string) => Effect.Effect<Held>
  readonly tell: (event: FeedEvent) => void
  readonly clock: Clock.Clock
}

export interface FeedWatch {
  /** What the feed process says of a user's feed, for events about it. */
  readonly note: (user: string, info: Pick<FeedInfo, "broker" | "state">) => void
  /** Hands on an event of the feed process. */
  readonly heard: (event: FeedEvent) => void
  /** Tells what was held and is not served any more. */
  readonly refused: (
    user: string,
    instruments: Extract<FeedEvent, { type: "subscription_failed" }>["instruments"]
  ) => void
  /** Publishes `feed_up` for feeds that are back. Run it after the subscriptions have been restored. */
  readonly settle: Effect.Effect<void>
  /** Pings until the scope closes. */
  readonly run: Effect.Effect<void, never, Scope.Scope>
}

/** The `cause` of a feed_down that is about the process and not about the broker. */
export const FEED_PROCESS_SILENT = "FeedProcessSilent"
const LINK = 0
/** Users whose states are asked for at once. */
const ASKS_AT_ONCE = 16

/** Users that are gone are forgotten when there are so many, and then whenever they have doubled. */
const KNOWN_AT_FIRST = 1000

interface Known {
  broker: string
  /** When its feed last delivered, by the clock of durations: infinity while it does, undefined before it ever has. */
  deliveredUntil: number | undefined
}

interface Gap {
  readonly since: number
  /** There was a feed before it. */
  readonly isLoss: boolean
  toldToLogIn: boolean
}

export const makeFeedWatch = (options: FeedWatchOptions): FeedWatch => {
  const { clock, endpoint, heldBy, tell, users } = options
  const now = monotonicOf(clock)
  const known = new Map<string, Known>()
  let knownAtMost = KNOWN_AT_FIRST
  /** Users whose missing feed has been reported, and its return not yet. */
  const gaps = new Map<string, Gap>()
  let silent = false
  let answeredAt = now()
  let epoch: number | undefined

  const envelope = (user: string) => ({
    user,
    broker: known.get(user)?.broker ?? "unknown",
    at: clock.currentTimeMillisUnsafe()
  })

  const knownAs = (user: string, broker: string): Known => {
    let one = known.get(user)
    if (one === undefined) known.set(user, (one = { broker, deliveredUntil: undefined }))
    one.broker = broker
    if (known.size <= knownAtMost) return one
    const present = users()
    for (const name of known.keys()) if (!present.has(name)) known.delete(name)
    knownAtMost = Math.max(KNOWN_AT_FIRST, 2 * known.size)
    return one
  }

  const note: FeedWatch["note"] = (user, { broker, state }) => {
    const one = knownAs(user, broker)
    if (state === "connected") one.deliveredUntil = Infinity
  }

  /** One that waits for its login may go on to do so in another feed process, which knows nothing of what was before. */
  const noteEvent = ({ broker, type, user }: FeedEvent): void => {
    if (type === "feed_up") knownAs(user, broker).deliveredUntil = Infinity
    const one = type === "waiting_for_login" ? known.get(user) : undefined
    if (one?.deliveredUntil === Infinity) one.deliveredUntil = now()
  }

  /** Once per user and gap, also for users that come while the feed process is silent. */
  const down = Effect.fnUntraced(function* (detail: string) {
    for (const user of users()) {
      if (gaps.has(user)) continue
      if (!known.has(user) && options.brokerSetFor !== undefined) {
        knownAs(user, yield* options.brokerSetFor(user))
      }
      const deliveredUntil = known.get(user)?.deliveredUntil
      const since = Math.min(answeredAt, deliveredUntil ?? Infinity)
      gaps.set(user, { since, isLoss: deliveredUntil !== undefined, toldToLogIn: false })
      tell({
        type: "feed_down",
        ...envelope(user),
        connection: LINK,
        cause: FEED_PROCESS_SILENT,
        detail,
        since: epochOf(clock, since)
      })
    }
  })

  const unanswered = Effect.gen(function* () {
    const first = !silent
    silent = true
    yield* down("the feed process does not answer")
    if (!first) return
    yield* Metric.update(metrics.silences, 1)
    yield* Effect.logWarning(
      `the feed process at ${endpoint} does not answer; clients get no data until it does`
    )
  })

  const answered = Effect.fnUntraced(function* (answer: Answer) {
    const back = silent
    silent = false
    // So quickly that no ping went unanswered; what was published meanwhile is lost all the same.
    if (!back && epoch !== undefined && epoch !== answer.epoch) {
      yield* down("the feed process was started again")
    }
    epoch = answer.epoch
    answeredAt = now()
    if (back) yield* Effect.logInfo(`the feed process at ${endpoint} answers again`)
  })

  const settleOne = (user: string, gap: Gap) =>
    Effect.gen(function* () {
      const info = yield* options.info(user)
      const { reason, state } = info
      const held = state === "connected" ? yield* heldBy(user) : undefined
      note(user, info)
      // The session's own event may have come in the meantime.
      if (gaps.get(user) !== gap) return
      if (state === "waiting_for_login" && !gap.toldToLogIn) {
        gap.toldToLogIn = true
        tell({ type: "waiting_for_login", ...envelope(user), reason: reason ?? "no reason given" })
      }
      if (held === undefined) return
      gaps.delete(user)
      tell({
        type: "feed_up",
        ...envelope(user),
        connection: LINK,
        ...(gap.isLoss ? { gap_ms: now() - gap.since } : {}),
        restored: held.instruments,
        failed: held.failed
      })
    })

  const settle = Effect.suspend(() => {
    if (silent || gaps.size === 0) return Effect.void
    const present = users()
    for (const user of gaps.keys()) if (!present.has(user)) gaps.delete(user)
    return Effect.forEach(
      [...gaps],
      ([user, gap]) =>
        // No answer, or no session yet: asked again after the next ping.
        Effect.ignore(settleOne(user, gap)),
      { discard: true, concurrency: ASKS_AT_ONCE }
    )
  })

  return {
    note,
    heard: (event) => {
      noteEvent(event)
      const gap = event.type === "feed_up" ? gaps.get(event.user) : undefined
      if (event.type !== "feed_up" || gap === undefined) return tell(event)
      gaps.delete(event.user)
      if (!gap.isLoss) return tell(event)
      // A session that began with the feed process knows nothing of the gap before it.
      tell({ ...event, gap_ms: Math.max(event.gap_ms ?? 0, now() - gap.since) })
    },
    refused: (user, instruments) => tell({ type: "subscription_failed", ...envelope(user), instruments }),
    settle,
    run: Effect.matchEffect(options.ping, {
      onFailure: () => Effect.andThen(unanswered, options.giveUp),
      onSuccess: (answer) => Effect.andThen(answered(answer), options.onAnswer)
    }).pipe(
      Effect.andThen(Effect.sleep(options.pingEvery)),
      Effect.forever,
      watched("the gateway stopped pinging the feed"),
      Effect.forkScoped,
      Effect.asVoid
    )
  }
}
