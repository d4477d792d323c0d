/**
 * Both ends of a broker's wire in memory: the codec that sessions use and the simulator's, with the simulated market
 * behind it and no socket between them. Logs in as a session would.
 */
import * as Redacted from "effect/Redacted"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import type { Credentials } from "../../../src/market/credentials.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { loadProtocol, loadServerProtocol } from "../../../src/protocols/index.ts"
import type {
  Change,
  Codec,
  Frame,
  Handshake,
  HttpAnswer,
  HttpRequest,
  Outbound,
  Sink,
  Want,
  WireEvent
} from "../../../src/protocols/protocol.ts"
import type { FindByToken, ServerCodec } from "../../../src/protocols/serverProtocol.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import type { ConnectionTap } from "../../../src/session/ticks/tap.ts"
import { demoLoginAt, loginOf, makeListings, makeMarket } from "../../../src/simulator/index.ts"
import { listAt } from "../../../src/simulator/identity.ts"
import type { Listed } from "../../../src/simulator/masters/master.ts"
import { loadMaster } from "../../../src/simulator/masters/index.ts"

/** A trading afternoon, 2026-08-20 14:00 IST. */
export const NOW = Date.UTC(2026, 7, 20, 8, 30)

export interface LinkOptions {
  /** The login that the broker's side accepts; default: the one that the client uses. */
  readonly accepted?: Credentials
  readonly seed?: number
  /** Listens in as it would on a session's connection. */
  readonly tap?: ConnectionTap
  /** When frames arrive; default: always now. */
  readonly clock?: () => number
}

export interface Link {
  readonly codec: Codec
  readonly server: ServerCodec
  readonly handshake: Handshake
  /** What the client logged in with. */
  readonly credentials: Credentials
  readonly listed: ReadonlyArray<Listed>
  /** What the market holds, by name: `NSE:RELIANCE`. */
  readonly state: (name: string) => Tick
  readonly instrument: (name: string) => WireInstrument
  readonly ticks: Array<{
    readonly instrument: WireInstrument
    readonly tick: Tick
    readonly refreshes: number
  }>
  readonly events: Array<WireEvent>
  readonly rejects: Array<string>
  /** Whose packets came although they had been given up. */
  readonly unwanted: Array<WireInstrument>
  /** Fields that the codec left out. */
  readonly leftOut: Array<string>
  /** Frames that reached the client, in order. */
  readonly inbound: Array<Frame>
  /** What the client sent. */
  readonly outbound: Array<Outbound>
  /** Sends changes as a session would; snapshots come back at once. */
  readonly request: (changes: ReadonlyArray<Change>) => void
  readonly subscribe: (name: string, ...wants: ReadonlyArray<Want>) => void
  /** Changes this many instruments and sends what the client holds of them. */
  readonly step: (count: number) => void
  /** Delivers frames that the broker's side did not make. */
  readonly deliver: (...frames: ReadonlyArray<Frame>) => void
}

/** What a login ended with when it did not reach the socket. */
export class LoginFailed extends Error {}

