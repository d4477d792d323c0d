import { connect } from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { afterEach, describe, expect, it } from "vitest"
import { broker as angel } from "../../src/brokers/data/angel.ts"
import type { Broker, MasterSource } from "../../src/brokers/broker.ts"
import { broker as zerodha } from "../../src/brokers/data/zerodha.ts"
import type { Credentials } from "../../src/market/credentials.ts"
import { nameOf } from "../../src/market/instrument.ts"
import type { Tick } from "../../src/market/tick.ts"
import { loadProtocol, loadServerProtocol, registerProtocol } from "../../src/protocols/index.ts"
import type { ServerProtocol } from "../../src/protocols/serverProtocol.ts"
import {
  demoCredentials,
  makeSimulator,
  Simulator,
  SimulatorAddressUnavailable,
  SimulatorUnsupported
} from "../../src/simulator/index.ts"
import type { SimulatorHandle, SimulatorOptions } from "../../src/simulator/index.ts"
import { connectRaw, Declined, differences, until } from "./simulatorSupport.ts"
import type { RawClient } from "./simulatorSupport.ts"

interface Case {
  readonly broker: Broker
  readonly status: number
  /** Resolution of the wire's exchange time. */
  readonly clockMs: number
  readonly wrong: Credentials
  readonly expected: { readonly quote: ReadonlyArray<keyof Tick>; readonly depth: ReadonlyArray<keyof Tick> }
}

const dayFields = [
  "ltp",
  "ltq",
  "average_price",
  "volume",
  "total_buy_quantity",
  "total_sell_quantity"
] as const
const ohlc = ["open", "high", "low", "close"] as const

const cases: ReadonlyArray<Case> = [
  {
    broker: zerodha,
    status: 403,
    clockMs: 1000,
    wrong: { ...demoCredentials, authToken: Redacted.make("yesterday's") },
    expected: {
      quote: [...dayFields, ...ohlc],
      depth: [...dayFields, ...ohlc, "ltt", "exchange_time", "oi", "oi_high", "oi_low", "depth"]
    }
  },
  {
    broker: angel,
    status: 401,
    clockMs: 1,
    wrong: { ...demoCredentials, feedToken: Redacted.make("yesterday's") },
    expected: {
      quote: [...dayFields, ...ohlc, "exchange_time"],
      depth: [
        ...([...dayFields, ...ohlc, "ltt", "exchange_time", "oi", "depth"] as const),
        ...(["upper_circuit", "lower_circuit"] as const)
      ]
    }
  }
]

let scope: Scope.Closeable | undefined
const clients: Array<RawClient> = []

const start = async (options: SimulatorOptions): Promise<SimulatorHandle> => {
  scope = Effect.runSync(Scope.make())
  return Effect.runPromise(
    makeSimulator(options).pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.ws.terminate()
  if (scope !== undefined) await Effect.runPromise(Scope.close(scope, Exit.void))
  scope = undefined
})

const depth = { mode: "depth", depth: 5 } as const
const quote = { mode: "quote", depth: 5 } as const
const ltp = { mode: "ltp", depth: 5 } as const

const last = (ticks: ReadonlyArray<Tick>): Tick => ticks[ticks.length - 1]!

