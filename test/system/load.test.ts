/** Load clients against the shipped gateway, and against servers of other people. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as selfsigned from "selfsigned"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { Ages, ageOf } from "../../src/load/ages.ts"
import type { LoadOptions, Message, Subscription } from "../../src/load/connection.ts"
import { LoadConnection } from "../../src/load/connection.ts"
import { Meter } from "../../src/load/meter.ts"
import { Swarm } from "../../src/load/swarm.ts"
import { until } from "./simulatorSupport.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const closing: Array<() => void | Promise<void>> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const LTP: Subscription = {
  symbols: [
    { symbol: "INFY", exchange: "NSE" },
    { symbol: "TCS", exchange: "NSE" }
  ],
  mode: "LTP",
  depth: 5
}

const optionsOf = (url: string, more: Partial<LoadOptions> = {}): LoadOptions => ({
  url: new URL(url),
  key: "KEY_A",
  encoding: "json",
  ...more
})

const client = (options: LoadOptions): LoadConnection => {
  const made = new LoadConnection(options)
  closing.push(() => made.close())
  return made
}

/** A client that is ready to count. */
const counting = async (options: LoadOptions, subscription = LTP): Promise<LoadConnection> => {
  const made = client(options)
  await made.open()
  await made.logIn()
  await made.subscribe(subscription)
  made.count()
  return made
}

