/**
 * The running part of a simulator, without its start and end: clients come and go, the market moves, frames leave.
 * Plain callbacks on one thread; nothing here suspends.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { loginOf } from "./demo.ts"
import { makeFloor } from "./floor.ts"
import { WebSocketServer } from "ws"
import type { RawData } from "ws"
import { feed, sendFrames } from "./client.ts"
import type { Client, Pair } from "./client.ts"
import { makeEngine } from "./faults/engine.ts"
import type { FaultEvent } from "./faults/engine.ts"
import type { Kind } from "./faults/line.ts"
import { MASTER_PATH, pathOf, refuseUpgrade, singleHeaders } from "./http.ts"
import { streamPeer, webSocketPeer } from "./peer.ts"
import type { Peer } from "./peer.ts"
import type { Listed } from "./identity.ts"
import { makeLedger } from "./ledger.ts"
import type { Market } from "./market.ts"
import { makePacer } from "./pacer.ts"
import type { Credentials } from "../market/credentials.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type {
  CodecOptions,
  FindByToken,
  Frame,
  HttpAnswer,
  Refusal,
  ServedRequest,
  ServerProtocol,
  UpgradeRequest
} from "../protocols/protocol.ts"

/** One kind of connection that the broker offers. */
export interface VenueFeed {
  /** The path of its upgrade requests; unused on a byte stream. */
  readonly path: string
  readonly protocol: ServerProtocol
  readonly codec: CodecOptions
  /** Where it can be reached; known once the servers listen. */
  readonly endpoint: () => string
}

