/** A token bucket per key: a burst, then a number per minute. */

export interface LimiterOptions {
  readonly burst: number
  readonly perMinute: number
}

export type Limiter = (key: string) => boolean

/**
 * True: pass one. There are few keys: a broker and a cause.
 *
 * @param now monotonic milliseconds
 */
export const makeLimiter = ({ burst, perMinute }: LimiterOptions, now: () => number): Limiter => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (key) => {
    const at = now()
    let bucket = buckets.get(key)
    if (bucket === undefined) buckets.set(key, (bucket = { tokens: burst, at }))
    const gained = ((at - bucket.at) * perMinute) / 60_000
    bucket.tokens = Math.min(burst, bucket.tokens + gained)
    bucket.at = at
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}
