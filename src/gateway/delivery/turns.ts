/**
 * Does long work on sockets in pieces. Each turn of the event loop does one piece of one job, and the jobs take turns. So
 * even a hundred clients with thousands of subscriptions each delay only each other.
 */

/** Does a piece of its work; true when more is left. Must not throw. */
export type Job = () => boolean

/** The most items (frames, subscriptions or wake-ups) in one piece: some hundred microseconds of work. */
export const PIECE = 250

export class Turns {
  #now: Array<Job> = []
  #next: Array<Job> = []
  #at = 0
  #turn: NodeJS.Immediate | undefined

  get size(): number {
    return this.#now.length - this.#at + this.#next.length
  }

  /** The owner must not add a job that is already queued. */
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
