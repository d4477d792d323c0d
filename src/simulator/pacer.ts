/**
 * How many changes are due: spreads a rate per second over the turns of a timer that comes late or not at all for a
 * while. Arrears are made up for within a second and at no more than twice the normal pace; older ones are lost,
 * so that a stalled process never floods its clients afterwards.
 */
export interface Pacer {
  /** @param now epoch ms of this turn */
  readonly due: (now: number) => number
  /** Changes per second; takes effect with the next turn. */
  readonly setRate: (perSecond: number) => void
  /** Forgets what was due: after a pause nothing is made up for. */
  readonly restart: (now: number) => void
}

/** @param turnMs the timer's nominal interval */
export const makePacer = (perSecond: number, turnMs: number, start: number): Pacer => {
  let rate = perSecond
  let last = start
  let credit = 0
  return {
    due: (now) => {
      const elapsed = Math.max(0, now - last)
      last = now
      credit = Math.min(credit + (rate * elapsed) / 1000, Math.max(rate, 1))
      const most = Math.max(1, Math.ceil((2 * rate * turnMs) / 1000))
      const due = Math.min(Math.floor(credit), most)
      credit -= due
      return due
    },
    setRate: (perSecond) => {
      rate = perSecond
      credit = 0
    },
    restart: (now) => {
      last = now
      credit = 0
    }
  }
}
