/**
 * How many changes are due: spreads a rate per second over the turns of a timer that comes late or not at all for a
 * while. Arrears are made up for within a second and at no more than twice the normal pace; older ones are lost,
 * so that a stalled process never floods its clients afterwards.
 */
export interface Pacer {
  /** @param now monotonic ms of this turn */
  readonly due: (now: number) => number
  /** Changes per second; takes effect with the next turn. */
  readonly setRate: (perSecond: number) => void
  /** Forgets what was due: after a pause nothing is made up for. */
  readonly restart: (now: number) => void
}

/** More than this no machine makes; also what an absurd setting becomes. */
const MAX_RATE = 1_000_000

const sane = (perSecond: number): number => (perSecond > 0 ? Math.min(perSecond, MAX_RATE) : 0)

/** @param turnMs the timer's nominal interval */
export const makePacer = (perSecond: number, turnMs: number, start: number): Pacer => {
  let rate = sane(perSecond)
  let last = start
  // In thousandths of a change: whole numbers, which add up exactly.
  let credit = 0
  return {
    due: (now) => {
      const elapsed = now - last
      last = now
      credit = Math.min(credit + rate * elapsed, Math.max(rate, 1) * 1000)
      const most = Math.max(1, Math.ceil((2 * rate * turnMs) / 1000))
      const due = Math.min(Math.floor(credit / 1000), most)
      credit -= due * 1000
      return due
    },
    setRate: (perSecond) => {
      rate = sane(perSecond)
      credit = 0
    },
    restart: (now) => {
      last = now
      credit = 0
    }
  }
}
