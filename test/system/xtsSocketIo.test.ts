/**
 * Socket.IO's own libraries, of the version that XTS servers run, against both sides of ours: its client must be able
 * to read the simulated broker, and our codec its server.
 */
import { createServer } from "node:http"
import type { IncomingMessage, Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { WebSocket } from "ws"
import { codecOptions } from "../../src/brokers/broker.ts"
import { broker as iifl } from "../../src/brokers/data/iifl.ts"
import { parse } from "../../src/brokers/masters/xts.ts"
import type { Credentials } from "../../src/market/credentials.ts"
import { nameOf } from "../../src/market/instrument.ts"
import type { Tick } from "../../src/market/tick.ts"
import type {
  Codec,
  Handshake,
  HttpAnswer,
  HttpRequest,
  Frame,
  Outbound,
  Sink,
  WireEvent
} from "../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../src/protocols/protocol.ts"
import { fullMessage } from "../../src/protocols/xts/encode.ts"
import { binaryPacket } from "../../src/protocols/xts/encodeBinary.ts"
import { protocol } from "../../src/protocols/xts/index.ts"
import { simulate } from "../../src/simulator/index.ts"
import type { SimulatorHandle } from "../../src/simulator/index.ts"
import { disagreements } from "../support/marketState.ts"
import { secret } from "../unit/protocols/link.ts"
import { DEPTH, instrument } from "../unit/protocols/support.ts"
import { until } from "./simulatorSupport.ts"

type Listener = (...payload: ReadonlyArray<unknown>) => void
interface ClientSocket {
  readonly connected: boolean
  readonly on: (event: string, listener: Listener) => void
  readonly close: () => void
}
interface ServerSocket {
  readonly handshake: { readonly query: Readonly<Record<string, string>> }
  readonly emit: (event: string, ...payload: ReadonlyArray<unknown>) => void
}
interface IoServer {
  readonly use: (guard: (socket: ServerSocket, next: (error?: Error) => void) => void) => void
  readonly on: (event: "connection", listener: (socket: ServerSocket) => void) => void
  readonly close: () => void
}

// Neither has types of its own.
const require = createRequire(import.meta.url)
const connectIo = require("socket.io-client") as (url: string, options: object) => ClientSocket
const serveIo = require("socket.io") as (server: Server, options: object) => IoServer

const PATH = "/apimarketdata/socket.io"
const TOKEN = "issued-by-the-test"

const post = async (url: string, body: unknown, authorization?: string) => {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(authorization === undefined ? {} : { authorization })
    },
    body: JSON.stringify(body)
  })
  const { result } = (await response.json()) as { readonly result: Readonly<Record<string, unknown>> }
  return { status: response.status, result }
}

const logIn = async (simulator: SimulatorHandle) => {
  const { result } = await post(`${simulator.overrides.services!["rest"]}/auth/login`, {
    appKey: "demo",
    secretKey: "demo-secret",
    source: "WebAPI"
  })
  return { token: String(result["token"]), userID: String(result["userID"]) }
}

const connectTo = (simulator: SimulatorHandle, query: object): ClientSocket => {
  const { host, pathname } = new URL(simulator.endpoint)
  return connectIo(`http://${host}`, {
    path: pathname,
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    query: { ...query, publishFormat: "JSON", broadcastMode: "Full" }
  })
}

const RELIANCE = { exchangeSegment: 1, exchangeInstrumentID: 2885 }

