/**
 * Is a connection that looks alive alive? Judged once a second from what its instruments are known to do, so that a
 * quiet night, a lunch hour or an illiquid option is not taken for a fault. Pure.
 *
 * The clocks of bytes and pongs are the connection's own (`connection.ts`); this is the clock of ticks, for the whole
 * connection and for part of its instruments.
 */
import type { Broker } from "../../brokers/broker.ts"
import type { Exchange } from "../../market/exchange.ts"
import { modeBit } from "../../market/mode.ts"
import type { Line } from "../subscriptions/upstreamSubscription.ts"
import type { Slot } from "../subscriptions/pool.ts"

export interface TickLimits {
  /** A connection that ticked before: no tick for so long, while ticks are due. */
  readonly ticklessAfterMs: number
  /** A connection that has not ticked yet, after its subscriptions went out. Doubles with each such connection. */
  readonly firstTickAfterMs: number
  /** One instrument, while others flow. */
  readonly partialAfterMs: number
}

/**
 * No broker names such limits. Ten seconds without any tick of a lively list is more than any batching of theirs; an
 * instrument gets half as long again.
 */
export const tickLimits = ({ heartbeat }: Pick<Broker, "heartbeat">): TickLimits => ({
  ticklessAfterMs: heartbeat.ticklessAfterMs ?? 10_000,
  firstTickAfterMs: heartbeat.firstTickAfterMs ?? 15_000,
  partialAfterMs: heartbeat.partialAfterMs ?? 15_000
})

/** So many times its usual pause is more than chance, for the connection and for one instrument. */
const PAUSES = 20
const LINE_PAUSES = 30
/** Ticks from which a usual pause is known. */
const KNOWN_AFTER = 8
/** The longest wait for the first tick: a list of illiquid options may really have nothing to say. */
const LONGEST_FIRST_TICK_MS = 600_000
/**
 * Replacing a connection so often in a row is tried at once. When what replaces it falls silent like it, the market has more
 * likely closed unknown to the calendar: each further login waits twice as long for its turn.
 */
const FREE_REPLACEMENTS = 4
/** The most that a limit of silence grows to by it. */
const LONGEST_SILENCE_MS = 600_000
/** Lively for so many times the limit of one instrument: what was silent before is over. */
const RECOVERED_AFTER = 5
/** Sent again so often before the connection is blamed, and the share of instruments that it takes. */
const RESENDS = 2
const BLAMED_SHARE = 0.25
/** Further tries for what alone stays silent: it may be suspended from trading. */
const LONGEST_RESEND_MS = 600_000
/** The weight of one second in a connection's short-term rate: some ten seconds. */
const RATE_WEIGHT = 0.1

export interface Verdict {
  /** The whole connection is of no use, in words. */
  readonly mute: string | undefined
  /** Instruments that have just fallen silent while others flow. */
  readonly silenced: ReadonlyArray<Line>
  /** To be asked for again: silent ones, and those that nothing has confirmed. */
  readonly resend: ReadonlyArray<Line>
  /** Whether ticks are due at all, and why not. */
  readonly due: boolean
  readonly quietBecause: string | undefined
}

