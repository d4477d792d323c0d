/**
 * Clients that have not logged in. Anybody can be one, and what one sends the library keeps until the message is whole, which
 * nobody sees: so there are few at a time, and with them a bound on that memory. Whoever comes when all places are taken waits
 * with the handshake, until one that is silent makes room: of the address that has most, the one that has been silent for the longest.
 *
 * A client that means to log in says so at once, so a crowd that says nothing goes as fast as it comes, and delays nobody for long.
 * How fast is too fast depends on the clients: those of an address that have logged in show how long they take (`pace.ts`). Some places
 * are for slower ones, whatever the others are like: by those it is seen when all are slow, as in a crowd after a restart.
 */
import { Allowance, Tally } from "../limits.ts"
import { Pace } from "./pace.ts"
import { WaitingQueue } from "./waitingQueue.ts"

export interface Newcomer {
  readonly address: string
  /** So long it waits by nature before it speaks. */
  readonly hesitatesMs: number
  /** It has sent a whole message. */
  readonly hasSpoken: boolean
  /** Its first request waits for us. */
  readonly isHeard: boolean
  /** Others wait, and it takes so long already. */
  readonly makeRoom: (afterMs: number) => void
}

export interface Waiting {
  readonly address: string
  readonly enter: () => void
  /** It has waited long enough. */
  readonly decline: () => void
}

/** The share of the places whose clients have time, and how long. */
const SLOW_SHARE = 4
const SLOW_MS = 4000
/** Whoever has spoken is left in peace for so long at least, unless such clients have most of the places. */
const SPOKEN_MS = 1000
/** How long a handshake may wait. */
const PATIENCE_MS = 5000
/** How many are sent away in a second, and at once: each that comes instead may send a megabyte before it is sent away too. */
const SENT_AWAY_PER_SECOND = 600
const SENT_AWAY_AT_ONCE = 16
const TEND_EVERY_MS = 20

interface Place {
  readonly since: number
  /** It is one of those for slower clients. */
  readonly isSlow: boolean
  spokeAfterMs: number | undefined
}

export class Newcomers<N extends Newcomer> {
  readonly #most: number
  readonly #now: () => number
  readonly #pace = new Pace()
  readonly #sendingAway: Allowance
  /** The oldest first. */
  readonly #inside = new Map<N, Place>()
  readonly #insideOf = new Tally<string>()
  #slow = 0
  readonly #lines = new Map<string, WaitingQueue<Waiting>>()
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #tendedAt = 0
  /** How long nobody was listened to: silence meanwhile is not theirs. */
  #deafMs = 0
  #tendsSoon = false
  #tending = false

  constructor(most: number, now: () => number) {
    this.#most = most
    this.#now = now
    this.#sendingAway = new Allowance(SENT_AWAY_PER_SECOND, SENT_AWAY_AT_ONCE, now())
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Of the time that silence is measured by. */
  get #moment(): number {
    return this.#now() - this.#deafMs
  }

