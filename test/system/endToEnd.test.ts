/** From a broker's wire bytes to a client's socket, everything between them real. */
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { SimulatorHandle } from "../../src/simulator/index.ts"
import { demoCredentials, simulate } from "../../src/simulator/index.ts"
import { until } from "./simulatorSupport.ts"
import { API_KEY, startService } from "./support/service.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"

interface Data {
  readonly ltp: number
  readonly volume?: number
  readonly oi?: number
  readonly close?: number
  readonly timestamp: number
  readonly depth?: { readonly buy: ReadonlyArray<Json>; readonly sell: ReadonlyArray<Json> }
}
const dataOf = (frame: Json): Data => frame["data"] as Data

const ticksOf = (client: TestClient, symbol: string, mode: number): ReadonlyArray<Json> =>
  client.frames.filter((f) => f["type"] === "market_data" && f["symbol"] === symbol && f["mode"] === mode)

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)
const ready = (what: string, holds: () => boolean) => promise(() => until(what, holds))

const login = (url: string) =>
  Effect.acquireRelease(
    promise(() => TestClient.login(url, API_KEY)),
    (client) => promise(() => client.close())
  )

const tick = (simulator: SimulatorHandle, name: string) => simulator.market.find(name)!.tick

/** A derivative that the simulated market lists today on the exchange. */
const contract = (simulator: SimulatorHandle, exchange: string) =>
  simulator.instruments.find((i) => i.exchange === exchange && i.type === "FUT")!

describe("a share under its series", () => {
  it.live("is the same instrument, each reader's frames under the name that it asked for", () =>
    Effect.gen(function* () {
      const { url } = yield* startService("zerodha", { ticksPerSecond: 5000 })
      const client = yield* login(url)
      const ask = (action: string, ...symbols: ReadonlyArray<string>) =>
        client.send({
          action,
          mode: "Quote",
          symbols: symbols.map((symbol) => ({ symbol, exchange: "NSE" }))
        })
      ask("subscribe", "RELIANCE-EQ", "RELIANCE", "RELIANCE-BE", "INFY-EQ")
      yield* ready("both names", () =>
        ["RELIANCE", "RELIANCE-EQ", "INFY-EQ"].every((symbol) => ticksOf(client, symbol, 2).length > 0)
      )
      const [answer] = client.frames.filter((f) => f["type"] === "subscribe")
      assert.deepStrictEqual(
        (answer!["subscriptions"] as ReadonlyArray<Json>).map((s) => [s["symbol"], s["status"]]),
        [
          ["RELIANCE-EQ", "success"],
          ["RELIANCE", "success"],
          ["RELIANCE-BE", "error"],
          ["INFY-EQ", "success"]
        ]
      )
      for (const symbol of ["RELIANCE", "RELIANCE-EQ"]) {
        const frame = ticksOf(client, symbol, 2)[0]!
        assert.strictEqual((frame["data"] as Json)["symbol"], symbol)
        assert.isAbove(dataOf(frame).ltp, 0)
      }
      // Held until the last of its names is given up.
      ask("unsubscribe", "RELIANCE-EQ")
      yield* promise(() => client.settle())
      const before = ticksOf(client, "RELIANCE", 2).length
      const gone = ticksOf(client, "RELIANCE-EQ", 2).length
      yield* ready("the other name", () => ticksOf(client, "RELIANCE", 2).length > before + 3)
      assert.strictEqual(ticksOf(client, "RELIANCE-EQ", 2).length, gone)
      ask("unsubscribe", "RELIANCE")
      yield* promise(() => client.settle())
      const silent = ticksOf(client, "RELIANCE", 2).length
      const others = ticksOf(client, "INFY-EQ", 2).length
      yield* ready("others", () => ticksOf(client, "INFY-EQ", 2).length > others + 3)
      assert.strictEqual(ticksOf(client, "RELIANCE", 2).length, silent)
    })
  )
})

