/**
 * Is a connection that looks alive really alive? Judged once a second from how often its instruments usually tick, so
 * that a quiet night, a lunch break or an illiquid option is not taken for a fault. Pure.
 *
 * The connection itself times bytes and pongs (`connection.ts`). This module times ticks, for the whole connection
 * and for each of its instruments.
 */
import type { Broker } from "../../brokers/broker.ts"
import type { Exchange } from "../../market/exchange.ts"
import { modeBit } from "../../market/mode.ts"
import type { PooledConnection, UpstreamSubscription } from "../model.ts"

export interface TickLimits {
  /** The limit for a connection that has ticked before: no tick for this long, while ticks are due. */
  readonly ticklessAfterMs: number
  /**
   * The limit for a connection that has not ticked yet, after its subscriptions were sent. Doubles with each such
   * connection.
   */
  readonly firstTickAfterMs: number
  /** The limit for one instrument while others tick. */
  readonly partialAfterMs: number
}

/**
 * No broker documents such limits. Ten seconds without any tick of a lively list is more than any broker's batching
 * explains. One instrument gets half as long again.
 */
export const tickLimits = ({ heartbeat }: Pick<Broker, "heartbeat">): TickLimits => ({
  ticklessAfterMs: heartbeat.ticklessAfterMs ?? 10_000,
  firstTickAfterMs: heartbeat.firstTickAfterMs ?? 15_000,
  partialAfterMs: heartbeat.partialAfterMs ?? 15_000
})

/** This many times the usual pause is more than chance, for the connection and for one instrument. */
const PAUSES = 20
const LINE_PAUSES = 30
/** The number of ticks after which the usual pause is known. */
const KNOWN_AFTER = 8
/** The longest wait for the first tick: a list of illiquid options may really not trade. */
const LONGEST_FIRST_TICK_MS = 600_000
/**
 * This many replacements in a row are tried at once. If the replacements fall silent too, the market has more likely
 * closed without the calendar knowing: each further login waits twice as long.
 */
const FREE_REPLACEMENTS = 4
/** The most that a limit of silence can grow by this. */
const LONGEST_SILENCE_MS = 600_000
/** After ticks for this many times the limit of one instrument, earlier silences no longer count. */
const RECOVERED_AFTER = 5
/**
 * An instrument is requested again this many times before the connection is blamed, and the share of instruments that
 * it takes.
 */
const RESENDS = 2
const BLAMED_SHARE = 0.25
/** Further requests for an instrument that alone stays silent: it may be suspended from trading. */
const LONGEST_RESEND_MS = 600_000
/** The weight of one second in a connection's short-term rate: about ten seconds. */
const RATE_WEIGHT = 0.1

export interface Verdict {
  /** Why the whole connection is of no use, as text. */
  readonly mute: string | undefined
  /** Instruments that have just fallen silent while others tick. */
  readonly silenced: ReadonlyArray<UpstreamSubscription>
  /** Instruments to request again: silent ones, and those that nothing has confirmed. */
  readonly resend: ReadonlyArray<UpstreamSubscription>
  /** Whether ticks are due at all, and why not. */
  readonly due: boolean
  readonly quietBecause: string | undefined
}

export interface Judging {
  readonly now: number
  /** Since the last check. */
  readonly elapsedMs: number
  readonly limits: TickLimits
  /** Why ticks of an exchange are not due; undefined: they are. */
  readonly closed: (exchange: Exchange) => string | undefined
}

const quiet = (why: string | undefined): Verdict => ({
  mute: undefined,
  silenced: [],
  resend: [],
  due: false,
  quietBecause: why
})

