/** What is subscribed on one connection to Groww's feed, by subject and by the numbers that subscriptions have. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, CodecOptions, Frame } from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import { brokerText, chunks } from "../kit/text.ts"
import type { LocalRefusals } from "../kit/localRefusals.ts"
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
   * Records the changes and returns what asks for them.
   *
   * @param unasked takes what cannot be asked for
   */
  request(changes: ReadonlyArray<Change>, unasked: LocalRefusals): ReadonlyArray<Frame> {
    const touched = new Map<string, Held>()
    const asked = new Set<Held>()
    const again = new Set<Held>()
    for (const change of changes) {
      const { instrument, to } = change
      const path = this.#codes[instrument.exchange]
      if (path === undefined || !isSubjectToken(instrument.token)) {
        unasked.add(
          instrument,
          path === undefined
            ? `${nameOf(instrument)}: Groww publishes nothing of ${instrument.exchange}`
            : `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is none of Groww's: ` +
                `import Groww's instruments anew`
        )
        continue
      }
      const key = `${path} ${instrument.token}`
      const held =
        this.#givenUp.before(key, change) ??
        (to === undefined ? undefined : this.#hold(key, path, instrument))
      if (held === undefined) continue
      if (to === undefined && held.wanted.length === 0) again.add(held)
      if (to !== undefined) held.instrument = instrument
      held.wanted = to === undefined ? [] : kindsFor(path, to.mode)
      touched.set(key, held)
      if (isSubscribe(change)) asked.add(held)
    }
    return this.#frames(touched, asked, again)
  }

  #hold(key: string, path: string, instrument: WireInstrument): Held {
    const feeds: Array<Feed> = []
    const held: Held = { instrument, feeds, wanted: [] }
    for (const kind of kindsOf(path)) {
      const subject = subjectOf(path, kind, instrument.token)
      // An index has nothing but its value, which therefore serves its quote readers too.
      const serves =
        kind === "book"
          ? modeBit.depth
          : kind === "price" && !isIndexPath(path)
            ? refreshes.ltp
            : refreshes.quote
      const feed: Feed = {
        held,
        kind,
        subject,
        bytes: Nats.bytesOf(subject),
        refreshes: serves,
        sid: 0,
        formerSid: 0
      }
      feeds.push(feed)
      this.#bySubject.set(subject, feed)
    }
    this.#held.set(key, held)
    return held
  }

  /**
   * What nobody wants any more makes room first; a change of mode subscribes the new before it drops the old. A subject
   * that is asked for once more gets another number, as a second subscription of the first would deliver it twice.
   *
   * @param asked to be asked for even where they are subscribed
   * @param again to be given up although they have been
   */
  #frames(
    touched: ReadonlyMap<string, Held>,
    asked: ReadonlySet<Held>,
    again: ReadonlySet<Held>
  ): ReadonlyArray<Frame> {
    const gone: Array<string> = []
    const added: Array<string> = []
    const replaced: Array<string> = []
    for (const [key, held] of touched) {
      const { feeds, wanted } = held
      const anew = asked.has(held)
      for (const feed of feeds) {
        const is = wanted.includes(feed.kind)
        if (feed.formerSid > 0 && again.has(held)) gone.push(`UNSUB ${feed.formerSid}\r\n`)
        if (is === feed.sid > 0 && !(is && anew)) continue
        if (feed.sid > 0) {
          ;(wanted.length === 0 || is ? gone : replaced).push(`UNSUB ${feed.sid}\r\n`)
          this.#bySid.delete(feed.sid)
          feed.formerSid = feed.sid
          feed.sid = 0
        }
        if (!is) continue
        feed.sid = ++this.#lastSid
        this.#bySid.set(feed.sid, feed)
        added.push(`SUB ${feed.subject} ${feed.sid}\r\n`)
      }
      if (wanted.length > 0) continue
      this.#givenUp.drop(key)
      for (const { subject } of feeds) this.#formerSubjects.drop(subject)
    }
    return [gone, added, replaced].flatMap((lines) =>
      chunks(lines, this.#batch).map((some) => Nats.bytesOf(some.join("")))
    )
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

const isSame = (a: Uint8Array, b: Uint8Array, from: number, to: number): boolean => {
  if (a.length !== to - from) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[from + i]) return false
  return true
}