export interface VenueOptions {
  /** The main one first. */
  readonly feeds: ReadonlyArray<VenueFeed>
  readonly listed: ReadonlyArray<Listed>
  readonly market: Market
  readonly credentials: Credentials
  readonly ticksPerSecond: number
  readonly turnMs: number
  readonly maxBufferedBytes: number
  readonly paused: boolean
  /** Of what faults leave to chance. */
  readonly seed: number
  readonly onFault?: (event: FaultEvent) => void
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

const TOO_MANY_REQUESTS: HttpAnswer = { status: 429, headers: {}, body: '{"message":"Too many requests"}' }
const NONE: ReadonlySet<WireInstrument> = new Set()

/** The login that is valid when all have expired: no client can know it. */
const nobody = (): Credentials => {
  const unknown = randomUUID()
  return loginOf({
    apiKey: unknown,
    apiSecret: unknown,
    authToken: unknown,
    feedToken: unknown,
    clientCode: unknown
  })
}

export type Venue = ReturnType<typeof makeVenue>

export const makeVenue = (options: VenueOptions) => {
  const { feeds, market, now, report } = options
  const clients = new Set<Client>()
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_REQUEST_BYTES,
    clientTracking: false,
    autoPong: false
  })
  const pacer = makePacer(options.ticksPerSecond, options.turnMs, now())

  const { all, find, pairOf, pairAt } = makeFloor(options.listed, market)
  const instruments = all.map(([instrument]) => instrument)

  let accepted = options.credentials
  let rejecting = false
  let refusing: Refusal | undefined
  let silent = false
  let paused = options.paused
  let nextId = 1
  const counts = { accepted: 0, refused: 0, changes: 0, defects: 0 }
  // What clients that are gone were sent.
  const gone = { frames: 0, bytes: 0, skipped: 0 }

  const engine = makeEngine({
    seed: options.seed,
    now,
    ...(options.onFault === undefined ? {} : { onFault: options.onFault })
  })
  const ledger = makeLedger(clients, now)

  const valid = (): Credentials => (rejecting || engine.expired() ? nobody() : accepted)

  const defect = (client: Client, error: unknown): void => {
    counts.defects++
    report("defect", `connection ${client.id}: ${String(error)}`)
    client.peer.close(INTERNAL_ERROR)
  }

  const push = (client: Client, kind: Kind, changed: ReadonlyArray<Pair>, at: number): void => {
    try {
      feed(client, kind, changed, all, options.maxBufferedBytes, at)
    } catch (error) {
      defect(client, error)
    }
  }

  /** Looks up what a request is about, without what a fault refuses. @param client undefined over REST */
  const inquire = (client: Client | undefined, about: Set<WireInstrument>) => {
    const noting: FindByToken = (token, code) => {
      const instrument = find(token, code)
      if (instrument !== undefined) about.add(instrument)
      return instrument
    }
    if (!engine.limits.restricts()) return { find: noting, refuses: () => false, refused: NONE }
    return engine.limits.inquiry(
      client?.line,
      noting,
      (instrument) => ledger.wasHeld(client, instrument),
      () => ledger.countOf(client)
    )
  }

  const isLoggedIn = ({ codec }: Client): boolean => codec.isLoggedIn?.() ?? true

  const loggedIn = (client: Client): void => {
    ledger.loggedIn(client)
    engine.loggedIn(client.line)
  }

  const receive = (client: Client, frame: Frame): void => {
    const { codec, line } = client
    if (!line.hears) return
    ledger.request()
    const excess = engine.limits.request(line)
    if (excess === "close") return engine.tooMuch(line)
    if (excess === "ignore") return
    try {
      const before = isLoggedIn(client)
      const about = new Set<WireInstrument>()
      const inquiry = inquire(client, about)
      const { answers, close, touched } = codec.receive(frame, inquiry.find)
      for (const instrument of touched) {
        about.add(instrument)
        // Not every codec looks up; then it knows nothing of the refusal.
        if (inquiry.refuses(instrument)) line.unserved.add(instrument)
        else line.unserved.delete(instrument)
      }
      ledger.noted(client, about)
      const login = !before && isLoggedIn(client)
      if (login) loggedIn(client)
      if (!before && !login && close !== undefined) {
        ledger.attempt({ outcome: "refused", connection: client.id })
      }
      if (!line.calm) line.asked(touched)
      if (silent) return
      const said =
        inquiry.refused.size === 0
          ? answers
          : (line.words?.refused?.(frame, answers, [...inquiry.refused]) ?? answers)
      line.settle()
      sendFrames(client, before ? "answer" : "login", said, now())
      if (close !== undefined) return client.peer.close(close.code, close.reason)
      if (touched.length === 0) return
      const pairs: Array<Pair> = []
      for (const instrument of touched) {
        const pair = pairOf(instrument)
        if (pair !== undefined) pairs.push(pair)
      }
      push(client, "snapshot", pairs, now())
    } catch (error) {
      defect(client, error)
    }
  }

  const connect = (far: Peer, feed: VenueFeed, request: UpgradeRequest): Client => {
    const id = nextId++
    const line = engine.connect(id, feed.protocol, far)
    const { peer } = line
    const client: Client = {
      id,
      peer,
      line,
      protocol: feed.protocol,
      codec: feed.protocol.open(feed.codec, { request, accepted: valid, instruments }),
      since: now(),
      lastSentAt: now(),
      frames: 0,
      bytes: 0,
      skipped: 0,
      behind: false
    }
    clients.add(client)
    counts.accepted++
    report("connected", `connection ${client.id} from ${peer.remote}`)
    ledger.opened(client)
    if (!silent) sendFrames(client, "greet", client.codec.greet?.() ?? [], now())
    if (isLoggedIn(client)) loggedIn(client)
    return client
  }

  const disconnected = (client: Client, how: string): void => {
    if (!clients.delete(client)) return
    engine.gone(client.line)
    ledger.closed(client, how)
    gone.frames += client.frames
    gone.bytes += client.bytes
    gone.skipped += client.skipped
    report("disconnected", `connection ${client.id}, ${how}`)
  }

  const admit = (feed: VenueFeed, request: UpgradeRequest): Refusal | undefined => {
    try {
      return feed.protocol.admit(request, valid())
    } catch (error) {
      counts.defects++
      report("defect", `an upgrade request: ${String(error)}`)
      return BROKEN
    }
  }

  const upgrade = (incoming: IncomingMessage, stream: Duplex, head: Buffer): void => {
    stream.on("error", () => stream.destroy())
    const request = { url: incoming.url ?? "/", headers: singleHeaders(incoming) }
    const path = pathOf(request.url)
    const feed = feeds.find((f) => f.path === path) ?? feeds[0]!
    const refusal = refusing ?? engine.limits.admit(feed.protocol.name) ?? admit(feed, request)
    if (refusal === "hang") return ledger.attempt({ outcome: "unanswered" })
    if (refusal !== undefined) {
      counts.refused++
      ledger.attempt({ outcome: "refused", status: refusal.status })
      report("refused", `status ${refusal.status}`)
      return refuseUpgrade(stream, refusal)
    }
    wss.handleUpgrade(incoming, stream, head, (ws) => {
      const client = connect(webSocketPeer(ws, stream as Socket), feed, request)
      ws.on("message", (data, isBinary) => {
        const bytes = bytesOf(data)
        receive(client, isBinary ? bytes : bytes.toString("utf8"))
      })
      ws.on("ping", (data) => {
        if (!silent) client.line.pong(data, () => ws.pong(data))
      })
      // A reset or a broken frame: "close" follows.
      ws.on("error", () => {})
      ws.on("close", (code) => disconnected(client, `code ${code}`))
    })
  }

  /** A client in this process: takes its frames, and says when it is gone. */
  const join = (peer: Peer, feed: VenueFeed) => {
    const client = connect(peer, feed, { url: "", headers: {} })
    return {
      receive: (frame: Frame) => receive(client, frame),
      left: () => disconnected(client, "left")
    }
  }

  /** A client of a byte stream. */
  const accept = (feed: VenueFeed, socket: Socket): void => {
    socket.on("error", () => socket.destroy())
    const refusal = refusing ?? engine.limits.admit(feed.protocol.name)
    if (refusal === "hang") return ledger.attempt({ outcome: "unanswered" })
    if (refusal !== undefined) {
      counts.refused++
      ledger.attempt({ outcome: "refused" })
      socket.destroy()
      return
    }
    const client = connect(streamPeer(socket), feed, { url: "", headers: {} })
    socket.on("data", (bytes) => receive(client, bytes))
    socket.on("close", () => disconnected(client, "closed"))
  }

  /** The broker's REST front: whichever feed knows the request answers it. */
  const http = (request: ServedRequest): HttpAnswer | undefined => {
    const isFront = pathOf(request.url) !== MASTER_PATH && feeds.some(({ protocol }) => protocol.http)
    if (isFront && engine.limits.request(undefined) !== undefined) return TOO_MANY_REQUESTS
    const about = new Set<WireInstrument>()
    const inquiry = inquire(undefined, about)
    for (const feed of feeds) {
      const answer = feed.protocol.http?.(request, {
        accepted: valid(),
        options: feed.codec,
        endpoint: feed.endpoint(),
        find: inquiry.find,
        refused: inquiry.refused,
        stateOf: (instrument) => pairOf(instrument)?.[1],
        connections: Array.from(clients)
          .filter((client) => client.protocol === feed.protocol)
          .map((client) => client.codec)
      })
      if (answer === undefined) continue
      ledger.request()
      if (about.size > 0) for (const client of clients) client.line.asked(ledger.noted(client, about))
      return answer
    }
    return undefined
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
        const pair = pairAt(changed[i]!.index)
        if (pair !== undefined) batch.push(pair)
      }
      for (const client of clients) push(client, "tick", batch, at)
    }
    engine.turn(at)
    if (silent) return
    for (const client of clients) {
      const { idle } = client.protocol
      if (idle !== undefined && at - client.lastSentAt >= idle.everyMs) {
        sendFrames(client, "idle", [idle.frame()], at)
      }
    }
  }

  return {
    all,
    engine,
    ledger,
    clients: clients as ReadonlySet<Client>,
    upgrade,
    join,
    accept,
    http,
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
      engine.renew()
    },
    rejectCredentials: (on: boolean) => {
      rejecting = on
    },
    refuseUpgrades: (refusal: Refusal | undefined) => {
      refusing = refusal
    },
    serveFrames: (frames: ReadonlyArray<Frame>) => {
      for (const client of clients) sendFrames(client, "served", frames, now())
      return clients.size
    },
    dropConnections: (how?: number | "reset") => {
      const dropped = clients.size
      for (const client of clients) {
        if (how === "reset") client.peer.reset()
        else if (how === undefined) client.peer.terminate()
        else client.peer.close(how)
      }
      return dropped
    },
    /** Says goodbye to everybody. */
    close: () => {
      engine.close()
      for (const client of clients) {
        client.peer.close(GOING_AWAY, "simulator stopped")
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

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)