describe("socket.io-client against the simulated broker", () => {
  it.live("joins, subscribes over REST and gets JSON events", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("iifl", { paused: true, ticksPerSecond: 2000 })
      yield* Effect.promise(async () => {
        const login = await logIn(simulator)
        const socket = connectTo(simulator, login)
        const events: Array<string> = []
        let joined = false
        socket.on("joined", () => {
          joined = true
        })
        socket.on("1502-json-full", (payload) => events.push(String(payload)))
        await until("the join", () => joined && socket.connected)
        const { result, status } = await post(
          `${simulator.overrides.services!["rest"]}/instruments/subscription`,
          { instruments: [RELIANCE], xtsMessageCode: 1502 },
          login.token
        )
        assert.strictEqual(status, 200)
        const [snapshot] = result["listQuotes"] as ReadonlyArray<string>
        const state = simulator.market.find("NSE:RELIANCE")!.tick
        const { Bids, Touchline } = JSON.parse(snapshot!) as Message
        assert.strictEqual(Touchline.LastTradedPrice, state.ltp)
        assert.strictEqual(Bids[0]!.Price, state.depth!.buy[0]!.price)
        simulator.resume()
        await until("events", () => events.length > 3)
        const last = JSON.parse(events.at(-1)!) as Message
        assert.strictEqual(last.ExchangeInstrumentID, 2885)
        socket.close()
      })
    })
  )

  it.live("gets attachments of the binary product", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("jainamxts", { paused: true, ticksPerSecond: 2000 })
      yield* Effect.promise(async () => {
        const login = await logIn(simulator)
        const socket = connectTo(simulator, login)
        const attachments: Array<Buffer> = []
        let joined = false
        socket.on("joined", () => {
          joined = true
        })
        socket.on("xts-binary-packet", (payload) => attachments.push(payload as Buffer))
        await until("the join", () => joined)
        await post(
          `${simulator.overrides.services!["rest"]}/instruments/subscription`,
          { instruments: [RELIANCE], xtsMessageCode: 1502 },
          login.token
        )
        simulator.resume()
        await until("attachments", () => attachments.length > 3)
        const bytes = attachments.at(-1)!
        assert.isTrue(Buffer.isBuffer(bytes))
        // Engine.IO's own mark is gone: compressed, message code, segment, id.
        assert.deepStrictEqual(
          [bytes.readUInt8(0), bytes.readUInt16LE(1), bytes.readInt16LE(3), bytes.readInt32LE(5)],
          [1, 1502, 1, 2885]
        )
        socket.close()
      })
    })
  )

  it.live("is declined with another token", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("iifl", { paused: true })
      yield* Effect.promise(async () => {
        const { userID } = await logIn(simulator)
        const socket = connectTo(simulator, { token: "yesterday's", userID })
        let declined = false
        socket.on("connect_error", () => {
          declined = true
        })
        await until("the refusal", () => declined)
        assert.isFalse(socket.connected)
        socket.close()
      })
    })
  )
})

describe("the simulated REST front", () => {
  it.live("publishes the master segment by segment, and the lists of indices", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("iifl", { paused: true })
      const { origin } = new URL(simulator.instrumentsUrl)
      const files = yield* Effect.promise(() =>
        Promise.all(
          iifl.instrumentMaster.sources.map(async ({ body, method, name, url }) => {
            const address = new URL(url as string)
            const response = await fetch(`${origin}${address.pathname}${address.search}`, {
              method: method ?? "GET",
              ...(body === undefined ? {} : { body: body as string })
            })
            return { name, text: await response.text() }
          })
        )
      )
      const { instruments } = parse(files)
      assert.deepStrictEqual(instruments.map(nameOf).sort(), simulator.instruments.map(nameOf).sort())
    })
  )
})

interface Message {
  readonly ExchangeInstrumentID: number
  readonly Bids: ReadonlyArray<{ readonly Price: number }>
  readonly Touchline: { readonly LastTradedPrice: number }
}

const state: Tick = {
  symbol: "RELIANCE",
  exchange: "NSE",
  mode: "depth",
  received_time: 1_711_665_647_000,
  exchange_time: 1_711_665_647_000,
  ltt: 1_711_665_645_000,
  ltp: 2940.05,
  ltq: 250,
  open: 2900.1,
  high: 2950,
  low: 2890.55,
  close: 2899.95,
  volume: 4_000_000,
  average_price: 2921.37,
  total_buy_quantity: 301,
  total_sell_quantity: 12,
  depth: {
    buy: [{ price: 2940, quantity: 500, orders: 3 }],
    sell: [{ price: 2940.1, quantity: 250, orders: 1 }]
  }
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** A broker made of Socket.IO's server: login, subscriptions, and what `publish` sends to whoever is there. */
const startBroker = async (ping: { readonly pingInterval: number; readonly pingTimeout: number }) => {
  const sockets: Array<ServerSocket> = []
  const subscriptions: Array<unknown> = []
  const http = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const login = request.url!.endsWith("/auth/login")
      if (!login) subscriptions.push([request.method, request.headers.authorization, JSON.parse(body)])
      response.setHeader("content-type", "application/json")
      const result = login
        ? { token: TOKEN, userID: "U1" }
        : { mdp: 1502, listQuotes: [fullMessage(1502, RELIANCE, state, 1)] }
      response.end(JSON.stringify({ type: "success", code: "s-0001", description: "", result }))
    })
  })
  const io = serveIo(http, { path: PATH, serveClient: false, ...ping })
  io.use((socket, next) => {
    const { token, userID } = socket.handshake.query
    next(token === TOKEN && userID === "U1" ? undefined : new Error("Invalid Token"))
  })
  io.on("connection", (socket) => {
    sockets.push(socket)
    socket.emit("joined", {
      type: "success",
      code: "s-socket-0001",
      description: "Socket joined successfully!"
    })
  })
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  const authority = `127.0.0.1:${(http.address() as AddressInfo).port}`
  return {
    authority,
    subscriptions,
    publish: (event: string, payload: unknown) => {
      for (const socket of sockets) socket.emit(event, payload)
    },
    stop: () => {
      io.close()
      http.close()
    }
  }
}