describe.each(["zerodha", "angel"])("%s, end to end", (name) => {
  it.live("delivers what the market holds, in every mode, each with its own fields", () =>
    Effect.gen(function* () {
      const { simulator, url } = yield* startService(name, { paused: true })
      const client = yield* login(url)
      const nifty = contract(simulator, "NFO")
      const usdinr = contract(simulator, "CDS")
      const symbols = [
        { symbol: "RELIANCE", exchange: "NSE" },
        { symbol: "NIFTY", exchange: "NSE_INDEX" },
        { symbol: nifty.symbol, exchange: "NFO" },
        { symbol: usdinr.symbol, exchange: "CDS" }
      ]
      for (const mode of ["LTP", "Quote", "Depth"]) client.send({ action: "subscribe", mode, symbols })
      for (const { exchange, symbol } of symbols) {
        const held = tick(simulator, `${exchange}:${symbol}`)
        yield* ready(`${symbol} in every mode`, () =>
          [1, 2, 3].every((m) => ticksOf(client, symbol, m).length > 0)
        )
        const [ltp, quote, depth] = [1, 2, 3].map((m) => dataOf(ticksOf(client, symbol, m).at(-1)!))
        for (const data of [ltp!, quote!, depth!]) assert.strictEqual(data.ltp, held.ltp)
        assert.notProperty(ltp, "volume")
        assert.notProperty(ltp, "depth")
        assert.strictEqual(quote!.close, held.close)
        assert.strictEqual(
          quote!.volume,
          exchange === "NSE_INDEX" && name === "zerodha" ? undefined : (held.volume ?? 0)
        )
        assert.notProperty(quote, "depth")
        if (exchange === "NSE_INDEX") assert.notProperty(depth, "depth")
        else {
          assert.deepStrictEqual(depth!.depth!.buy, held.depth!.buy.slice(0, 5) as never)
          assert.deepStrictEqual(depth!.depth!.sell, held.depth!.sell.slice(0, 5) as never)
        }
        if (exchange === "NFO") assert.strictEqual(depth!.oi, held.oi)
      }
      // A currency price keeps its four decimals: the scale of its segment, and no binary dust.
      assert.match(String(dataOf(ticksOf(client, usdinr.symbol, 1).at(-1)!).ltp), /^\d+(\.\d{1,4})?$/)
    })
  )

  it.live("resumes by itself when the broker's server is killed and started again", () =>
    Effect.gen(function* () {
      const { simulator, url } = yield* startService(name, { ticksPerSecond: 500 })
      const client = yield* login(url)
      yield* promise(() => client.subscribe("INFY", "NSE", "Quote"))
      yield* ready("ticks", () => ticksOf(client, "INFY", 2).length > 1)
      yield* simulator.stop
      const other = yield* login(url)
      const whileDown = client.frames.length
      yield* simulate(name, { port: simulator.port, ticksPerSecond: 500 })
      yield* ready("ticks again", () => client.frames.length > whileDown + 2)
      assert.strictEqual(client.socket.readyState, 1)
      assert.strictEqual(other.socket.readyState, 1)
    })
  )

  it.live("waits for new credentials when the broker rejects the old ones, and restores everything", () =>
    Effect.gen(function* () {
      const { credentials, simulator, url } = yield* startService(name, { ticksPerSecond: 500 })
      const client = yield* login(url)
      yield* promise(() => client.subscribe("INFY", "NSE", "Depth"))
      yield* ready("ticks", () => ticksOf(client, "INFY", 3).length > 1)
      const renewed = { ...demoCredentials, authToken: Redacted.make("token-of-today") }
      simulator.setCredentials(renewed)
      simulator.dropConnections("reset")
      yield* ready("the refusal", () => simulator.counters().refused > 0)
      client.send({ action: "get_broker_info" })
      const info = () => client.frames.find((f) => f["type"] === "broker_info")
      yield* ready("the broker's state", () => info() !== undefined)
      assert.strictEqual(info()!["adapter_status"], "disconnected")
      const refusals = simulator.counters().refused
      const before = ticksOf(client, "INFY", 3).length
      yield* credentials.set("asha", name, { authToken: Redacted.make("token-of-today") })
      yield* ready("ticks again", () => ticksOf(client, "INFY", 3).length > before + 1)
      assert.strictEqual(simulator.counters().refused, refusals, "a rejected login is not tried again")
    })
  )

  it.live("subscribes upstream once, in the richest mode, and gives it back", () =>
    Effect.gen(function* () {
      const { simulator, url } = yield* startService(name, { ticksPerSecond: 200 })
      const one = yield* login(url)
      const two = yield* login(url)
      const held = () => simulator.subscriptions().flatMap((s) => s.holdings)
      yield* promise(() => one.subscribe("TCS", "NSE", "LTP"))
      yield* promise(() => two.subscribe("TCS", "NSE", "Depth"))
      yield* ready("one depth subscription", () => held().length === 1 && held()[0]!.mode === "depth")
      yield* promise(() => two.ask({ action: "unsubscribe_all" }))
      yield* ready("the downgrade", () => held().length === 1 && held()[0]!.mode === "ltp")
      yield* promise(() => one.close())
      yield* ready("nothing held", () => held().length === 0)
    })
  )
})

