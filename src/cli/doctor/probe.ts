/** Logs a user in, and subscribes one instrument of every segment, to see whether it ticks. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { BrokerAdapter } from "../../brokers/adapter.ts"
import type { Broker } from "../../brokers/broker.ts"
import type { Exchange } from "../../market/exchange.ts"
import type { MarketHours } from "../../market/hours.ts"
import { monotonicMillis } from "../../kit/monotonic.ts"
import type { Instrument } from "../../market/instrument.ts"
import { createAdapter } from "../../session/factory.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import type { Segment } from "../../store/instruments/instruments.ts"
import { MOST_FOUND } from "../../store/instruments/search/query.ts"
import type { User } from "../../store/users/users.ts"
import type { Check } from "./check.ts"
import { fail, ok, warn } from "./check.ts"

const LOGIN_PATIENCE = "20 seconds"
/** How long an instrument of an open exchange may take to tick. */
const TICK_PATIENCE_MS = 15_000
/** How long a broker may take to confirm or refuse one whose exchange is closed. Many never say. */
const ANSWER_PATIENCE_MS = 3000
const LOOK_EVERY = "200 millis"

/** What is liquid enough to tick within seconds, by segment. */
const liquid: Readonly<Partial<Record<Exchange, ReadonlyArray<string>>>> = {
  NSE: ["RELIANCE", "INFY"],
  BSE: ["RELIANCE", "INFY"],
  NSE_INDEX: ["NIFTY", "BANKNIFTY"],
  BSE_INDEX: ["SENSEX"],
  NFO: ["NIFTY"],
  BFO: ["SENSEX"],
  CDS: ["USDINR"],
  BCD: ["USDINR"],
  MCX: ["CRUDEOIL", "GOLD"],
  NCO: ["GOLD"],
  CRYPTO: ["BTC"]
}

interface Probe {
  readonly instrument: Instrument
  /** Whether its silence is a fault: an instrument that nobody knows may just not trade. */
  readonly telling: boolean
}

/** A well-known instrument of the segment, of derivatives the future that expires next; else any that lives. */
const probeOf = Effect.fnUntraced(function* (broker: Broker, segment: Segment, today: string) {
  const instruments = yield* Instruments
  for (const text of liquid[segment.exchange] ?? []) {
    const { exchange } = segment
    const exact = (yield* instruments.resolve(broker.name, [{ symbol: text, exchange }]))[0]
    if (exact !== undefined) return { instrument: exact, telling: true }
    const found = yield* instruments.search(broker.name, {
      text,
      exchanges: [exchange],
      types: ["FUT"],
      limit: MOST_FOUND,
      today
    })
    const futures = found.filter((i) => i.symbol.startsWith(text))
    const next = futures.sort((a, b) => (a.expiry ?? "").localeCompare(b.expiry ?? ""))[0]
    if (next !== undefined) return { instrument: next, telling: true }
  }
  return segment.example === undefined ? undefined : { instrument: segment.example, telling: false }
})

type Inspected = Effect.Success<ReturnType<BrokerAdapter["Service"]["inspect"]>>

const judge = (
  { instrument, telling }: Probe,
  s: Inspected,
  hours: MarketHours,
  now: number,
  what: string
) => {
  const { exchange, symbol } = instrument
  const name = `${what}, ${exchange}`
  if (s.ticks > 0) return ok(name, `${symbol} ticks`)
  if (s.state === "failed") return fail(name, `${symbol}: ${s.verdict}`, "Check what the account may stream")
  const { open, why } = hours.at(exchange, now)
  if (!open) {
    const state = s.state === "confirmed" ? "confirmed by the broker" : "subscribed"
    return ok(name, `${symbol} is ${state}; the exchange is closed (${why})`)
  }
  const found = `${symbol} does not tick: ${s.verdict}`
  return telling
    ? fail(name, found, "Log in anew, or ask the broker whether data is enabled")
    : warn(name, found, "It may just not trade: compare with the broker's own screen")
}

/** Waits for a tick of each instrument if its exchange is open, otherwise for an answer, and reports how far each came. */
const watch = Effect.fnUntraced(function* (
  adapter: BrokerAdapter["Service"],
  probes: ReadonlyArray<Probe>,
  hours: MarketHours,
  what: string
) {
  const begun = yield* monotonicMillis
  for (;;) {
    const now = yield* Clock.currentTimeMillis
    const waited = (yield* monotonicMillis) - begun
    const seen = yield* Effect.forEach(probes, ({ instrument }) =>
      adapter.inspect(instrument.exchange, instrument.symbol)
    )
    const waiting = seen.some((s, i) => {
      if (s.ticks > 0 || s.state === "failed") return false
      return hours.at(probes[i]!.instrument.exchange, now).open
        ? waited < TICK_PATIENCE_MS
        : s.state !== "confirmed" && waited < ANSWER_PATIENCE_MS
    })
    if (!waiting) return seen.map((s, i) => judge(probes[i]!, s, hours, now, what))
    yield* Effect.sleep(LOOK_EVERY)
  }
})

/** @param today `YYYY-MM-DD` in India */
export const logIn = Effect.fnUntraced(function* (
  user: User,
  broker: Broker,
  segments: ReadonlyArray<Segment>,
  hours: MarketHours,
  today: string
) {
  const what = `user ${user.name}`
  const storeLogin = `Store today's login with "algoways credentials set ${user.name}"`
  const adapter = yield* createAdapter(broker.name)
  const login = yield* adapter.initialise({ user: user.name }).pipe(
    Effect.andThen(adapter.connect),
    Effect.timeoutOrElse({
      duration: LOGIN_PATIENCE,
      orElse: () => Effect.fail({ _tag: "TimedOut" as const, message: "no answer in time" })
    }),
    Effect.result
  )
  if (login._tag === "Failure") {
    const { _tag, message } = login.failure
    const remedy =
      _tag === "AuthRejected" || _tag === "CredentialsMissing"
        ? storeLogin
        : broker.simulated === true
          ? `See whether its simulator runs at ${broker.endpoint}`
          : "Check the connection to the broker, and its status page"
    return [fail(`${what}, login`, message, remedy)]
  }
  const checks: Array<Check> = [ok(`${what}, login`, `${broker.title} accepts it`)]
  const probes: Array<Probe> = []
  for (const segment of segments) {
    const probe = yield* probeOf(broker, segment, today)
    if (probe !== undefined) probes.push(probe)
    else {
      const remedy = `Import them anew with "algoways instruments import ${broker.name}"`
      checks.push(fail(`${what}, ${segment.exchange}`, "all of its instruments have expired", remedy))
    }
  }
  const answers = yield* adapter.subscribe(
    probes.map(({ instrument: { exchange, symbol } }) => ({ exchange, symbol, mode: "ltp" as const }))
  )
  for (const answer of answers) {
    if (answer.status === "error") {
      const remedy = "See docs/brokers.md for the broker's limits"
      checks.push(fail(`${what}, ${answer.exchange}`, answer.message, remedy))
    }
  }
  const taken = probes.filter((_, i) => answers[i]?.status === "success")
  const watched = yield* watch(adapter, taken, hours, what)
  // Some brokers greet before they have looked at the login, and refuse it when the connection is up.
  const { reason = "the broker refused it", state } = yield* adapter.status
  if (state === "waiting_for_login") return [fail(`${what}, login`, reason, storeLogin)]
  return [...checks, ...watched]
})
