/** Subscribing, at the feed and in the rooms. */
import * as Effect from "effect/Effect"
import type { Feed } from "../bus/feed.ts"
import type { Frame } from "../bus/frame.ts"
import { modeNumber } from "../market/mode.ts"
import type { LastTick, SubscribeRequest, UnsubscribeRequest } from "../market/subscription.ts"
import * as answers from "./answers.ts"
import type { Client } from "./client.ts"
import { roomFor } from "./limits.ts"
import type { Leaving } from "./leaving.ts"
import type { FailedEntry, SubscribedEntry } from "./messages/answers.ts"
import type { GatewayMetrics, Limit } from "./metrics.ts"
import type { GatewaySettings } from "./options.ts"
import type { ModeChoice, Named, SubscribeBody } from "./protocol.ts"
import type { Rooms, Seat } from "./rooms.ts"
import { snapshotFor } from "./rooms.ts"
import type { Slices } from "./slices.ts"
import { atOnce } from "./slices.ts"

export interface SubscribeDeps {
  readonly feed: Feed["Service"]
  readonly rooms: Rooms
  readonly metrics: GatewayMetrics
  readonly limits: Pick<GatewaySettings, "maxSubscriptions">
  readonly slices: Slices
  readonly leaving: Leaving
}

/** What an entry asks of the feed, or why it cannot be asked. */
const wantOf = (
  entry: SubscribeBody["entries"][number],
  { mode }: ModeChoice,
  depth: SubscribeBody["depth"]
): SubscribeRequest | string => {
  if (!entry.ok) return entry.message
  // A level behind the symbol speaks for this symbol alone, so it counts more than that of the request.
  const level = mode === "depth" ? (entry.suffixDepth ?? depth) : depth
  if (typeof level === "number") return { ...entry.instrument, mode, depth: level }
  return mode === "depth"
    ? `Invalid depth ${level.unusable}: it must be a number of levels`
    : { ...entry.instrument, mode }
}

/** The name with the feed's own symbol. */
const servedAs = (name: Named, symbol: string | undefined): Named =>
  symbol === undefined ? name : { ...name, instrument: { ...name.instrument, symbol } }

/** A known tick as the frame that it would be. Its text holds the names once before `data`. */
const lastFrame = (
  { exchange, exchanged, frame, mode, received, symbol }: LastTick,
  seat: Seat
): Frame | undefined => {
  if (frame === undefined) return undefined
  const payload = Buffer.from(frame)
  const dataStart = payload.indexOf(DATA) + DATA.length
  const view = { topic: seat.room.topic, user: "", broker: "", symbol, exchange, mode, levels: 0 }
  return { view, payload, dataStart, dataEnd: payload.length, received, exchanged, published: 0 }
}
const DATA = `"data":`