describe("changing brokers", () => {
  it.live("changes one setting; clients notice nothing but the broker's name", () =>
    Effect.gen(function* () {
      const { url, users } = yield* startService("zerodha", { ticksPerSecond: 500, others: ["angel"] })
      const client = yield* login(url)
      yield* promise(() => client.subscribe("SBIN", "NSE", "Depth", { depth: 20 }))
      yield* ready("ticks of zerodha", () =>
        ticksOf(client, "SBIN", 3).some((f) => f["broker"] === "zerodha")
      )
      yield* users.setBroker("asha", "angel")
      yield* ready("ticks of angel", () => ticksOf(client, "SBIN", 3).some((f) => f["broker"] === "angel"))
      const last = dataOf(
        ticksOf(client, "SBIN", 3)
          .filter((f) => f["broker"] === "angel")
          .at(-1)!
      )
      assert.strictEqual(
        last.depth!.buy.length,
        20,
        "the level asked for is given as soon as the broker has it"
      )
      assert.strictEqual(client.socket.readyState, 1)
    })
  )
})

const captures = resolve(import.meta.dirname, "../../../shared/data/kite")

describe.skipIf(!existsSync(captures))("Zerodha's published captures", () => {
  it.live("arrive at a client with the published values, served as they are", () =>
    Effect.gen(function* () {
      const { simulator, url } = yield* startService("zerodha", { paused: true })
      const client = yield* login(url)
      yield* promise(() => client.subscribe("INFY", "NSE", "Depth"))
      for (const [kind, mode] of [
        ["quote", 2],
        ["full", 3]
      ] as const) {
        if (mode === 2) yield* promise(() => client.subscribe("INFY", "NSE", "Quote"))
        const body = Buffer.from(readFileSync(`${captures}/ticker_${kind}.packet`, "utf8"), "base64")
        const published = JSON.parse(readFileSync(`${captures}/ticker_${kind}.json`, "utf8"))
        const head = Buffer.from([0, 1, body.length >> 8, body.length & 0xff])
        simulator.serveFrames([Buffer.concat([head, body])])
        yield* ready(kind, () =>
          ticksOf(client, "INFY", mode).some((f) => dataOf(f).volume === published.volume)
        )
        const data = dataOf(ticksOf(client, "INFY", mode).find((f) => dataOf(f).volume === published.volume)!)
        assert.deepInclude(data as object, {
          ltp: published.last_price,
          last_trade_quantity: published.last_quantity,
          average_price: published.average_price,
          total_buy_quantity: published.buy_quantity,
          total_sell_quantity: published.sell_quantity,
          ...published.ohlc
        })
        if (kind === "full") {
          assert.deepInclude(data as object, {
            oi: published.oi,
            ltt: Date.parse(published.last_trade_time),
            exchange_time: Date.parse(published.timestamp),
            depth: published.depth
          })
        }
      }
    })
  )
})
