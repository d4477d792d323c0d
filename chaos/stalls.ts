/** How long this process itself stood still: nobody can tick in that time, and no recovery is late by it. */
const EVERY_MS = 25

export interface Stalls {
  /** ms in which the event loop did not turn, since then. @param at epoch ms */
  readonly since: (at: number) => number
  readonly stop: () => void
}

export const watchStalls = (): Stalls => {
  const stalls: Array<{ readonly at: number; readonly ms: number }> = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const late = now - last - EVERY_MS
    last = now
    if (late > EVERY_MS) stalls.push({ at: Date.now(), ms: late })
    if (stalls.length > 10_000) stalls.splice(0, 5000)
  }, EVERY_MS)
  timer.unref()
  return {
    since: (from) => stalls.reduce((sum, { at, ms }) => (at >= from ? sum + ms : sum), 0),
    stop: () => clearInterval(timer)
  }
}
