/**
 * The running part of a simulator, without its start and end: clients come and go, the market moves, frames leave.
 * Plain callbacks on one thread; nothing here suspends.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import * as Redacted from "effect/Redacted"
import { WebSocketServer } from "ws"
import type { RawData, WebSocket } from "ws"
import { feed, sendFrames } from "./client.ts"
import type { Client, Pair } from "./client.ts"
import { refuseUpgrade } from "./http.ts"
import type { Listed } from "./identity.ts"
import type { Market } from "./market.ts"
import { makePacer } from "./pacer.ts"
import type { Credentials } from "../market/credentials.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { CodecOptions, FindByToken, Outbound, Refusal, ServerProtocol } from "../protocols/protocol.ts"

export interface VenueOptions {
  readonly protocol: ServerProtocol
  readonly codec: CodecOptions
  readonly listed: ReadonlyArray<Listed>
  readonly market: Market
  readonly credentials: Credentials
  readonly ticksPerSecond: number
  readonly turnMs: number
  readonly maxBufferedBytes: number
  readonly paused: boolean
  /** Epoch ms. */
  readonly now: () => number
  /** For the log; never holds a URL or a header, where the secrets are. */
  readonly report: (what: "connected" | "refused" | "disconnected" | "defect", detail: string) => void
}

export interface Counters {
  readonly accepted: number
  readonly refused: number
  readonly frames: number
  readonly bytes: number
  /** Changes of instruments, subscribed or not. */
  readonly changes: number
  /** Rounds left out for slow clients. */
  readonly skipped: number
  /** Times that a codec threw: a bug of ours, contained. */
  readonly defects: number
}

/** Requests are short; real brokers close on more. */
const MAX_REQUEST_BYTES = 1024 * 1024
/** Going away: the simulator stops. */
const GOING_AWAY = 1001
const INTERNAL_ERROR = 1011
const BROKEN: Refusal = { status: 500, headers: {} }

export type Venue = ReturnType<typeof makeVenue>