/** Our codec on a socket of its own, with a login as a session makes it. */
const connectCodec = async (authority: string, credentials: Credentials) => {
  const carry = async ({ body, headers, method, url }: HttpRequest): Promise<HttpAnswer> => {
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
    return { status: response.status, headers: {}, body: await response.text() }
  }
  const login = protocol.handshake({
    endpoint: `ws://${authority}${PATH}`,
    services: { rest: `http://${authority}/apimarketdata` },
    credentials,
    now: 0,
    random: new Uint8Array(64),
    options: codecOptions(iifl)
  })
  let step = login.next()
  while (step.done !== true) step = login.next(await carry(step.value))
  const handshake = step.value as Handshake
  const ws = new WebSocket(handshake.url)
  const codec: Codec = protocol.open(codecOptions(iifl), handshake)
  const ticks: Array<Tick> = []
  const events: Array<WireEvent> = []
  const rejects: Array<string> = []
  let closed = false
  const send = (outbound: Outbound): void => {
    if (!isHttpRequest(outbound)) return ws.send(outbound)
    void carry(outbound).then((answer) => codec.answered!(outbound, answer, Date.now(), sink))
  }
  const sink: Sink = {
    tick: (_, tick) => ticks.push(tick),
    reject: (cause, detail) => rejects.push(`${cause}: ${detail}`),
    event: (event) => events.push(event),
    send
  }
  ws.on("message", (data, isBinary) => {
    const frame: Frame = isBinary ? (data as Buffer) : (data as Buffer).toString()
    codec.decode(frame, Date.now(), sink)
  })
  ws.on("close", () => {
    closed = true
  })
  ws.on("error", () => {})
  await new Promise<void>((resolve) => ws.once("open", () => resolve()))
  return {
    ws,
    codec,
    ticks,
    events,
    rejects,
    send,
    closed: () => closed,
    heard: (type: WireEvent["type"]) => events.some((e) => e.type === type)
  }
}

describe("our codec against socket.io's server", () => {
  const reliance = instrument("NSE", "RELIANCE", "2885")
  const keys = { apiKey: secret("key"), apiSecret: secret("secret") }

  it.live("logs in, joins, subscribes, and reads events, changes and attachments", () =>
    Effect.promise(async () => {
      const broker = await startBroker({ pingInterval: 25_000, pingTimeout: 5000 })
      const client = await connectCodec(broker.authority, keys)
      await until("the join", () => client.heard("ready"))
      for (const one of client.codec.request([{ instrument: reliance, to: DEPTH }])) client.send(one)
      await until("the picture", () => client.ticks.length === 1)
      assert.deepStrictEqual(broker.subscriptions, [
        ["POST", TOKEN, { instruments: [RELIANCE], xtsMessageCode: 1502 }]
      ])
      const moved = { ...state, ltp: 2941, exchange_time: 1_711_665_650_000 }
      broker.publish("1502-json-full", fullMessage(1502, RELIANCE, moved, 2))
      broker.publish("1502-json-partial", "t:1_2885,ltp:2942,lut:1396152651")
      broker.publish("xts-binary-packet", Buffer.from(binaryPacket(1502, "A", RELIANCE, moved, 3, 100)))
      broker.publish("1105-json-partial", "t:1_2885,110:3000")
      await until("four ticks", () => client.ticks.length === 4)
      assert.deepStrictEqual(client.rejects, [])
      assert.deepStrictEqual(
        client.ticks.map((t) => t.ltp),
        [2940.05, 2941, 2942, 2941]
      )
      for (const [i, held] of [state, moved, undefined, moved].entries()) {
        if (held !== undefined)
          assert.deepStrictEqual(disagreements(client.ticks[i]!, held, 1), [], nameOf(reliance))
      }
      client.ws.close()
      broker.stop()
    })
  )

  it.live("keeps the connection with its pings, and loses it without", () =>
    Effect.promise(async () => {
      const broker = await startBroker({ pingInterval: 200, pingTimeout: 100 })
      const pinging = await connectCodec(broker.authority, keys)
      const silent = await connectCodec(broker.authority, keys)
      const timer = setInterval(() => pinging.send(pinging.codec.heartbeat!()), 100)
      await until("the end of the silent one", silent.closed)
      await until("pongs", () => pinging.events.filter((e) => e.type === "heartbeat").length > 5)
      assert.isFalse(pinging.closed())
      clearInterval(timer)
      pinging.ws.close()
      broker.stop()
    })
  )

  it.live("learns that its token is not good", () =>
    Effect.promise(async () => {
      const broker = await startBroker({ pingInterval: 25_000, pingTimeout: 5000 })
      const client = await connectCodec(broker.authority, {
        feedToken: secret("yesterday's"),
        clientCode: secret("U1")
      })
      await until("the refusal", () => client.heard("failure"))
      const failure = client.events.find((e) => e.type === "failure")
      assert.strictEqual(failure?.type === "failure" ? failure.failure._tag : "", "AuthRejected")
      client.ws.close()
      broker.stop()
    })
  )
})