/** Checks a connection that is up. Updates its short-term rate, and notes when its silences are over. */
export const judge = (
  connection: PooledConnection,
  ticksSince: number,
  { closed, elapsedMs, limits, now }: Judging
): Verdict => {
  connection.rate +=
    ((ticksSince * 1000) / elapsedMs - connection.rate) * Math.min(1, (RATE_WEIGHT * elapsedMs) / 1000)
  let why: string | undefined = "nothing is subscribed"
  let due = 0
  /** The expected ticks per second, by what the instruments usually do, and the part from instruments that are not silent. */
  let usual = 0
  let flowing = 0
  let firstSentAt = 0
  for (const upstream of connection.subscriptions.values()) {
    const reason = closed(upstream.instrument.exchange)
    if (reason !== undefined) {
      why = reason
      continue
    }
    if (upstream.state === "wanted" || upstream.state === "failed") continue
    due++
    if (firstSentAt === 0 || upstream.sentAt < firstSentAt) firstSentAt = upstream.sentAt
    if (upstream.ticks < KNOWN_AFTER || upstream.usualIntervalMs === 0) continue
    usual += 1000 / upstream.usualIntervalMs
    if (now - upstream.lastTickAt <= LINE_PAUSES * upstream.usualIntervalMs)
      flowing += 1000 / upstream.usualIntervalMs
  }
  // Refused instruments are not expected to tick, but are requested again.
  const refused = [...connection.subscriptions.values()].filter(
    (upstream) =>
      upstream.state === "failed" &&
      closed(upstream.instrument.exchange) === undefined &&
      dueAgain(upstream, limits.firstTickAfterMs, now)
  )
  if (due === 0) return { ...quiet(why), resend: refused }
  const patience = 2 ** Math.max(0, connection.silentConnects - FREE_REPLACEMENTS)
  const mute = muteFor(connection, now, firstSentAt, usual, limits, patience)
  if (mute !== undefined) return { ...quiet(undefined), mute, due: true }

  // When everything has slowed down, so have the parts: a rate that falls to a fiftieth is no partial silence.
  const slowdown = connection.rate > 0 ? Math.max(1, flowing / connection.rate) : 1
  const silenced: Array<UpstreamSubscription> = []
  const resend = refused
  let stale = 0
  let blamed = 0
  for (const upstream of connection.subscriptions.values()) {
    if (closed(upstream.instrument.exchange) !== undefined) continue
    if (upstream.state === "sent") {
      if (dueAgain(upstream, limits.firstTickAfterMs, now)) resend.push(upstream)
      continue
    }
    if (upstream.state !== "confirmed") continue
    if ((upstream.seenModes & needed(upstream)) !== needed(upstream)) {
      // Acknowledged, or part of it ticks: the rest may have been lost.
      if (dueAgain(upstream, limits.partialAfterMs, now)) resend.push(upstream)
    } else if (!upstream.stale) upstream.resends = 0
    if (upstream.ticks < KNOWN_AFTER || upstream.usualIntervalMs === 0) continue
    const limit = Math.max(limits.partialAfterMs, LINE_PAUSES * upstream.usualIntervalMs * slowdown)
    // A connection that has just come up owes its first tick from then on.
    if (now - Math.max(upstream.lastTickAt, upstream.sentAt) <= limit) continue
    stale++
    if (!upstream.stale) silenced.push(upstream)
    if (dueAgain(upstream, limits.partialAfterMs, now) && !resend.includes(upstream)) resend.push(upstream)
    if (upstream.resends >= RESENDS && now - upstream.resentAt > longer(limits.partialAfterMs, patience))
      blamed++
  }
  if (stale > 0 || now - connection.clocks.tick > limits.ticklessAfterMs) connection.livelySince = now
  const recovered = longer(RECOVERED_AFTER * limits.partialAfterMs, patience)
  if (now - Math.max(connection.livelySince, connection.since) > recovered) connection.silentConnects = 0
  const blames = blamed >= 2 && stale >= BLAMED_SHARE * due
  return {
    mute: blames
      ? `${stale} of ${due} instruments stay silent after their subscriptions were sent again`
      : undefined,
    silenced,
    resend,
    due: true,
    quietBecause: undefined
  }
}

const longer = (limitMs: number, patience: number): number =>
  Math.max(limitMs, Math.min(LONGEST_SILENCE_MS, limitMs * patience))

const muteFor = (
  connection: PooledConnection,
  now: number,
  firstSentAt: number,
  usual: number,
  limits: TickLimits,
  patience: number
): string | undefined => {
  // Of this connection, or of nothing so far.
  const ticked = connection.clocks.tick >= connection.since && connection.clocks.tick > 0
  if (!ticked) {
    const limit = Math.min(
      LONGEST_FIRST_TICK_MS,
      limits.firstTickAfterMs * 2 ** connection.connectsWithoutTick
    )
    return now - Math.max(firstSentAt, connection.since) > limit
      ? `connected, and no tick for ${Math.round((now - connection.since) / 1000)} s since: the login may be yesterday's`
      : undefined
  }
  const limit = longer(
    Math.max(limits.ticklessAfterMs, usual > 0 ? (PAUSES * 1000) / usual : limits.firstTickAfterMs),
    patience
  )
  const silent = now - connection.clocks.tick
  return silent > limit ? `no valid tick for ${Math.round(silent / 1000)} s while ticks are due` : undefined
}

/** What somebody reads of it, as bits of modes; where there is no book, depth is the quote. */
const needed = ({ instrument, connection, want }: UpstreamSubscription): number => {
  if (connection.stream > 0) return modeBit[want.mode]
  let bits = 0
  for (const { bit } of instrument.views)
    bits |= instrument.bookless && bit === modeBit.depth ? modeBit.quote : bit
  return bits
}

/** Again after the first pause, then after twice the time, and so on. */
const dueAgain = (upstream: UpstreamSubscription, firstMs: number, now: number): boolean =>
  now - Math.max(upstream.sentAt, upstream.resentAt) >
  Math.min(LONGEST_RESEND_MS, firstMs * 2 ** Math.max(0, upstream.resends - 1))