export interface Judging {
  readonly now: number
  /** Since the last look. */
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

/** Looks at a connection that is up. Keeps the slot's short-term rate, and notes when its silences are over. */
export const judge = (
  slot: Slot,
  ticksSince: number,
  { closed, elapsedMs, limits, now }: Judging
): Verdict => {
  slot.rate += ((ticksSince * 1000) / elapsedMs - slot.rate) * Math.min(1, (RATE_WEIGHT * elapsedMs) / 1000)
  let why: string | undefined = "nothing is subscribed"
  let due = 0
  /** Ticks per second by what the instruments usually do, and of those alone that are not silent. */
  let usual = 0
  let flowing = 0
  let firstSentAt = 0
  for (const line of slot.lines.values()) {
    const reason = closed(line.entry.exchange)
    if (reason !== undefined) {
      why = reason
      continue
    }
    if (line.state === "wanted" || line.state === "failed") continue
    due++
    if (firstSentAt === 0 || line.sentAt < firstSentAt) firstSentAt = line.sentAt
    if (line.ticks < KNOWN_AFTER || line.gap === 0) continue
    usual += 1000 / line.gap
    if (now - line.lastTickAt <= LINE_PAUSES * line.gap) flowing += 1000 / line.gap
  }
  // Refused ones are no reason to expect ticks, and still asked for again.
  const refused = [...slot.lines.values()].filter(
    (line) =>
      line.state === "failed" &&
      closed(line.entry.exchange) === undefined &&
      dueAgain(line, limits.firstTickAfterMs, now)
  )
  if (due === 0) return { ...quiet(why), resend: refused }
  const patience = 2 ** Math.max(0, slot.silences - FREE_REPLACEMENTS)
  const mute = muteFor(slot, now, firstSentAt, usual, limits, patience)
  if (mute !== undefined) return { ...quiet(undefined), mute, due: true }

  // When everything has slowed down, so have the parts: a rate that falls to a fiftieth is no partial silence.
  const slowdown = slot.rate > 0 ? Math.max(1, flowing / slot.rate) : 1
  const silenced: Array<Line> = []
  const resend = refused
  let stale = 0
  let blamed = 0
  for (const line of slot.lines.values()) {
    if (closed(line.entry.exchange) !== undefined) continue
    if (line.state === "sent") {
      if (dueAgain(line, limits.firstTickAfterMs, now)) resend.push(line)
      continue
    }
    if (line.state !== "confirmed") continue
    if ((line.told & needed(line)) !== needed(line)) {
      // Acknowledged, or part of it ticks: the rest may have been lost.
      if (dueAgain(line, limits.partialAfterMs, now)) resend.push(line)
    } else if (!line.stale) line.resends = 0
    if (line.ticks < KNOWN_AFTER || line.gap === 0) continue
    const limit = Math.max(limits.partialAfterMs, LINE_PAUSES * line.gap * slowdown)
    // A connection that has just come up owes its first tick from then on.
    if (now - Math.max(line.lastTickAt, line.sentAt) <= limit) continue
    stale++
    if (!line.stale) silenced.push(line)
    if (dueAgain(line, limits.partialAfterMs, now) && !resend.includes(line)) resend.push(line)
    if (line.resends >= RESENDS && now - line.resentAt > longer(limits.partialAfterMs, patience)) blamed++
  }
  if (stale > 0 || now - slot.clocks.tick > limits.ticklessAfterMs) slot.lively = now
  const recovered = longer(RECOVERED_AFTER * limits.partialAfterMs, patience)
  if (now - Math.max(slot.lively, slot.since) > recovered) slot.silences = 0
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
  slot: Slot,
  now: number,
  firstSentAt: number,
  usual: number,
  limits: TickLimits,
  patience: number
): string | undefined => {
  // Of this connection, or of nothing so far.
  const ticked = slot.clocks.tick >= slot.since && slot.clocks.tick > 0
  if (!ticked) {
    const limit = Math.min(LONGEST_FIRST_TICK_MS, limits.firstTickAfterMs * 2 ** slot.mutes)
    return now - Math.max(firstSentAt, slot.since) > limit
      ? `connected, and no tick for ${Math.round((now - slot.since) / 1000)} s since: the login may be yesterday's`
      : undefined
  }
  const limit = longer(
    Math.max(limits.ticklessAfterMs, usual > 0 ? (PAUSES * 1000) / usual : limits.firstTickAfterMs),
    patience
  )
  const silent = now - slot.clocks.tick
  return silent > limit ? `no valid tick for ${Math.round(silent / 1000)} s while ticks are due` : undefined
}

/** What somebody reads of it, as bits of modes; where there is no book, depth is the quote. */
const needed = ({ entry, slot, want }: Line): number => {
  if (slot.feed > 0) return modeBit[want.mode]
  let bits = 0
  for (const { bit } of entry.views) bits |= entry.bookless && bit === modeBit.depth ? modeBit.quote : bit
  return bits
}

/** Again after the first pause, then after twice the time, and so on. */
const dueAgain = (line: Line, firstMs: number, now: number): boolean =>
  now - Math.max(line.sentAt, line.resentAt) >
  Math.min(LONGEST_RESEND_MS, firstMs * 2 ** Math.max(0, line.resends - 1))
