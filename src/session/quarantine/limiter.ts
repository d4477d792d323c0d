/** A bucket of tokens per key: a few at once, then some a minute. */

export interface LimiterOptions {
  readonly burst: number
  readonly perMinute: number
}

export type Limiter = (key: string, now: number) => boolean

/** True lets one pass. Keys are few: a broker and a cause. */
export const makeLimiter = ({ burst, perMinute }: LimiterOptions): Limiter => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (key, now) => {
    let bucket = buckets.get(key)
    if (bucket === undefined) buckets.set(key, (bucket = { tokens: burst, at: now }))
    // A clock that was set back gives nothing and takes nothing.
    const gained = (Math.max(0, now - bucket.at) * perMinute) / 60_000
    bucket.tokens = Math.min(burst, bucket.tokens + gained)
    bucket.at = now
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}
