/**
 * Long work on sockets, piece by piece: one piece in each turn of the event loop, of all that is to be done, each job in
 * its turn. So a client with thousands of subscriptions, and a hundred such at once, hold up each other and nobody else.
 */

/** Does a piece of its work; true when more is left. Must not throw. */
export type Job = () => boolean

/** What one piece may be: some hundred microseconds. */
export const PIECE = 250

export class Turns {
  #now: Array<Job> = []
  #next: Array<Job> = []
  #at = 0
  #turn: NodeJS.Immediate | undefined

  get size(): number {
    return this.#now.length - this.#at + this.#next.length
  }

  /** A job is there once at a time: its owner sees to that. */
  add(job: Job): void {
    this.#next.push(job)
    this.#turn ??= setImmediate(this.#run)
  }

  readonly #run = (): void => {
    if (this.#at === this.#now.length) {
      this.#now = this.#next
      this.#next = []
      this.#at = 0
    }
    const job = this.#now[this.#at++]
    if (job?.() === true) this.#next.push(job)
    this.#turn = this.size > 0 ? setImmediate(this.#run) : undefined
  }

  /** Nothing more is done. */
  stop(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    this.#now = []
    this.#next = []
    this.#at = 0
  }
}
