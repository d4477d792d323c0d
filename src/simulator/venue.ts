/**
 * The running part of a simulator, without its start and end: clients come and go, the market moves, frames leave.
 * Plain callbacks on one thread; nothing here suspends.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { loginOf } from "./demo.ts"
import { isLoggedIn, makeRequestTaker } from "./requestHandler.ts"
import { makeListedMarket } from "./listedMarket.ts"
import { WebSocketServer } from "ws"
import type { RawData } from "ws"
import { feed, sendFrames } from "./client.ts"
import type { Client } from "./client.ts"
import type { Pair } from "./pair.ts"
import { makeEngine } from "./faults/engine.ts"
import type { Kind } from "./faults/faultyWire.ts"
import { pathOf, refuseUpgrade, singleHeaders } from "./http.ts"
import { streamPeer, webSocketPeer } from "./peer.ts"
import type { Peer } from "./peer.ts"
import { makeClientLog } from "./clientLog.ts"
import { makePacer } from "./pacer.ts"
import type { Counters, VenueFeed, VenueOptions } from "./venueOptions.ts"
import { credentialFields } from "../market/credentials.ts"
import type { Credentials } from "../market/credentials.ts"
import type { Frame, Refusal } from "../protocols/protocol.ts"
import type { UpgradeRequest } from "../protocols/serverProtocol.ts"

/** Requests are short; real brokers close on more. */
const MAX_REQUEST_BYTES = 1024 * 1024
/** Going away: the simulator stops. */
const GOING_AWAY = 1001
const INTERNAL_ERROR = 1011
const BROKEN: Refusal = { status: 500, headers: {} }

/** The login that is valid when all have expired: no client can know it. */
const nobody = (): Credentials => {
  const unknown = randomUUID()
  return loginOf(Object.fromEntries(credentialFields.map((field) => [field, unknown])))
}

export type Venue = ReturnType<typeof makeVenue>

// oxlint-disable-next-line max-lines-per-function -- the venue's callbacks, over one set of clients
export const makeVenue = (options: VenueOptions) => {
  const { feeds, market, moment, now, report } = options
  const clients = new Set<Client>()
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_REQUEST_BYTES,
    clientTracking: false,
    autoPong: false
  })
  const pacer = makePacer(options.ticksPerSecond, options.turnMs, moment())

  const { all, find, pairOf, pairAt } = makeListedMarket(options.listed, market)
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
    moment,
    now,
    ...(options.onFault === undefined ? {} : { onFault: options.onFault })
  })
  const ledger = makeClientLog(clients, now, moment)

  const valid = (): Credentials => (rejecting || engine.expired() ? nobody() : accepted)

  const desk = makeRequestTaker({ clients, engine, feeds, find, ledger, pairOf, valid })

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

  const loggedIn = (client: Client): void => {
    ledger.loggedIn(client)
    engine.loggedIn(client.line)
  }

  const receive = (client: Client, frame: Frame): void => {
    const { line } = client
    if (!line.hears) return
    const excess = desk.excess(client)
    if (excess === "close") return engine.tooMuch(line)
    if (excess === "ignore") return
    try {
      const { answers, close, entered, kind, touched } = desk.take(client, frame)
      if (entered) loggedIn(client)
      if (silent) return
      sendFrames(client, kind, answers, moment())
      if (close !== undefined) return client.peer.close(close.code, close.reason)
      if (touched.length === 0) return
      const pairs: Array<Pair> = []
      for (const instrument of touched) {
        const pair = pairOf(instrument)
        if (pair !== undefined) pairs.push(pair)
      }
      push(client, "snapshot", pairs, moment())
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
      lastSentAt: moment(),
      frames: 0,
      bytes: 0,
      skipped: 0,
      behind: false
    }
    clients.add(client)
    counts.accepted++
    report("connected", `connection ${client.id} from ${peer.remote}`)
    ledger.opened(client)
    if (!silent) sendFrames(client, "greet", client.codec.greet?.() ?? [], moment())
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

  const batch: Array<Pair> = []
  const turn = (): void => {
    const at = moment()
    const time = now()
    let due = paused ? 0 : pacer.due(at)
    while (due > 0) {
      const changed = market.step(time, due)
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
    http: desk.http,
    turn,
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      pacer.restart(moment())
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
      for (const client of clients) sendFrames(client, "served", frames, moment())
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
