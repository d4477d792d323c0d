/** What `algoways status` prints: each thing once, times in India, and the remedy. */
import { assert, describe, it } from "@effect/vitest"
import { feedText, instrumentText } from "../../../../src/cli/text/statusText.ts"
import type { FeedStatus, InstrumentStatus } from "../../../../src/market/feedStatus.ts"

const NOW = Date.parse("2026-12-01T09:20:00+05:30")
const MISSING =
  'User "asha" has no authToken (access token) for broker "zerodha": see "algoways credentials set asha"'
const REJECTED = "the broker rejected the credentials (TokenException)"

const waiting = (reason: string, cause: string): FeedStatus => ({
  user: "asha",
  broker: "zerodha",
  state: "waiting_for_login",
  reason,
  connections: [
    {
      id: 1,
      stream: "zerodha",
      state: "parked",
      reason,
      since: NOW - 5000,
      used: 0,
      limit: 3000,
      restarts: 0
    }
  ],
  instruments: { wanted: 0, sent: 0, confirmed: 0, failed: 0, stale: 0 },
  expecting_ticks: false,
  quiet_because: "nothing is connected",
  decisions: [{ at: NOW - 5000, decision: "park", cause, connection: 1 }]
})
const GATEWAY = { clients: 1, subscriptions: 0 }
const times = (text: string, part: string): number => text.split(part).length - 1

const untouched: InstrumentStatus = {
  symbol: "INFY",
  exchange: "NSE",
  resolved: true,
  token: "408065",
  ticks: 0,
  rejected: 0,
  stale: false,
  readers: 0,
  market_open: false,
  verdict: "No session runs (idle): nobody reads from it: it starts with the first client"
}

describe("the text of a feed's state", () => {
  it("says a missing login once, with its remedy", () => {
    const text = feedText(waiting(MISSING, MISSING), GATEWAY, NOW)
    assert.strictEqual(times(text, "has no authToken"), 1)
    assert.strictEqual(times(text, "algoways credentials set asha"), 1)
    // There is no socket whose last byte could be told.
    assert.match(text, /parked +2026-12-01 09:19:55 +never +- +0\/3000 /)
    assert.match(text, /^ticks +not due now \(nothing is connected\); none yet$/m)
  })

  it("names the remedy where the broker's refusal does not", () => {
    const text = feedText(waiting(REJECTED, `${REJECTED}; waiting`), GATEWAY, NOW)
    assert.strictEqual(times(text, REJECTED), 1)
    assert.match(text, /^remedy +store today's login: algoways credentials set asha$/m)
    assert.include(text, "as above; waiting")
  })

  it("has India's time, and says so", () => {
    const text = feedText({ ...waiting(MISSING, MISSING), last_tick: NOW - 3 * 3_600_000 }, GATEWAY, NOW)
    assert.include(text, "the last one 2026-12-01 06:20:00 IST")
    assert.match(text, /SINCE \(IST\)[^]*2026-12-01 09:19:55[^]*AT \(IST\)[^]*2026-12-01 09:19:55/)
    assert.notInclude(text, "UTC")
  })

  it("has no column of nothing for an instrument that nobody asked for", () => {
    const text = instrumentText(untouched, NOW)
    assert.notInclude(text, "never")
    assert.match(text, /^token +408065$/m)
    const asked = instrumentText({ ...untouched, state: "sent", sent_at: NOW - 1000 }, NOW)
    assert.match(asked, /^asked for +1 s ago$/m)
  })
})