export const makeSubscribe = ({ feed, leaving, limits, metrics, rooms, slices }: SubscribeDeps) => {
  /** The seat, and what the feed is to be told where the client was served something else under this name. */
  const join = (
    client: Client,
    name: Named,
    { choice, terms }: SubscribeBody,
    topic: string
  ): { readonly seat: Seat; readonly gone?: UnsubscribeRequest | undefined } => {
    const { mode, tag } = choice
    const earlier = client.holdings.find(name, tag)
    const sameTerms =
      earlier?.seat.terms.slow === terms.slow && earlier.seat.terms.intervalMs === terms.intervalMs
    if (earlier?.topic === topic && sameTerms) return { seat: earlier.seat }
    // Another book level of the same thing: one frame per tick, so the new level takes the old one's place.
    if (earlier !== undefined) leaving.leaveSeat(client, earlier.seat)
    const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
    const seat = rooms.join(topic, { ...name.instrument, tag: modeNumber[mode] }, spelling, client, terms)
    return { seat, gone: client.holdings.put(name, mode, { ...spelling, topic, seat }) }
  }

  /**
   * Gives up at the feed what names were served as before, where they are another symbol in the table by now. The feed
   * may take the earlier symbol for another name of the new one: then the new one is asked for again.
   */
  const giveUpEarlier = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    taken: ReadonlyArray<{
      readonly request: SubscribeRequest
      readonly gone?: UnsubscribeRequest | undefined
    }>
  ) {
    const moved = taken.flatMap(({ gone, request }) =>
      // A later entry of the same message may hold it again.
      gone === undefined || client.holdings.has(gone.symbol, gone.exchange, request.mode)
        ? []
        : [{ gone, request }]
    )
    if (moved.length === 0) return
    yield* leaving.release(
      client,
      user,
      moved.map(({ gone }) => gone)
    )
    const again = moved.filter(({ gone, request }) => gone.symbol === request.symbol)
    yield* slices
      .over(again, (some) =>
        feed.subscribe(
          user,
          client.id,
          some.map(({ request }) => request)
        )
      )
      .pipe(Effect.catch((error) => Effect.logWarning(`client ${client.id}: subscribe: ${error.message}`)))
  })

  const sendSnapshot = (client: Client, seat: Seat, tick: LastTick | undefined): void => {
    const frame = tick === undefined ? undefined : lastFrame(tick, seat)
    const payload = frame === undefined ? undefined : snapshotFor(seat, frame)
    if (frame !== undefined && payload !== undefined) client.delivery.snapshot(seat, payload, frame)
  }

  /** The last known ticks of what was just subscribed, for clients that asked for them at login. */
  const sendSnapshots = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    taken: ReadonlyArray<{ readonly request: SubscribeRequest; readonly seat: Seat }>
  ) {
    yield* slices.over(taken, (some) =>
      Effect.map(
        feed.last(
          user,
          some.map(({ request }) => request)
        ),
        (known) => {
          for (const [i, { seat }] of some.entries()) sendSnapshot(client, seat, known[i])
          return []
        }
      )
    )
  })

  const subscribe = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    body: SubscribeBody,
    requestId: string | undefined
  ) {
    const { choice, depth, entries } = body
    const { broker } = yield* feed.info(user)
    const beyond = roomFor(client.holdings, choice, limits.maxSubscriptions)
    const refused = (limit: Limit, why: string | undefined): string | undefined => {
      if (why !== undefined) metrics.limited(limit)
      return why
    }
    const wants = entries.map((entry) => {
      const want = wantOf(entry, choice, depth)
      return (
        (typeof want === "string" || !entry.ok
          ? undefined
          : (refused("subscriptions", beyond(entry)) ??
            refused("spellings", client.spellings.take(user, entry)))) ?? want
      )
    })
    const requests = wants.filter((want) => typeof want !== "string")
    yield* slices.before(requests.length)
    const results = yield* slices.over(requests, (some) => feed.subscribe(user, client.id, some))
    const answered: Array<SubscribedEntry | FailedEntry> = []
    const joins: Array<{ readonly name: Named; readonly topic: string; readonly request: SubscribeRequest }> =
      []
    let next = 0
    for (const [i, entry] of entries.entries()) {
      const { symbol, exchange } = entry
      const want = wants[i]
      const result = typeof want === "string" ? undefined : results[next++]
      if (entry.ok && typeof want !== "string" && want !== undefined && result?.status === "success") {
        answered.push(answers.subscribedEntry(symbol, exchange, choice.mode, result, broker))
        joins.push({
          name: servedAs(entry, result.served_as),
          topic: result.topic,
          request: want
        })
      } else {
        const message = typeof want === "string" ? want : (result?.message ?? "The feed gave no answer")
        answered.push(answers.failedEntry(symbol, exchange, message, broker))
      }
    }
    yield* slices.before(entries.length)
    // The answer first: the frame behind a subscribe is its acknowledgement.
    client.send(answers.subscribed(answered, broker, requestId))
    if (!client.isOpen) return
    // What is acknowledged is served from then on, so a bulk subscribe of the usual size takes its seats at once.
    const seats = yield* slices.over(
      joins,
      (some) =>
        Effect.sync(() =>
          client.isOpen
            ? some.map(({ name, request, topic }) => ({ request, ...join(client, name, body, topic) }))
            : []
        ),
      atOnce(joins.length)
    )
    yield* giveUpEarlier(client, user, seats)
    if (client.delivery.optIns.snapshot && seats.length > 0) {
      // They are acknowledged and served: without a snapshot the next tick is the first.
      yield* Effect.catch(sendSnapshots(client, user, seats), (error) =>
        Effect.logWarning(`client ${client.id} got no snapshots: ${error.message}`)
      )
    }
  })

  return subscribe
}
