/** Servers under test with their clients: what every suite over real sockets needs. */
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WrongResult } from "../harness.ts"
import type { Flood, Paced } from "./emitter.ts"
import { ROUND } from "./market.ts"
import type { BookOrQuote } from "./market.ts"
import { startLoad, startServer } from "./processes.ts"
import type { RunningServer, Worker } from "./processes.ts"
import type { Latency, LoadRequest, Memory, ServerTask, Totals } from "./tasks.ts"

/** Any key will do: the store is in memory and the port on the loopback. */
const KEY = "the-key-of-the-load"

export const INSTRUMENTS = 50

/** Rounds on their way at full speed: enough that nobody waits for an acknowledgement. */
export const WINDOW = 4

export interface Setup {
  readonly role: "bare" | "bareSplit" | "gateway" | "whole" | "split"
  readonly mode: BookOrQuote
  readonly instruments?: number
  readonly loaded?: number
  readonly nodeOptions?: ReadonlyArray<string>
}

/** A server, or the two processes of a split one. */
export interface Target {
  readonly name: string
  readonly setup: Setup
  /** Publishes. */
  readonly source: RunningServer
  /** Has the clients; the same, but for a split server. */
  readonly front: RunningServer
}

export interface Audience {
  readonly target: Target
  readonly clients: number
  readonly swarm: number
}

export interface Delivered {
  readonly perSecond: number
  readonly ticks: number
  /** Of one core, each. For a split server the sum of both processes. */
  readonly serverCpu: number
  readonly loadCpu: number
  /** Processor time of the server for a tick to all clients. */
  readonly cpuNsPerTick: number
}

/** A client is told that it is subscribed before the session has asked the broker: what ticks until then goes astray. */
const SUBSCRIBED_MS = 1000

let splits = 0

export class Rig {
  readonly #load: Worker<LoadRequest>
  readonly #workers: Array<{ readonly stop: () => void }>

  private constructor(load: Worker<LoadRequest>) {
    this.#load = load
    this.#workers = [load]
  }

  /** Runs with a rig of its own and stops all its processes. */
  static async use<A>(f: (rig: Rig) => Promise<A>): Promise<A> {
    const rig = new Rig(await startLoad())
    try {
      return await f(rig)
    } finally {
      for (const worker of rig.#workers) worker.stop()
    }
  }

  async start(setup: Setup): Promise<Target> {
    const { instruments = INSTRUMENTS, loaded = 100, mode, nodeOptions = [], role } = setup
    const task = {
      mode,
      instruments,
      perRound: ROUND,
      loaded: Math.max(loaded, instruments),
      key: KEY
    }
    const start = async (of: ServerTask): Promise<RunningServer> => {
      const server = await startServer(of, nodeOptions)
      this.#workers.push(server.worker)
      return server
    }
    if (role !== "split" && role !== "bareSplit") {
      const server = await start({ ...task, role })
      return { name: role, setup, source: server, front: server }
    }
    const path = join(tmpdir(), `algoways-bench-${process.pid}-${++splits}`)
    const addresses = { control: `ipc://${path}.control`, frames: `ipc://${path}.frames` }
    const source = await start({ ...task, ...addresses, role: role === "split" ? "feed" : "bareFeed" })
    const front = await start({ ...task, ...addresses, role: role === "split" ? "remote" : "bareRemote" })
    return { name: role, setup, source, front }
  }

  /** @param instruments what each client reads; 0: it only logs in */
  async connect(
    target: Target,
    clients: number,
    instruments = target.setup.instruments ?? INSTRUMENTS
  ): Promise<Audience> {
    const swarm = await this.#load.ask<number>({
      op: "connect",
      target: {
        port: target.front.port,
        pacePort: target.source.pacePort,
        key: KEY,
        clients,
        instruments,
        perRound: ROUND,
        mode: target.setup.mode
      }
    })
    if (instruments > 0) await sleep(SUBSCRIBED_MS)
    return { target, clients, swarm }
  }

  async disconnect({ swarm }: Audience): Promise<void> {
    await this.#load.ask({ op: "close", swarm })
  }

  /** As fast as the clients take it. @throws WrongResult when a client does not get every frame */
  async flood(audience: Audience, ms: number, perTurn = ROUND): Promise<Delivered> {
    const { clients, target } = audience
    const before = await this.#state(audience)
    const flood = await target.source.worker.ask<Flood>({ op: "flood", ms, window: WINDOW, perTurn })
    const after = await this.#state(audience)
    expectAll(audience, before.load, after.load, flood.ticks)
    const { elapsedMs, ticks } = flood
    const serverMs = flood.cpuMs + (target.front === target.source ? 0 : after.frontMs - before.frontMs)
    return {
      perSecond: (1000 * ticks * clients) / elapsedMs,
      ticks,
      serverCpu: serverMs / elapsedMs,
      loadCpu: (after.load.cpuMs - before.load.cpuMs) / elapsedMs,
      cpuNsPerTick: (serverMs * 1e6) / ticks
    }
  }

  /** At a set rate, with the time that each frame takes. @throws WrongResult when a client does not get every frame */
  async pace(
    audience: Audience,
    ms: number,
    ticksPerSecond: number
  ): Promise<Latency & { readonly cpu: number }> {
    const { clients, swarm, target } = audience
    const before = await this.#state(audience)
    await this.#load.ask({
      op: "record",
      swarm,
      ticks: Math.ceil((2 * ticksPerSecond * ms) / 1000) + ROUND
    })
    const { cpuMs, elapsedMs, times } = await target.source.worker.ask<Paced>({
      op: "pace",
      ms,
      ticksPerSecond,
      times: true
    })
    await this.#arrived(swarm, before.load.frames + times.length * clients)
    const after = await this.#state(audience)
    expectAll(audience, before.load, after.load, times.length)
    const latency = await this.#load.ask<Latency>({ op: "latency", swarm, times })
    return { ...latency, cpu: cpuMs / elapsedMs }
  }

  /** The same for long, without times. */
  async load(audience: Audience, ms: number, ticksPerSecond: number): Promise<void> {
    const { clients, swarm, target } = audience
    const before = await this.#state(audience)
    const { ticks } = await target.source.worker.ask<Paced>({ op: "pace", ms, ticksPerSecond, times: false })
    await this.#arrived(swarm, before.load.frames + ticks * clients)
    expectAll(audience, before.load, (await this.#state(audience)).load, ticks)
  }

  /** Waits for so many frames, as long as any come. */
  async #arrived(swarm: number, wanted: number): Promise<void> {
    let frames = -1
    for (;;) {
      const totals = await this.#load.ask<Totals>({ op: "totals", swarm })
      if (totals.frames >= wanted || totals.frames === frames) return
      frames = totals.frames
      await sleep(250)
    }
  }

  memory({ front }: Target): Promise<Memory> {
    return front.worker.ask<Memory>({ op: "memory" })
  }

  async #state(audience: Audience): Promise<{ readonly load: Totals; readonly frontMs: number }> {
    const load = await this.#load.ask<Totals>({ op: "totals", swarm: audience.swarm })
    return { load, frontMs: await audience.target.front.worker.ask<number>({ op: "cpu" }) }
  }
}

const expectAll = ({ clients, target }: Audience, before: Totals, after: Totals, ticks: number): void => {
  const frames = after.frames - before.frames
  if (frames === ticks * clients && after.ended === 0 && after.others === before.others) return
  throw new WrongResult(
    `${target.name}: ${frames} of ${ticks * clients} frames arrived at ${clients} clients, ` +
      `${after.others - before.others} other messages, ${after.ended} connections ended (${after.why ?? "none"})`
  )
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