describe.each(cases)("the simulated $broker.name", ({ broker, status, clockMs, wrong, expected }) => {
  const login = async (simulator: SimulatorHandle, credentials: Credentials = demoCredentials) => {
    const client = await connectRaw(simulator, broker, await loadProtocol(broker.protocol), credentials)
    clients.push(client)
    return client
  }
  const stateOf = (simulator: SimulatorHandle, name: string): Tick => simulator.market.find(name)!.tick

  it("refuses wrong credentials as the broker does, and none of its own", async () => {
    const simulator = await start({ broker })
    const refused = await login(simulator, wrong).catch((e: unknown) => e)
    expect(refused).toBeInstanceOf(Declined)
    expect((refused as Declined).status).toBe(status)
    const protocol = await loadProtocol(broker.protocol)
    const failure = protocol.refusal({
      status: (refused as Declined).status,
      headers: (refused as Declined).headers as Record<string, string>
    })
    expect(failure._tag).toBe("AuthRejected")
    await login(simulator)
    expect(simulator.counters()).toMatchObject({ accepted: 1, refused: 1 })

    simulator.rejectCredentials(true)
    await expect(login(simulator)).rejects.toMatchObject({ status })
    expect(simulator.connections()).toHaveLength(1)
    simulator.rejectCredentials(false)
    simulator.setCredentials(wrong)
    await expect(login(simulator)).rejects.toMatchObject({ status })
    await login(simulator, wrong)
    simulator.refuseUpgrades({ status: 429, headers: { "retry-after": "1" } })
    await expect(login(simulator, wrong)).rejects.toMatchObject({
      status: 429,
      headers: { "retry-after": "1" }
    })
    simulator.refuseUpgrades(undefined)
    await login(simulator, wrong)
  })

  it("answers a subscription at once with exactly the market's state, in every mode and segment", async () => {
    const simulator = await start({ broker, paused: true, seed: 42 })
    const names = simulator.instruments.map(nameOf)
    expect(names.length).toBeGreaterThan(60)
    for (const want of [ltp, quote, depth]) {
      const client = await login(simulator)
      client.want(names, want)
      await until(
        `a packet for each of ${names.length} in ${want.mode}`,
        () =>
          names.every((name) => client.named(name).length > 0) &&
          client.named("NSE:RELIANCE").some((tick) => tick.mode === want.mode)
      )
      const wrongFields = client.ticks.flatMap(({ name, tick }) =>
        differences(tick, stateOf(simulator, name), clockMs)
      )
      expect(wrongFields).toEqual([])
      expect(client.rejects).toEqual([])
      const reliance = last(client.named("NSE:RELIANCE"))
      expect(reliance.mode).toBe(want.mode)
      const fields = want.mode === "ltp" ? (["ltp"] as const) : expected[want.mode]
      for (const field of fields) expect(reliance, `${want.mode} ${field}`).toHaveProperty(field)
      if (want.mode === "depth") expect(reliance.depth?.buy).toHaveLength(5)
      else expect(reliance).not.toHaveProperty("depth")
      client.ws.terminate()
    }
  })

  it("sends what changed of what is subscribed, and nothing else", async () => {
    const simulator = await start({ broker, ticksPerSecond: 2000 })
    const client = await login(simulator)
    const names = ["NSE:RELIANCE", "NSE_INDEX:NIFTY", "BSE:INFY"]
    client.want(names, depth)
    await until("ten changes of each", () => names.every((name) => client.named(name).length > 10))
    expect(new Set(client.ticks.map((t) => t.name))).toEqual(new Set(names))
    const volumes = client.named("NSE:RELIANCE").map((t) => t.volume!)
    expect(volumes).toEqual([...volumes].sort((a, b) => a - b))

    simulator.pause()
    // Everything sent before the pause has come when a new subscription is answered: one socket keeps the order.
    client.want(["NSE:SBIN"], ltp)
    await until("the answer", () => client.named("NSE:SBIN").length > 0)
    for (const name of names) {
      expect(differences(last(client.named(name)), stateOf(simulator, name), clockMs)).toEqual([])
    }
    simulator.resume()
    const before = client.named("NSE:SBIN").length
    await until("more after the pause", () => client.named("NSE:SBIN").length > before + 3)
    expect(client.rejects).toEqual([])
  })

  it("changes modes, forgets what is given back, and shows what is held", async () => {
    const simulator = await start({ broker, paused: true })
    const client = await login(simulator)
    const held = () => simulator.subscriptions()[0]?.holdings.filter((h) => h.name === "NSE:TCS") ?? []
    client.want(["NSE:TCS"], ltp)
    await until("ltp upstream", () => held()[0]?.mode === "ltp")
    client.want(["NSE:TCS"], depth, ltp)
    await until("depth upstream", () => held().length === 1 && held()[0]!.mode === "depth")
    expect(held()).toEqual([{ name: "NSE:TCS", mode: "depth", levels: 5 }])
    await until("a depth packet", () => client.named("NSE:TCS").some((t) => t.depth !== undefined))
    client.want(["NSE:TCS"], undefined, depth)
    await until("nothing upstream", () => held().length === 0)

    client.want(["NSE:INFY"], quote)
    await until("the first of INFY", () => client.named("NSE:INFY").length > 0)
    const frames = client.frames.length
    const tcs = client.named("NSE:TCS").length
    simulator.setRate(2000)
    simulator.resume()
    await until("more of INFY", () => client.named("NSE:INFY").length > 5)
    expect(client.frames.length).toBeGreaterThan(frames)
    expect(client.named("NSE:TCS").length).toBe(tcs)
    expect(client.rejects).toEqual([])
  })

  it("serves several clients, each what it asked for", async () => {
    const simulator = await start({ broker, ticksPerSecond: 1000 })
    const [one, two] = await Promise.all([login(simulator), login(simulator)])
    one.want(["NSE:RELIANCE"], ltp)
    two.want(["NSE:RELIANCE"], depth)
    // Kite's server starts every subscription in quote mode; the mode comes with the next request.
    const settled = (client: RawClient, mode: string) =>
      client.ticks.slice(-3).every((t) => t.tick.mode === mode)
    await until("both served", () => one.ticks.length > 5 && two.ticks.length > 5)
    expect(settled(one, "ltp")).toBe(true)
    expect(settled(two, "depth")).toBe(true)
    expect(simulator.connections().map((c) => c.id)).toEqual([1, 2])
    one.ws.close()
    await until("one left", () => simulator.connections().length === 1)
    const count = two.ticks.length
    await until("the other goes on", () => two.ticks.length > count + 3)
  })

  it("drops connections with a code, without one, and by a reset", async () => {
    const simulator = await start({ broker })
    for (const [how, code] of [
      [4001, 4001],
      [undefined, 1006],
      ["reset", 1006]
    ] as const) {
      const client = await login(simulator)
      expect(simulator.dropConnections(how)).toBe(1)
      await until(`the end by ${String(how)}`, () => client.close() !== undefined)
      expect(client.close()!.code).toBe(code)
      await until("nobody left", () => simulator.connections().length === 0)
    }
  })

  it("serves given frames as they are", async () => {
    const simulator = await start({ broker, paused: true })
    const client = await login(simulator)
    const bytes = Uint8Array.from([0, 1, 2, 3, 254, 255])
    expect(simulator.serveFrames([bytes, "a text"])).toBe(1)
    const has = (wanted: string | Buffer) =>
      client.frames.some((f) =>
        typeof f === "string" ? f === wanted : Buffer.from(f).equals(Buffer.from(wanted))
      )
    await until("both frames", () => has("a text") && has(Buffer.from(bytes)))
  })

  it("goes silent without hanging up", async () => {
    const simulator = await start({ broker, ticksPerSecond: 1000 })
    const client = await login(simulator)
    client.want(["NSE:RELIANCE"], ltp)
    await until("ticks", () => client.ticks.length > 0)
    simulator.silence(true)
    let pongs = 0
    client.ws.on("pong", () => pongs++)
    client.ws.ping()
    client.want(["NSE:INFY"], ltp)
    await until("the request taken", () => simulator.subscriptions()[0]!.holdings.length === 2)
    expect(client.named("NSE:INFY")).toEqual([])
    expect(pongs).toBe(0)
    simulator.silence(false)
    await until("ticks again", () => client.named("NSE:INFY").length > 0)
    expect(client.close()).toBeUndefined()
  })

  it("skips a client that does not read and gives it the newest state afterwards", async () => {
    const simulator = await start({ broker, ticksPerSecond: 20_000, maxBufferedBytes: 64 * 1024 })
    const client = await login(simulator)
    const quick = await login(simulator)
    const names = simulator.instruments.map(nameOf)
    client.want(names, depth)
    quick.want(["NSE:RELIANCE"], ltp)
    await until("the subscription", () => names.every((n) => client.named(n).length > 0))
    client.ws.pause()
    await until("rounds skipped", () => (simulator.connections()[0]?.skipped ?? 0) > 20, 15_000)
    // Bounded: the limit and one round of the whole market, no more.
    expect(simulator.connections()[0]!.buffered).toBeLessThan(256 * 1024)
    expect(simulator.connections()[1]!.skipped).toBe(0)
    simulator.pause()
    client.ws.resume()
    await until("the backlog read", () => simulator.connections()[0]!.buffered === 0)
    // The first round after it carries everything, also what does not change in it.
    simulator.setRate(50)
    simulator.resume()
    await until("back to date", () => {
      const time = simulator.market.find("NSE:IDEA")!.tick.exchange_time! - 1000
      return last(client.named("NSE:IDEA")).exchange_time! >= time
    })
    expect(simulator.counters().skipped).toBeGreaterThan(20)
    expect(client.rejects).toEqual([])
  })

  it("survives bad requests and tells the client", async () => {
    const simulator = await start({ broker, paused: true })
    const client = await login(simulator)
    client.ws.send("{ this is not JSON")
    client.ws.send(JSON.stringify({ a: "subscribe", v: "all", action: 7 }))
    client.ws.send(Buffer.from([1, 2, 3]))
    client.want(["NSE:RELIANCE"], ltp)
    await until("a tick after the rubbish", () => client.ticks.length > 0)
    expect(client.events.filter((e) => e.type === "refused").length).toBeGreaterThan(0)
    expect(simulator.counters().defects).toBe(0)
    expect(client.close()).toBeUndefined()
  })

  it("serves an instrument master that the broker's parser takes whole", async () => {
    const simulator = await start({ broker, loadEquities: 20 })
    const parse = await broker.instrumentMaster.load()
    const [{ name, url: published }] = broker.instrumentMaster.sources as [MasterSource]
    for (const url of [
      simulator.instrumentsUrl,
      new URL(new URL(String(published)).pathname, simulator.instrumentsUrl).href
    ]) {
      const response = await fetch(url)
      expect(response.status).toBe(200)
      const master = parse([{ name, text: await response.text() }])
      expect(master.rejects).toEqual([])
      expect(master.skipped).toEqual({})
      const imported = new Map(master.instruments.map((i) => [nameOf(i), i]))
      expect(imported.size).toBe(simulator.instruments.length)
      for (const mine of simulator.instruments) {
        const {
          symbol,
          exchange,
          token,
          brokerExchange,
          brokerSymbol,
          expiry,
          strike,
          lotSize,
          tickSize,
          type
        } = mine
        expect(imported.get(nameOf(mine)), nameOf(mine)).toMatchObject({
          symbol,
          exchange,
          token,
          brokerExchange,
          brokerSymbol,
          lotSize,
          type,
          ...(expiry === undefined ? {} : { expiry }),
          ...(strike === undefined ? {} : { strike })
        })
        expect(imported.get(nameOf(mine))!.tickSize).toBeCloseTo(tickSize, 6)
      }
      for (const name of [
        "NSE:RELIANCE",
        "BSE:INFY",
        "NSE_INDEX:NIFTY",
        "NSE_INDEX:BANKNIFTY",
        "BSE_INDEX:SENSEX"
      ]) {
        expect(imported.has(name), name).toBe(true)
      }
    }
  })

  it("stops within a second, whoever is still connected", async () => {
    const simulator = await start({ broker, ticksPerSecond: 5000 })
    const client = await login(simulator)
    client.want(["NSE:RELIANCE"], depth)
    const mute = connect(simulator.port, "127.0.0.1")
    await until("the mute socket", () => mute.readyState === "open")
    await until("a tick", () => client.ticks.length > 0)
    const began = Date.now()
    await Effect.runPromise(simulator.stop)
    expect(Date.now() - began).toBeLessThan(1000)
    await until("the goodbye", () => client.close() !== undefined)
    expect(client.close()!.code).toBe(1001)
    await expect(login(simulator)).rejects.toMatchObject({ code: "ECONNREFUSED" })
    await Effect.runPromise(simulator.stop)
  })
})