describe("against the gateway", () => {
  let gateway: TestGateway
  beforeEach(async () => {
    gateway = await startGateway()
    closing.push(gateway.close)
  })

  const tick = (symbol: string, ltp: number, timestamp = Date.now()): void =>
    gateway.world.tick({ symbol, exchange: "NSE", level: "LTP", data: { ltp, timestamp } })

  it.each(["json", "msgpack"] as const)(
    "counts in %s every message and byte, read or not",
    async (encoding) => {
      const samples: Array<Message> = []
      const options = optionsOf(gateway.url, { encoding, onSample: (message) => samples.push(message) })
      const [all, none, some] = [await counting(options), await counting(options), await counting(options)]
      all!.sampleEvery = 1
      some!.sampleEvery = 10
      for (let i = 1; i <= 500; i++) tick(i % 2 === 0 ? "INFY" : "TCS", 100 + i / 20, 1_764_040_501_250)
      await until("500 ticks", () => [all, none, some].every((c) => c!.frames === 500))
      expect(none!.bytes).toBe(all!.bytes)
      expect(some!.bytes).toBe(all!.bytes)
      for (const c of [all, none, some]) expect(c).toMatchObject({ others: 0, ended: undefined })
      // All of one, and at least one in 2 * 10 - 1 and the first of another.
      expect(samples.length).toBeGreaterThanOrEqual(500 + 25)
      expect(samples.length).toBeLessThan(800)
      expect(samples[0]).toMatchObject({ type: "market_data", symbol: "TCS", data: { ltp: 100.05 } })
      if (encoding === "json") expect(all!.bytes).toBe(bytesOf(500))
    }
  )

  /** What the gateway writes of the ticks above. */
  const bytesOf = (count: number): number => {
    let bytes = 0
    for (let i = 1; i <= count; i++) {
      const symbol = i % 2 === 0 ? "INFY" : "TCS"
      const data = { symbol, exchange: "NSE", ltp: 100 + i / 20, timestamp: 1_764_040_501_250 }
      bytes += JSON.stringify({
        type: "market_data",
        symbol,
        exchange: "NSE",
        mode: 1,
        data,
        broker: "alpha"
      }).length
    }
    return bytes
  }

  it("says what the server says: a wrong key, unknown symbols, too many clients", async () => {
    const wrong = client(optionsOf(gateway.url, { key: "not-a-key" }))
    await wrong.open()
    await expect(wrong.logIn()).rejects.toThrow(
      "the server refused the login: Invalid API key (AUTHENTICATION_ERROR)"
    )
    const stranger = client(optionsOf(gateway.url))
    await stranger.open()
    await expect(stranger.subscribe(LTP)).rejects.toThrow(/refused to subscribe: .*NOT_AUTHENTICATED/)

    const known = client(optionsOf(gateway.url))
    await known.open()
    await known.logIn()
    const half = { ...LTP, symbols: [...LTP.symbols, { symbol: "NOSUCHINFY", exchange: "NSE" }] }
    expect(await known.subscribe(half)).toBe(2)
    expect(known.refused).toEqual([expect.stringMatching(/^NSE:NOSUCHINFY: .*NOSUCHINFY/)])
  })

  it("knows why the server closed it", async () => {
    const few = await startGateway({ maxConnectionsPerKey: 1 })
    closing.push(few.close)
    const first = await counting(optionsOf(few.url))
    await expect(counting(optionsOf(few.url))).rejects.toThrow(/closed by the server: 4429 too many clients/)
    expect(first.ended).toBeUndefined()
    await few.close()
    await until("the end", () => first.ended !== undefined)
    expect(first.ended).toMatch(/^closed by the server|^the server ended the connection/)
  })

  it("answers pings, so that it is not closed", async () => {
    const strict = await startGateway({ pingIntervalMs: 50, pongTimeoutMs: 50 })
    closing.push(strict.close)
    const ours = await counting(optionsOf(strict.url))
    const mute = new WebSocket(strict.url, { autoPong: false })
    closing.push(() => mute.terminate())
    // Logged in, so that only the pings are to blame.
    mute.once("open", () => mute.send(JSON.stringify({ action: "authenticate", api_key: "KEY_A" })))
    await new Promise((resolve) => mute.once("close", resolve))
    expect(ours.ended).toBeUndefined()
    strict.world.tick({ symbol: "INFY", exchange: "NSE", level: "LTP", data: { ltp: 1 } })
    await until("a tick", () => ours.frames === 1)
  })

  it("is a swarm that is measured", async () => {
    const ages = new Ages()
    const swarm = await Swarm.open({
      ...optionsOf(gateway.url),
      onSample: (message) => ages.add(ageOf(message, Date.now()) ?? Number.NaN),
      clients: 60,
      ramp: 1000,
      subscriptions: [LTP, { ...LTP, symbols: [{ symbol: "NOSUCH1", exchange: "NSE" }] }]
    })
    closing.push(() => swarm.close())
    expect(swarm.instruments).toBe(2)
    expect(swarm.refused).toEqual([expect.stringContaining("NSE:NOSUCH1")])
    tick("INFY", 1)
    await until("the tick before", () => swarm.totals.frames === 60)
    const meter = new Meter(swarm, ages)
    swarm.sample(1)
    for (let i = 0; i < 20; i++) tick("INFY", 100 + i, Date.now() - 7000)
    await until("the ticks", () => swarm.totals.frames === 60 * 21)
    swarm.connections[41]!.close()
    const second = meter.second()
    expect(second).toMatchObject({ clients: 59, closed: 1, messages: 1200, others: 0 })
    expect(second.samples).toBeGreaterThanOrEqual(60 * 19)
    expect(second.p50Ms).toBeGreaterThanOrEqual(7000)
    expect(second.p50Ms).toBeLessThan(14_000)
    tick("TCS", 5)
    await until("the last tick", () => swarm.totals.frames === 60 * 21 + 59)
    const summary = meter.summary()
    expect(summary).toMatchObject({
      messages: 1259,
      perClient: { least: 20, most: 21, mean: 1259 / 60 },
      closed: [{ client: 42, why: "closed here" }]
    })
    expect(summary.samples).toBeGreaterThanOrEqual(second.samples)
    swarm.close()
    await until("nobody", () => gateway.stats().clients === 0)
  })

  it("is no swarm when one client cannot", async () => {
    const few = await startGateway({ maxConnectionsPerKey: 3 })
    closing.push(few.close)
    const five = { ...optionsOf(few.url), clients: 5, subscriptions: [LTP] }
    await expect(Swarm.open(five)).rejects.toThrow(/^client [1-5] of 5: .*too many clients/)
    await until("nobody", () => few.stats().clients === 0)
  })
})

describe("over TLS", () => {
  it("trusts the certificates that it is given, and no others", { timeout: 30_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "load-"))
    closing.push(() => rmSync(folder, { recursive: true }))
    const pair = await selfsigned.generate([{ name: "commonName", value: "localhost" }], { keySize: 2048 })
    const tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") }
    writeFileSync(tls.cert, pair.cert)
    writeFileSync(tls.key, pair.private)
    const gateway = await startGateway({ tls })
    closing.push(gateway.close)
    const url = `wss://localhost:${gateway.port}`
    const trusting = await counting(optionsOf(url, { ca: pair.cert }))
    for (let i = 0; i < 100; i++) {
      gateway.world.tick({ symbol: "INFY", exchange: "NSE", level: "LTP", data: { ltp: i } })
    }
    await until("the ticks", () => trusting.frames === 100)
    await expect(client(optionsOf(url)).open()).rejects.toThrow(/self.signed/)
  })
})