  /** Enters now or later, unless it is cancelled. */
  admit(who: Waiting): void {
    if (this.#inside.size < this.#most && this.#waiting === 0) return who.enter()
    let line = this.#lines.get(who.address)
    if (line === undefined) this.#lines.set(who.address, (line = new WaitingQueue()))
    line.add(who, this.#now())
    this.#waiting++
    if (this.#timer === undefined) {
      this.#tendedAt = this.#now()
      this.#timer = setInterval(() => this.#tendByTime(), TEND_EVERY_MS)
    }
    this.#tendSoon()
  }

  cancel(who: Waiting): void {
    if (this.#lines.get(who.address)?.remove(who) === true) this.#leftLine(who.address)
  }

  joined(who: N): void {
    const isSlow = this.#slow < Math.floor(this.#most / SLOW_SHARE)
    if (isSlow) this.#slow++
    this.#inside.set(who, { since: this.#moment, isSlow, spokeAfterMs: undefined })
    this.#insideOf.add(who.address)
  }

  /** It has sent its first message. */
  spoke(who: N): void {
    const place = this.#inside.get(who)
    if (place !== undefined) place.spokeAfterMs ??= this.#moment - place.since
  }

  loggedIn(who: N): void {
    const took = this.#inside.get(who)?.spokeAfterMs
    if (took !== undefined && who.hesitatesMs === 0) this.#pace.loggedIn(who.address, took)
    this.left(who)
  }

  /** It is gone. */
  left(who: N): void {
    if (this.#giveUp(who) && this.#waiting > 0) this.#tendSoon()
  }

  close(): void {
    this.#lines.clear()
    this.#waiting = 0
    this.#rest()
  }

  /**
   * Not within the library's callbacks: when two handshakes are completed in the handler of one, it loses sight of the first, and ends
   * the process for it.
   */
  #tendSoon(): void {
    if (this.#tendsSoon) return
    this.#tendsSoon = true
    setImmediate(() => {
      this.#tendsSoon = false
      if (this.#waiting > 0) this.tend()
    })
  }

  #tendByTime(): void {
    const now = this.#now()
    this.#deafMs += Math.max(0, now - this.#tendedAt - 2 * TEND_EVERY_MS)
    this.#tendedAt = now
    this.tend()
  }

  /** What it calls may call back: one round at a time. */
  tend(): void {
    if (this.#tending) return
    this.#tending = true
    try {
      this.#decline(this.#now())
      while (this.#waiting > 0 && (this.#inside.size < this.#most || this.#makeRoom())) this.#next()?.enter()
    } finally {
      this.#tending = false
      this.#rest()
    }
  }

  #decline(now: number): void {
    for (const [address, line] of this.#lines) {
      for (let one = line.oldest; one !== undefined && now - one.since >= PATIENCE_MS; one = line.oldest) {
        line.remove(one.who)
        this.#leftLine(address)
        one.who.decline()
      }
    }
  }

  /** One of the address that has the fewest inside. */
  #next(): Waiting | undefined {
    let address = ""
    let fewest = Infinity
    for (const one of this.#lines.keys()) {
      const inside = this.#insideOf.of(one)
      if (inside >= fewest) continue
      address = one
      fewest = inside
      if (inside === 0) break
    }
    const who = this.#lines.get(address)?.next()
    if (who !== undefined) this.#leftLine(address)
    return who
  }

  #peaceOf(who: N, place: Place, spokenHaveMost: boolean): number {
    if (place.isSlow) return SLOW_MS
    const peace = Math.max(this.#pace.peaceMs(who.address), 2 * who.hesitatesMs)
    return who.hasSpoken && !spokenHaveMost ? Math.max(peace, SPOKEN_MS) : peace
  }

  /** One goes, if any may. The silent first, of those the ones of the address that has most inside, of those the oldest. */
  #makeRoom(): boolean {
    const now = this.#moment
    let spoken = 0
    for (const who of this.#inside.keys()) if (who.hasSpoken) spoken++
    const spokenHaveMost = spoken > this.#most / 2
    let found: N | undefined
    let most = 0
    for (const [who, place] of this.#inside) {
      if (who.isHeard || now - place.since < this.#peaceOf(who, place, spokenHaveMost)) continue
      const inside = this.#insideOf.of(who.address)
      const goesFirst = found === undefined || (found.hasSpoken && !who.hasSpoken)
      if (!goesFirst && (inside <= most || found?.hasSpoken !== who.hasSpoken)) continue
      found = who
      most = inside
    }
    if (found === undefined || this.#sendingAway.takeOrWait(1, this.#now()) > 0) return false
    const { since } = this.#inside.get(found)!
    this.#giveUp(found)
    found.makeRoom(now - since)
    return true
  }

  /** False when it is not inside. */
  #giveUp(who: N): boolean {
    const place = this.#inside.get(who)
    if (place === undefined) return false
    this.#inside.delete(who)
    this.#insideOf.remove(who.address)
    if (place.isSlow) this.#slow--
    return true
  }

  #leftLine(address: string): void {
    this.#waiting--
    if (this.#lines.get(address)?.size === 0) this.#lines.delete(address)
    if (this.#waiting === 0) this.#rest()
  }

  #rest(): void {
    if (this.#waiting > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
