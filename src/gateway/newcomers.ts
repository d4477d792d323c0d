/**
 * Clients that have not logged in. Anybody can be one, and what one sends the library keeps until the message is whole, which
 * nobody sees: so there are few at a time, and with them a bound on that memory. Whoever comes when all places are taken waits
 * with the handshake. A client logs in at once, so those that have not within a second make room. In a crowd of good clients, as after
 * a restart, that takes longer, because they or we are busy: they have more time as long as others of them log in.
 */
export interface Newcomer {
  /** Its first request waits for us. */
  readonly isHeard: boolean
  /** It takes too long and others wait. */
  readonly makeRoom: () => void
}

export interface Waiting {
  readonly enter: () => void
  /** It has waited long enough. */
  readonly decline: () => void
}

/** How long a client is left in peace while others wait. */
const PEACE_MS = 1000
/** The same while logins go on. */
const CROWD_PEACE_MS = 4000
/** A login so lately: they do. */
const LATELY_MS = 1000
/** How long a handshake may wait. */
const PATIENCE_MS = 5000
const TEND_EVERY_MS = 100

export class Newcomers<N extends Newcomer> {
  readonly #most: number
  readonly #now: () => number
  /** Since when; the oldest first. */
  readonly #inside = new Map<N, number>()
  /** The newest last. It is the first to enter: those before may not be there any more, or never have meant to log in. */
  readonly #waiting = new Map<Waiting, number>()
  /** A gateway that has just started is met by a crowd. */
  #lastLogin: number
  #timer: NodeJS.Timeout | undefined
  #tendsSoon = false
  #tending = false

  constructor(most: number, now: () => number) {
    this.#most = most
    this.#now = now
    this.#lastLogin = now()
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Enters now or later, unless it is cancelled. */
  admit(who: Waiting): void {
    if (this.#inside.size < this.#most && this.#waiting.size === 0) return who.enter()
    this.#waiting.set(who, this.#now())
    this.#timer ??= setInterval(() => this.tend(), TEND_EVERY_MS)
    this.#tendSoon()
  }

  cancel(who: Waiting): void {
    if (this.#waiting.delete(who)) this.#rest()
  }

  joined(who: N): void {
    this.#inside.set(who, this.#now())
  }

  loggedIn(who: N): void {
    this.#lastLogin = this.#now()
    this.left(who)
  }

  /** It is gone. */
  left(who: N): void {
    if (this.#inside.delete(who) && this.#waiting.size > 0) this.#tendSoon()
  }

  close(): void {
    this.#waiting.clear()
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
      if (this.#waiting.size > 0) this.tend()
    })
  }

  /** What it calls may call back: one round at a time. */
  tend(): void {
    if (this.#tending) return
    this.#tending = true
    try {
      this.#makeRoom(this.#now())
      for (const who of [...this.#waiting.keys()].toReversed()) {
        if (this.#inside.size >= this.#most) break
        this.#waiting.delete(who)
        who.enter()
      }
    } finally {
      this.#tending = false
      this.#rest()
    }
  }

  #makeRoom(now: number): void {
    for (const [who, since] of this.#waiting) {
      if (now - since < PATIENCE_MS) break
      this.#waiting.delete(who)
      who.decline()
    }
    let wanted = this.#waiting.size - (this.#most - this.#inside.size)
    const peace = now - this.#lastLogin < LATELY_MS ? CROWD_PEACE_MS : PEACE_MS
    for (const [who, since] of this.#inside) {
      if (wanted <= 0 || now - since < peace) break
      if (who.isHeard) continue
      wanted--
      this.#inside.delete(who)
      who.makeRoom()
    }
  }

  #rest(): void {
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
