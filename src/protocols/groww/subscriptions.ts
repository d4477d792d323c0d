/** What is subscribed on one connection to Groww's feed, by subject and by the numbers that subscriptions have. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, CodecOptions, Frame } from "../protocol.ts"
import type { LocalRefusals } from "../kit/localRefusals.ts"
import { badToken } from "../kit/localRefusals.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import { chunks } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import * as Nats from "./nats.ts"
import type { Kind } from "./subjects.ts"
import { isIndexPath, isSubjectToken, kindsFor, kindsOf, subjectOf } from "./subjects.ts"

/** One subject of an instrument. */
export interface Feed {
  readonly held: Held
  readonly kind: Kind
  readonly subject: string
  readonly bytes: Uint8Array
  /** Of the modes that read it. */
  readonly refreshes: number
  /** The subscription's number, which is the client's own; 0 while it is not subscribed. */
  sid: number
  /** The number that it was given up under. */
  formerSid: number
}

/** An instrument that somebody wants. */
export interface Held {
  instrument: WireInstrument
  readonly feeds: ReadonlyArray<Feed>
  wanted: ReadonlyArray<Kind>
}

export class Subscriptions {
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  /** By segment and token. */
  readonly #held = new Map<string, Held>()
  readonly #bySid = new Map<number, Feed>()
  readonly #bySubject = new Map<string, Feed>()
  readonly #givenUp = new GivenUp(this.#held)
  readonly #formerSubjects = new GivenUp(this.#bySubject)
  #lastSid = 0

  constructor(options: CodecOptions) {
    this.#codes = textCodes("groww", options.codes)
    this.#batch = options.batch
  }

  /**
   * What nobody wants any more makes room first; a change of mode subscribes the new before it drops the old. A subject
   * that is asked for once more gets another number, as a second subscription of the first would deliver it twice.
   *
   * @param unasked takes what cannot be asked for
   */
  request(changes: ReadonlyArray<Change>, unasked: LocalRefusals): ReadonlyArray<Frame> {
    const changed = applyChanges(changes, {
      unasked,
      placeOf: (instrument) => {
        const path = this.#codes[instrument.exchange]
        if (path === undefined)
          return `${nameOf(instrument)}: Groww publishes nothing of ${instrument.exchange}`
        if (!isSubjectToken(instrument.token)) return badToken(instrument, "none of Groww's", "Groww's")
        return { id: `${path} ${instrument.token}`, givenUp: this.#givenUp, path }
      },
      kinds: ({ feeds, wanted }) =>
        wanted.length > 0 ? wanted : feeds.flatMap(({ formerSid, kind }) => (formerSid > 0 ? [kind] : [])),
      make: (instrument, { mode }, known, { path }) => {
        const held = known ?? newHeld(instrument, path)
        held.instrument = instrument
        held.wanted = kindsFor(path, mode)
        for (const feed of held.feeds) this.#bySubject.set(feed.subject, feed)
        return held
      },
      drop: (held) => {
        held.wanted = []
        for (const { subject } of held.feeds) this.#formerSubjects.drop(subject)
      }
    })
    return stepsOf(changed, { order: "overlap", renews: true }).flatMap(({ action, items }) => {
      const lines = items.map(({ kind, subscription }) => {
        const feed = subscription.feeds.find((one) => one.kind === kind)!
        return action === "subscribe" ? this.#take(feed) : this.#release(feed)
      })
      return chunks(lines, this.#batch).map((some) => Nats.bytesOf(some.join("")))
    })
  }

  #take(feed: Feed): string {
    feed.sid = ++this.#lastSid
    this.#bySid.set(feed.sid, feed)
    return `SUB ${feed.subject} ${feed.sid}\r\n`
  }

  /** Also what has been given up before. */
  #release(feed: Feed): string {
    if (feed.sid > 0) {
      this.#bySid.delete(feed.sid)
      feed.formerSid = feed.sid
      feed.sid = 0
    }
    return `UNSUB ${feed.formerSid}\r\n`
  }

  /** Whose subject it is, as the broker's errors name it. */
  holder(subject: string): WireInstrument | undefined {
    return this.#bySubject.get(subject)?.held.instrument
  }

  /** Whose subject it was before it was given up. */
  former(subject: string): WireInstrument | undefined {
    return this.#formerSubjects.of(subject)?.held.instrument
  }

  /** By the number that we gave it where the subject confirms it, else by the subject. */
  find(bytes: Uint8Array, from: number, to: number, sid: number): Feed | undefined {
    const feed = this.#bySid.get(sid)
    if (feed !== undefined && isSame(feed.bytes, bytes, from, to)) return feed
    return this.#bySubject.get(Nats.textOf(bytes, from, to))
  }
}

const newHeld = (instrument: WireInstrument, path: string): Held => {
  const feeds: Array<Feed> = []
  const held: Held = { instrument, feeds, wanted: [] }
  for (const kind of kindsOf(path)) {
    const subject = subjectOf(path, kind, instrument.token)
    feeds.push({
      held,
      kind,
      subject,
      bytes: Nats.bytesOf(subject),
      refreshes: news(path, kind),
      sid: 0,
      formerSid: 0
    })
  }
  return held
}

/** An index has nothing but its value, which therefore serves its quote readers too. */
const news = (path: string, kind: Kind): number => {
  if (kind === "book") return modeBit.depth
  return kind === "price" && !isIndexPath(path) ? refreshes.ltp : refreshes.quote
}

const isSame = (a: Uint8Array, b: Uint8Array, from: number, to: number): boolean => {
  if (a.length !== to - from) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[from + i]) return false
  return true
}