export const makeVenue = (options: VenueOptions) => {
  const { protocol, market, now, report } = options
  const clients = new Set<Client>()
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_REQUEST_BYTES,
    clientTracking: false,
    autoPong: false
  })
  const pacer = makePacer(options.ticksPerSecond, options.turnMs, now())

  const all: Array<Pair> = []
  const byToken = new Map<string, WireInstrument>()
  const pairOf = new Map<WireInstrument, Pair>()
  const pairAt: Array<Pair | undefined> = market.states.map(() => undefined)
  for (const { listing, instrument, code } of options.listed) {
    const state = market.find(listing.name)
    if (state === undefined) continue
    const pair: Pair = [instrument, state.tick]
    all.push(pair)
    byToken.set(instrument.token, instrument)
    byToken.set(`${code}:${instrument.token}`, instrument)
    pairOf.set(instrument, pair)
    pairAt[state.index] = pair
  }
  const find: FindByToken = (token, code) => byToken.get(code === undefined ? token : `${code}:${token}`)

  let accepted = options.credentials
  let rejecting = false
  let refusing: Refusal | undefined
  let silent = false
  let paused = options.paused
  let nextId = 1
  const counts = { accepted: 0, refused: 0, changes: 0, defects: 0 }
  // What clients that are gone were sent.
  const gone = { frames: 0, bytes: 0, skipped: 0 }

  /** Admits as the broker would if every login had expired: no client can know these. */
  const nobody = (): Credentials => {
    const unknown = Redacted.make(randomUUID())
    return { apiKey: unknown, authToken: unknown, feedToken: unknown, clientCode: unknown }
  }

  const defect = (client: Client, error: unknown): void => {
    counts.defects++
    report("defect", `connection ${client.id}: ${String(error)}`)
    client.ws.close(INTERNAL_ERROR)
  }

  const push = (client: Client, changed: ReadonlyArray<Pair>, at: number): void => {
    try {
      feed(client, changed, all, options.maxBufferedBytes, at)
    } catch (error) {
      defect(client, error)
    }
  }

  const receive = (client: Client, data: RawData, isBinary: boolean): void => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)
    try {
      const { answers, touched } = client.codec.receive(isBinary ? bytes : bytes.toString("utf8"), find)
      if (silent) return
      sendFrames(client, answers, now())
      if (touched.length === 0) return
      const pairs: Array<Pair> = []
      for (const instrument of touched) {
        const pair = pairOf.get(instrument)
        if (pair !== undefined) pairs.push(pair)
      }
      push(client, pairs, now())
    } catch (error) {
      defect(client, error)
    }
  }

  const connect = (ws: WebSocket, socket: Socket): void => {
    const client: Client = {
      id: nextId++,
      ws,
      socket,
      codec: protocol.open(options.codec),
      remote: `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`,
      since: now(),
      lastSentAt: now(),
      frames: 0,
      bytes: 0,
      skipped: 0,
      behind: false
    }
    clients.add(client)
    counts.accepted++
    report("connected", `connection ${client.id} from ${client.remote}`)
    ws.on("message", (data, isBinary) => receive(client, data, isBinary))
    ws.on("ping", (data) => {
      if (!silent) ws.pong(data)
    })
    // A reset or a broken frame: "close" follows.
    ws.on("error", () => {})
    ws.on("close", (code) => {
      clients.delete(client)
      gone.frames += client.frames
      gone.bytes += client.bytes
      gone.skipped += client.skipped
      report("disconnected", `connection ${client.id}, code ${code}`)
    })
  }

  const admit = (request: IncomingMessage): Refusal | undefined => {
    try {
      return protocol.admit(
        { url: request.url ?? "/", headers: singleHeaders(request) },
        rejecting ? nobody() : accepted
      )
    } catch (error) {
      counts.defects++
      report("defect", `an upgrade request: ${String(error)}`)
      return BROKEN
    }
  }

  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    stream.on("error", () => stream.destroy())
    const refusal = refusing ?? admit(request)
    if (refusal !== undefined) {
      counts.refused++
      report("refused", `status ${refusal.status}`)
      return refuseUpgrade(stream, refusal)
    }
    wss.handleUpgrade(request, stream, head, (ws) => connect(ws, stream as Socket))
  }

  const batch: Array<Pair> = []
  const turn = (): void => {
    const at = now()
    let due = paused ? 0 : pacer.due(at)
    while (due > 0) {
      const changed = market.step(at, due)
      if (changed.length === 0) break
      due -= changed.length
      counts.changes += changed.length
      if (silent) continue
      batch.length = 0
      for (let i = 0; i < changed.length; i++) {
        const pair = pairAt[changed[i]!.index]
        if (pair !== undefined) batch.push(pair)
      }
      for (const client of clients) push(client, batch, at)
    }
    const { idle } = protocol
    if (idle === undefined || silent) return
    for (const client of clients) {
      if (at - client.lastSentAt >= idle.everyMs) sendFrames(client, [idle.frame()], at)
    }
  }

  return {
    all,
    clients: clients as ReadonlySet<Client>,
    upgrade,
    turn,
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      pacer.restart(now())
    },
    setRate: pacer.setRate,
    silence: (on: boolean) => {
      silent = on
    },
    setCredentials: (credentials: Credentials) => {
      accepted = credentials
    },
    rejectCredentials: (on: boolean) => {
      rejecting = on
    },
    refuseUpgrades: (refusal: Refusal | undefined) => {
      refusing = refusal
    },
    serveFrames: (frames: ReadonlyArray<Outbound>) => {
      for (const client of clients) sendFrames(client, frames, now())
      return clients.size
    },
    dropConnections: (how?: number | "reset") => {
      const dropped = clients.size
      for (const client of clients) {
        if (how === "reset") client.socket.resetAndDestroy()
        else if (how === undefined) client.ws.terminate()
        else client.ws.close(how)
      }
      return dropped
    },
    /** Says goodbye to everybody. */
    close: () => {
      for (const client of clients) {
        client.ws.close(GOING_AWAY, "simulator stopped")
        client.socket.destroySoon()
      }
    },
    counters: (): Counters => {
      let { frames, bytes, skipped } = gone
      for (const client of clients) {
        frames += client.frames
        bytes += client.bytes
        skipped += client.skipped
      }
      return { ...counts, frames, bytes, skipped }
    }
  }
}

/** Repeated headers joined; names come in lower case from Node. */
const singleHeaders = (request: IncomingMessage): Readonly<Record<string, string | undefined>> => {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value
  }
  return headers
}
