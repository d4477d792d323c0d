/** A client of any simulated broker on plain sockets, with the codec that sessions use and nothing of a session. */
import { connect } from "node:net"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { BrokerRegistry } from "../../../src/brokers/registry.ts"
import type { Credentials } from "../../../src/market/credentials.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import type {
  Codec,
  Frame,
  Handshake,
  HttpAnswer,
  HttpRequest,
  Outbound,
  RejectCause,
  Sink,
  Want,
  WireEvent
} from "../../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import { makeSimulator } from "../../../src/simulator/index.ts"
import type { SimulatorHandle, SimulatorOptions } from "../../../src/simulator/index.ts"
import { until } from "../simulatorSupport.ts"

export interface AnyClient {
  readonly ticks: Array<Tick>
  readonly events: Array<WireEvent>
  readonly rejects: Array<RejectCause>
  /** Messages of a WebSocket, reads of a byte stream. */
  readonly frames: Array<Frame>
  readonly ws: WebSocket | undefined
  readonly socket: Socket
  /** How it ended: a close code, 0 for an end without one. */
  readonly ended: () => number | undefined
  /** Statuses of answers to its requests over HTTP. */
  readonly statuses: Array<number>
  readonly send: (frame: Frame) => void
  /** Sends the application's own heartbeat; false where there is none. */
  readonly beat: () => boolean
  readonly want: (instruments: ReadonlyArray<WireInstrument>, to?: Want, from?: Want) => void
  readonly of: (name: string) => ReadonlyArray<Tick>
  readonly close: () => void
}

/** No connection came about. */
export class NotConnected extends Error {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  constructor(why: string, status?: number, headers: Readonly<Record<string, unknown>> = {}) {
    super(why)
    this.status = status
    this.headers = headers
  }
}

const ask = async (request: HttpRequest): Promise<HttpAnswer> => {
  const { body, headers, method, url } = request
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text()
  }
}

const logIn = async (
  simulator: SimulatorHandle,
  broker: Broker,
  credentials: Credentials
): Promise<{ readonly codec: Codec; readonly handshake: Handshake }> => {
  const protocol = await loadProtocol(broker.protocol)
  const options = codecOptions(broker)
  const begun = protocol.handshake({
    endpoint: simulator.endpoint,
    services: simulator.overrides.services ?? {},
    credentials,
    now: Date.now(),
    random: crypto.getRandomValues(new Uint8Array(64)),
    options
  })
  let outcome = begun
  if ("next" in begun) {
    let step = begun.next()
    while (step.done !== true) step = begun.next(await ask(step.value))
    outcome = step.value
  }
  if ("_tag" in outcome) throw new NotConnected(outcome.message)
  const handshake = outcome as Handshake
  return { handshake, codec: protocol.open(options, handshake) }
}