/** A server of other people, which answers a login and a subscription as `answers` says. */
const foreign = async (
  answers: (socket: WebSocket, message: Message) => void,
  subProtocol = false
): Promise<string> => {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: (offered) => (subProtocol ? [...offered][0]! : false)
  })
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => answers(socket, JSON.parse(data.toString()) as Message))
  })
  closing.push(() => {
    for (const socket of server.clients) socket.terminate()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  await new Promise((resolve) => server.once("listening", resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/some/path?of=theirs`
}

/** With blanks, as Python writes JSON. */
const spaced = (value: object): string =>
  JSON.stringify(value, null, 1)
    .replaceAll(/\n\s*/g, " ")
    .replaceAll(/([{[]) | ([}\]])/g, "$1$2")

const entries = ({ symbols }: Message): ReadonlyArray<object> =>
  (symbols as ReadonlyArray<object>).map((name) => ({ ...name, status: "success" }))

/** Logs everybody in and sends `after` behind the answer to a subscription. */
const polite =
  (after: (socket: WebSocket) => void) =>
  (socket: WebSocket, message: Message): void => {
    if (message["action"] === "authenticate") {
      socket.send(spaced({ type: "welcome" }))
      socket.send(spaced({ type: "auth", status: "success" }))
    } else {
      socket.send(spaced({ type: "subscribe", status: "success", subscriptions: entries(message) }))
      after(socket)
    }
  }

describe("against other servers", () => {
  const data = { symbol: "INFY", exchange: "NSE", mode: 1, data: { ltp: 1502.4 } }
  const spellings: ReadonlyArray<readonly [string, string]> = [
    ["blanks", spaced({ type: "market_data", ...data })],
    ["the type last", spaced({ ...data, type: "market_data" })],
    ["none of both", JSON.stringify({ type: "market_data", ...data })]
  ]
  it.each(spellings)("counts messages with %s", async (_, message) => {
    const url = await foreign(
      polite((socket) => {
        for (let i = 0; i < 50; i++) {
          socket.send(message)
          if (i % 10 === 0) socket.send(spaced({ type: "notice", message: "market_data" }))
        }
        // In two frames, and in a binary one.
        socket.send(message.slice(0, 5), { fin: false })
        socket.send(message.slice(5), { fin: true })
        socket.send(Buffer.from(message), { binary: true })
      })
    )
    const ours = await counting(optionsOf(url))
    await until("all", () => ours.frames + ours.others === 57)
    expect([ours.frames, ours.others, ours.bytes]).toEqual([52, 5, 52 * message.length])
    expect(ours.ended).toBeUndefined()
  })

  it("does not show a key that the server repeats", async () => {
    const url = await foreign((socket, { api_key }) =>
      socket.send(JSON.stringify({ status: "error", message: `no such key: ${String(api_key)}` }))
    )
    const ours = client(optionsOf(url, { key: "very-secret" }))
    await ours.open()
    await expect(ours.logIn()).rejects.toThrow("the server refused the login: no such key: <key>")
  })

  it("says who closed, and who speaks another protocol", async () => {
    const url = await foreign(polite((socket) => socket.close(4408, "reads too slowly")))
    const ours = await counting(optionsOf(url))
    await until("the end", () => ours.ended !== undefined)
    expect(ours.ended).toBe("closed by the server: 4408 reads too slowly")
    await expect(client(optionsOf(url, { encoding: "msgpack" })).open()).rejects.toThrow(
      "the server does not speak algoways.msgpack: use the encoding json"
    )
  })

  it("fails on what is no message", async () => {
    const url = await foreign((socket) => socket.send("hello"))
    const ours = client(optionsOf(url))
    await ours.open()
    await expect(ours.logIn()).rejects.toThrow(/JSON/)
    expect(ours.ended).toMatch(/JSON/)
  })

  const plain = async (answer: string | undefined): Promise<string> => {
    const server: Server = createServer((socket) => {
      socket.on("error", () => undefined)
      socket.once("data", () => (answer === undefined ? socket.end() : socket.write(answer)))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it.each([
    ["HTTP/1.1 429 Too Many Requests\r\n\r\n", /declined the connection: HTTP\/1.1 429 Too Many Requests/],
    ["x".repeat(20_000), /does not answer like/],
    [undefined, /ended the connection without a word/]
  ] as const)("fails when the handshake is answered with %.10s", async (answer, words) => {
    await expect(client(optionsOf(await plain(answer))).open()).rejects.toThrow(words)
  })

  it("says when nobody listens", async () => {
    for (const host of ["127.0.0.1", "localhost"]) {
      await expect(client(optionsOf(`ws://${host}:1`)).open()).rejects.toThrow(/ECONNREFUSED/)
    }
  })
})