describe("the simulated exchange", () => {
  it("sends Kite's idle frame while nothing happens", async () => {
    const simulator = await start({ broker: zerodha, paused: true })
    const client = await connectRaw(simulator, zerodha, await loadProtocol("kite"), demoCredentials)
    clients.push(client)
    await until("two heartbeats", () => client.events.filter((e) => e.type === "heartbeat").length >= 2)
    expect(client.frames.every((f) => f.length === 1)).toBe(true)
  })

  it("answers Angel's ping", async () => {
    const simulator = await start({ broker: angel, paused: true })
    const client = await connectRaw(simulator, angel, await loadProtocol("smartstream"), demoCredentials)
    clients.push(client)
    client.ws.send("ping")
    await until("the pong", () => client.frames.includes("pong"))
  })

  it("keeps equal token numbers of two segments apart", async () => {
    const simulator = await start({ broker: angel, paused: true })
    const client = await connectRaw(simulator, angel, await loadProtocol("smartstream"), demoCredentials)
    clients.push(client)
    const twins = simulator.instruments.filter((i) => i.token === "2885").map(nameOf)
    expect(twins).toHaveLength(2)
    client.want(twins, depth)
    await until("both", () => twins.every((name) => client.named(name).length > 0))
    for (const name of twins) {
      expect(differences(last(client.named(name)), simulator.market.find(name)!.tick, 1)).toEqual([])
    }
    expect(client.named(twins[0]!)[0]!.volume).not.toBe(client.named(twins[1]!)[0]!.volume)
  })

  it("gives Angel twenty levels where asked", async () => {
    const simulator = await start({ broker: angel, paused: true })
    const client = await connectRaw(simulator, angel, await loadProtocol("smartstream"), demoCredentials)
    clients.push(client)
    client.want(["NSE:RELIANCE"], { mode: "depth", depth: 20 })
    await until("twenty levels", () => client.named("NSE:RELIANCE").some((t) => t.depth?.buy.length === 20))
    const deep = client.named("NSE:RELIANCE").find((t) => t.depth !== undefined)!
    expect(differences(deep, simulator.market.find("NSE:RELIANCE")!.tick, 1)).toEqual([])
    expect(simulator.subscriptions()[0]!.holdings).toContainEqual({
      name: "NSE:RELIANCE",
      mode: "depth",
      levels: 20
    })
  })

  it("says what it does not serve, whatever the method", async () => {
    const simulator = await start({ broker: zerodha })
    const missing = new URL("/nowhere", simulator.instrumentsUrl)
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const response = await fetch(missing, { method, ...(method === "GET" ? {} : { body: "x" }) })
      expect(response.status).toBe(404)
      expect(await response.text()).toContain("/instruments")
    }
  })

  it("says what to do about a port in use and about a broker it cannot play", async () => {
    const simulator = await start({ broker: zerodha })
    const attempt = (options: SimulatorOptions) =>
      Effect.runPromise(Effect.scoped(makeSimulator(options)).pipe(Effect.flip))
    const inUse = await attempt({ broker: zerodha, port: simulator.port })
    expect(inUse).toBeInstanceOf(SimulatorAddressUnavailable)
    expect(inUse.message).toContain(`127.0.0.1:${simulator.port} is in use`)
    expect((await attempt({ broker: zerodha, port: 70_000 })).message).toContain("from 0 to 65535")
    const unknown = await attempt({ broker: { ...zerodha, name: "other", protocol: "morse" } })
    expect(unknown).toBeInstanceOf(SimulatorUnsupported)
    expect(unknown.message).toMatch(/"morse".*\bkite\b.*\bsmartstream\b/)
    const instrumentMaster = { ...zerodha.instrumentMaster, format: "papyrus" }
    const unlisted = await attempt({ broker: { ...zerodha, instrumentMaster } })
    expect(unlisted).toBeInstanceOf(SimulatorUnsupported)
    expect(unlisted.message).toMatch(/instrument master.*\bangel\b.*\bzerodha\b/)
  })

  it("survives a codec that throws: the connection ends, the others go on", async () => {
    const kite = await loadProtocol("kite")
    const server = await loadServerProtocol("kite")
    const broken: ServerProtocol = {
      ...server,
      admit: (request, accepted) => {
        if (request.url.includes("admit-throws")) throw new Error("a bug")
        return server.admit(request, accepted)
      },
      open: (options, context) => {
        const codec = server.open(options, context)
        return {
          receive: (frame, find) => {
            if (frame === "receive throws") throw new Error("a bug")
            return codec.receive(frame, find)
          },
          holds: (instrument) => codec.holds(instrument),
          encode: (states) => codec.encode(states)
        }
      }
    }
    registerProtocol("kite", { client: async () => kite, server: async () => broken })
    const simulator = await start({ broker: zerodha, ticksPerSecond: 1000 }).finally(() =>
      registerProtocol("kite", { client: async () => kite, server: async () => server })
    )
    const login = async (credentials: Credentials = demoCredentials) => {
      const client = await connectRaw(simulator, zerodha, kite, credentials)
      clients.push(client)
      return client
    }
    const strange = { ...demoCredentials, apiKey: Redacted.make("admit-throws") }
    await expect(login(strange)).rejects.toMatchObject({ status: 500 })
    const good = await login()
    const bad = await login()
    good.want(["NSE:RELIANCE"], ltp)
    bad.ws.send("receive throws")
    await until("the end of the broken one", () => bad.close() !== undefined)
    expect(bad.close()!.code).toBe(1011)
    const count = good.ticks.length
    await until("the other goes on", () => good.ticks.length > count + 3)
    expect(simulator.counters()).toMatchObject({ defects: 2, accepted: 2, refused: 1 })
  })

  it("is a layer", async () => {
    const port = await Effect.runPromise(
      Simulator.use((s) => Effect.succeed(s.port)).pipe(
        Effect.provide(Simulator.layer({ broker: zerodha })),
        Effect.provideService(References.MinimumLogLevel, "None")
      )
    )
    expect(port).toBeGreaterThan(0)
    const socket = connect(port, "127.0.0.1")
    const code = await new Promise((resolve) =>
      socket
        .once("error", (e: NodeJS.ErrnoException) => resolve(e.code))
        .once("connect", () => resolve("open"))
    )
    expect(code).toBe("ECONNREFUSED")
  })
})