export const connectAny = async (
  simulator: SimulatorHandle,
  broker: Broker,
  credentials: Credentials = simulator.credentials
): Promise<AnyClient> => {
  const { codec, handshake } = await logIn(simulator, broker, credentials)
  const ticks: Array<Tick> = []
  const events: Array<WireEvent> = []
  const rejects: Array<RejectCause> = []
  const frames: Array<Frame> = []
  const statuses: Array<number> = []
  let ended: number | undefined
  let write: (frame: Frame) => void = () => {}
  const send = (outbound: Outbound): void => {
    if (!isHttpRequest(outbound)) return write(outbound)
    ask(outbound).then(
      (answer) => {
        statuses.push(answer.status)
        codec.answered?.(outbound, answer, Date.now(), sink)
      },
      // The simulator is gone; so is the test.
      () => {}
    )
  }
  const sink: Sink = {
    tick: (_, tick) => ticks.push({ ...tick }),
    reject: (cause) => rejects.push(cause),
    event: (event) => events.push(event),
    send
  }
  const take = (frame: Frame): void => {
    frames.push(frame)
    codec.decode(frame, Date.now(), sink)
  }
  const { headers, subprotocols = [], url } = handshake
  let ws: WebSocket | undefined
  let socket: Socket
  if (url.startsWith("tcp:")) {
    const { hostname, port } = new URL(url)
    socket = connect(Number(port), hostname)
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve)
      socket.once("error", reject)
    })
    socket.on("data", (bytes) => take(new Uint8Array(bytes)))
    socket.on("error", () => {})
    socket.on("close", () => {
      ended = 0
    })
    write = (frame) => void socket.write(frame)
  } else {
    const opening = new WebSocket(url, [...subprotocols], {
      headers: { ...headers },
      perMessageDeflate: false
    })
    ws = opening
    // A greeting may come with the upgrade, and is answered at once.
    write = (frame) => opening.send(frame)
    opening.on("message", (data, isBinary) =>
      take(isBinary ? new Uint8Array(data as Buffer) : (data as Buffer).toString())
    )
    opening.on("close", (code) => {
      ended = code === 1006 ? 0 : code
    })
    await new Promise<void>((resolve, reject) => {
      opening.once("open", resolve)
      opening.once("error", (e) => reject(new NotConnected(e.message)))
      opening.once("unexpected-response", (request, response) => {
        reject(new NotConnected("declined", response.statusCode, response.headers))
        request.destroy()
      })
    })
    opening.on("error", () => {})
    socket = (opening as unknown as { readonly _socket: Socket })._socket
  }
  for (const outbound of codec.hello?.() ?? []) send(outbound)
  if (codec.awaitsReady === true) {
    await until("a login or an end", () => ended !== undefined || events.some((e) => e.type === "ready"))
    if (ended !== undefined) throw new NotConnected("the login was refused")
  }
  return {
    ticks,
    events,
    rejects,
    frames,
    ws,
    socket,
    ended: () => ended,
    statuses,
    send: write,
    beat: () => {
      const heartbeat = codec.heartbeat?.()
      if (heartbeat !== undefined) send(heartbeat)
      return heartbeat !== undefined
    },
    want: (instruments, to, from) => {
      const changes = instruments.map((instrument) => ({
        instrument,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to })
      }))
      for (const outbound of codec.request(changes)) send(outbound)
    },
    of: (name) => ticks.filter((t) => nameOf(t) === name),
    close: () => (ws === undefined ? socket.destroy() : ws.terminate())
  }
}

const start = async (name: string, options: Omit<SimulatorOptions, "broker">) => {
  const scope = Effect.runSync(Scope.make())
  const { broker, simulator } = await Effect.runPromise(
    Effect.gen(function* () {
      const { broker } = yield* (yield* BrokerRegistry).load(name)
      return { broker, simulator: yield* makeSimulator({ ...options, broker }) }
    }).pipe(
      Effect.provide(BrokerRegistry.layer),
      Effect.provideService(Scope.Scope, scope),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
  return { broker, simulator, stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** A simulated broker with a lively market, and clients of some of its instruments. */
export const faultyBroker = async (name: string, options: Omit<SimulatorOptions, "broker"> = {}) => {
  const { broker, simulator, stop } = await start(name, { ticksPerSecond: 2000, ...options })
  const clients: Array<AnyClient> = []
  const shares = simulator.instruments.filter((i) => i.type === "EQ")
  const some = (shares.length < 8 ? simulator.instruments : shares).slice(0, 12)
  const names = some.map(nameOf)
  // The whole picture where there is one, so that it can be compared with the market.
  const [mode = "ltp"] = broker.modes.includes("depth") ? (["depth"] as const) : broker.modes
  const wanted: Want = { mode, depth: 5 }
  const join = async (): Promise<AnyClient> => {
    const client = await connectAny(simulator, broker)
    clients.push(client)
    return client
  }
  return {
    broker,
    simulator,
    some,
    two: some.slice(0, 2),
    names,
    wanted,
    join,
    /** A client that gets ticks of all. */
    subscribed: async (): Promise<AnyClient> => {
      const client = await join()
      client.want(some, wanted)
      await until(`ticks of all at ${name}`, () => names.every((n) => client.of(n).length > 0))
      return client
    },
    stop: async () => {
      for (const client of clients) client.close()
      await stop()
    }
  }
}