/** @param broker one of a broker's feeds, see `feedsOf` */
export const makeLink = async (broker: Broker, options: LinkOptions = {}): Promise<Link> => {
  const [protocol, serverProtocol, master, login] = await Promise.all([
    loadProtocol(broker.protocol),
    loadServerProtocol(broker.protocol),
    loadMaster(broker.instrumentMaster.format),
    demoLoginAt(broker)
  ])
  if (master === undefined) throw new Error(`the simulator does not write ${broker.instrumentMaster.format}`)
  const credentials = loginOf(login)
  const accepted = options.accepted ?? credentials
  const listings = makeListings({ now: NOW, loadEquities: 0 })
  const listed = listAt(broker, listings, master)
  const levels = Math.max(20, ...Object.values(broker.exchanges).flatMap((e) => e.depthLevels))
  const market = makeMarket({ listings, seed: options.seed ?? 1, now: NOW, levels })
  const byToken = new Map<string, WireInstrument>()
  for (const { code, instrument } of listed) {
    byToken.set(instrument.token, instrument)
    byToken.set(`${code}:${instrument.token}`, instrument)
  }
  const find: FindByToken = (token, code) => byToken.get(code === undefined ? token : `${code}:${token}`)
  const stateOf = (i: WireInstrument): Tick | undefined => market.find(nameOf(i))?.tick
  const codecs: Array<ServerCodec> = []
  const serve = ({ body, headers, method, url }: HttpRequest): HttpAnswer => {
    const { pathname, search } = new URL(url)
    const lower = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]))
    const answer = serverProtocol.http?.(
      { method, url: `${pathname}${search}`, headers: lower, body: body ?? "" },
      {
        accepted,
        options: codecOptions(broker),
        endpoint: broker.endpoint,
        find,
        stateOf,
        connections: codecs
      }
    )
    return answer ?? { status: 404, headers: {}, body: "" }
  }

  const handshake = ((): Handshake => {
    let outcome = protocol.handshake({
      endpoint: broker.endpoint,
      services: broker.services ?? {},
      credentials,
      now: NOW,
      random: Uint8Array.from({ length: 64 }, (_, i) => i + 1),
      options: codecOptions(broker)
    })
    if ("next" in outcome) {
      let step = outcome.next()
      while (step.done !== true) step = outcome.next(serve(step.value))
      outcome = step.value
    }
    if ("_tag" in outcome) throw new LoginFailed(outcome.message)
    return outcome
  })()

  const url = new URL(handshake.url.replace(/^(?:tcp|tls):/, "http:"))
  const request = {
    url: `${url.pathname}${url.search}`,
    headers: Object.fromEntries(Object.entries(handshake.headers).map(([k, v]) => [k.toLowerCase(), v]))
  }
  const isStream = /^(?:tcp|tls):/.test(handshake.url)
  const refusal = isStream ? undefined : serverProtocol.admit(request, accepted)
  if (refusal !== undefined) throw new LoginFailed(protocol.refusal(refusal).message)

  const { clock = () => NOW, tap } = options
  tap?.opened(clock())
  const codec = protocol.open(codecOptions(broker), handshake)
  const server = serverProtocol.open(codecOptions(broker), {
    request,
    accepted: () => accepted,
    instruments: listed.map((l) => l.instrument)
  })
  codecs.push(server)
  const ticks: Array<Link["ticks"][number]> = []
  const events: Array<WireEvent> = []
  const rejects: Array<string> = []
  const unwanted: Array<WireInstrument> = []
  const leftOut: Array<string> = []
  const inbound: Array<Frame> = []
  const outbound: Array<Outbound> = []
  const sink: Sink = {
    tick: (instrument, tick, refreshes) => ticks.push({ instrument, tick, refreshes }),
    reject: (cause, detail, of) => {
      rejects.push(`${cause}: ${detail}`)
      if (of !== undefined) unwanted.push(of)
    },
    leftOut: (_, field) => leftOut.push(field),
    event: (event) => events.push(event),
    send: (one) => send([one])
  }
  const deliver = (...frames: ReadonlyArray<Frame>): void => {
    for (const frame of frames) {
      const at = clock()
      inbound.push(frame)
      tap?.frame(frame, at)
      codec.decode(frame, at, sink)
    }
  }
  const push = (instruments: ReadonlyArray<WireInstrument>): void => {
    const states = instruments.flatMap((i) => {
      const state = stateOf(i)
      return state === undefined ? [] : [[i, state] as const]
    })
    if (states.length > 0) deliver(...server.encode(states))
  }
  function send(all: ReadonlyArray<Outbound>): void {
    for (const one of all) {
      outbound.push(one)
      if (isHttpRequest(one)) {
        const at = clock()
        const answer = serve(one)
        tap?.answered(one, answer, at)
        codec.answered?.(one, answer, at, sink)
      } else {
        const { answers, touched } = server.receive(one, find)
        deliver(...answers)
        push(touched)
      }
    }
  }
  const instrument = (name: string): WireInstrument => {
    const found = listed.find((l) => nameOf(l.instrument) === name)?.instrument
    if (found === undefined) throw new Error(`${name} is not listed at ${broker.name}`)
    return found
  }

  const ask = (changes: ReadonlyArray<Change>): void => {
    tap?.requested(changes, clock())
    send(codec.request(changes))
  }

  deliver(...(server.greet?.() ?? []))
  send(codec.hello?.() ?? [])
  return {
    codec,
    server,
    handshake,
    credentials,
    listed,
    state: (name) => market.find(name)!.tick,
    instrument,
    ticks,
    events,
    rejects,
    unwanted,
    leftOut,
    inbound,
    outbound,
    request: ask,
    subscribe: (name, ...wants) => {
      let from: Want | undefined
      for (const to of wants) {
        ask([{ instrument: instrument(name), to, ...(from === undefined ? {} : { from }) }])
        from = to
      }
    },
    step: (count) => {
      const changed = market.step(NOW + 1000, count)
      const own = new Set(changed.map((c) => c.listing.name))
      push(listed.map((l) => l.instrument).filter((i) => own.has(nameOf(i))))
    },
    deliver
  }
}

/** For tests that change one field of the demo login. */
export const secret = (value: string): Redacted.Redacted<string> => Redacted.make(value)
