/** What the doctor looks at for each user: broker, credentials, instruments, a login, and a subscription per segment. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { BrokerAdapter } from "../../brokers/adapter.ts"
import type { Broker } from "../../brokers/broker.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import type { Exchange } from "../../market/exchange.ts"
import type { MarketHours } from "../../market/hours.ts"
import type { Instrument } from "../../market/instrument.ts"
import { createAdapter } from "../../session/factory.ts"
import { CredentialStore } from "../../store/credentials.ts"
import { Instruments } from "../../store/instruments.ts"
import type { User } from "../../store/users.ts"
import type { Check } from "./check.ts"
import { fail, ok, warn } from "./check.ts"

const LOGIN_PATIENCE = "20 seconds"
/** How long an instrument of an open exchange may take to tick. */
const TICK_PATIENCE_MS = 15_000
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

/** One instrument of the segment: a well-known one, of derivatives the future that expires next. */
const probeOf = Effect.fnUntraced(function* (broker: Broker, exchange: Exchange, today: string) {
  const instruments = yield* Instruments
  for (const text of liquid[exchange] ?? []) {
    const found = (yield* instruments.search(broker.name, text, 1000)).filter((i) => i.exchange === exchange)
    const exact = found.find((i) => i.symbol === text)
    if (exact !== undefined) return exact
    const futures = found.filter((i) => i.type === "FUT" && i.expiry !== undefined && i.expiry >= today)
    const next = futures.sort((a, b) => a.expiry!.localeCompare(b.expiry!))[0] ?? found[0]
    if (next !== undefined) return next
  }
  return undefined
})

/** Waits for a tick of each where its exchange is open, and tells how far each came. */
const watch = Effect.fnUntraced(function* (
  adapter: BrokerAdapter["Service"],
  probes: ReadonlyArray<Instrument>,
  hours: MarketHours,
  what: string
) {
  const until = (yield* Clock.currentTimeMillis) + TICK_PATIENCE_MS
  for (;;) {
    const now = yield* Clock.currentTimeMillis
    const seen = yield* Effect.forEach(probes, ({ exchange, symbol }) => adapter.inspect(exchange, symbol))
    const waiting = seen.some(
      (s, i) => s.ticks === 0 && s.state !== "failed" && hours.at(probes[i]!.exchange, now).open
    )
    if (waiting && now < until) {
      yield* Effect.sleep(LOOK_EVERY)
      continue
    }
    return seen.map((s, i): Check => {
      const { exchange, symbol } = probes[i]!
      const name = `${what}, ${exchange}`
      if (s.ticks > 0) return ok(name, `${symbol} ticks`)
      if (s.state === "failed")
        return fail(name, `${symbol}: ${s.verdict}`, "Check what the account may stream")
      const { open, why } = hours.at(exchange, now)
      return open
        ? fail(
            name,
            `${symbol} does not tick: ${s.verdict}`,
            "Log in anew, or ask the broker whether data is enabled"
          )
        : ok(name, `${symbol} is subscribed; the exchange is closed (${why})`)
    })
  }
})

const logIn = Effect.fnUntraced(function* (user: User, broker: Broker, hours: MarketHours) {
  const what = `user ${user.name}`
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
        ? `Store today's login with "algoways credentials set ${user.name}"`
        : "Check the connection to the broker, and its status page"
    return [fail(`${what}, login`, message, remedy)]
  }
  const checks: Array<Check> = [ok(`${what}, login`, `${broker.title} accepts it`)]
  const today = new Date((yield* Clock.currentTimeMillis) + 5.5 * 3_600_000).toISOString().slice(0, 10)
  const exchanges = Object.keys(broker.exchanges) as ReadonlyArray<Exchange>
  const found = yield* Effect.forEach(exchanges, (exchange) => probeOf(broker, exchange, today))
  const probes = found.filter((p) => p !== undefined)
  const answers = yield* adapter.subscribe(
    probes.map(({ exchange, symbol }) => ({ exchange, symbol, mode: "ltp" as const }))
  )
  const taken = probes.filter((_, i) => answers[i]?.status === "success")
  for (const answer of answers) {
    if (answer.status === "error") {
      checks.push(
        fail(`${what}, ${answer.exchange}`, answer.message, "See docs/brokers.md for the broker's limits")
      )
    }
  }
  return [...checks, ...(yield* watch(adapter, taken, hours, what))]
})

export interface AccountOptions {
  readonly hours: MarketHours
  /** Why no login is tried; undefined: it is. */
  readonly noLogin: string | undefined
}

export const checkAccount = Effect.fn("checkAccount")(function* (
  user: User,
  { hours, noLogin }: AccountOptions
) {
  const what = `user ${user.name}`
  if (user.broker === undefined) {
    return [fail(what, "has no broker", `Set one with "algoways users set-broker ${user.name} BROKER"`)]
  }
  const registry = yield* BrokerRegistry
  const loaded = yield* Effect.result(registry.load(user.broker))
  if (loaded._tag === "Failure") {
    return [
      fail(what, loaded.failure.message, `Set another with "algoways users set-broker ${user.name} BROKER"`)
    ]
  }
  const { broker } = loaded.success
  const checks: Array<Check> = []
  const rows = yield* (yield* Instruments).count(broker.name)
  checks.push(
    rows === 0
      ? fail(
          `instruments of ${broker.name}`,
          "none",
          `Import them with "algoways instruments import ${broker.name}"`
        )
      : rows < broker.instrumentMaster.minimumRows
        ? warn(
            `instruments of ${broker.name}`,
            `only ${rows}`,
            `Import them anew with "algoways instruments import ${broker.name}"`
          )
        : ok(`instruments of ${broker.name}`, `${rows}`)
  )
  const stored = yield* Effect.result((yield* CredentialStore).get(user.name, broker.name))
  if (stored._tag === "Failure") {
    return [
      ...checks,
      fail(
        `${what}, credentials`,
        stored.failure.message,
        `Store them anew with "algoways credentials set ${user.name}"`
      )
    ]
  }
  const missing = broker.credentials.filter(
    ({ field, optional }) => optional !== true && stored.success?.credentials[field] === undefined
  )
  if (missing.length > 0) {
    const fields = missing.map(({ field, label }) => `${field} (${label})`).join(", ")
    return [
      ...checks,
      fail(
        `${what}, credentials`,
        `without ${fields}`,
        `Store them with "algoways credentials set ${user.name}"`
      )
    ]
  }
  checks.push(ok(`${what}, credentials`, `complete for ${broker.title}`))
  if (noLogin !== undefined) return [...checks, ok(`${what}, login`, `not tried: ${noLogin}`)]
  return [...checks, ...(yield* Effect.scoped(logIn(user, broker, hours)))]
})
