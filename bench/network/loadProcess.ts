/** The load client as a process of its own. Speaks to its parent by IPC, and to the server's emitter by a socket. */
import { connect } from "node:net"
import type { Socket } from "node:net"
import type { LoadConnection } from "../../src/load/connection.ts"
import { Swarm } from "../../src/load/swarm.ts"
import { now } from "./emitter.ts"
import { symbolsOf } from "./market.ts"
import type { Latency, LoadRequest, LoadTarget, Totals } from "./tasks.ts"

/** More rounds than are ever on their way. */
const ROUNDS = 64
const A_BYTE = Buffer.from([1])

class Measured {
  readonly #perRound: number
  readonly #clients: number
  readonly #pace: Socket
  /** Connections that have read all of a round, by its number modulo ROUNDS. */
  readonly #whole = new Uint32Array(ROUNDS)
  readonly #arrivals = new Map<LoadConnection, { readonly base: number; readonly times: Float64Array }>()
  swarm: Swarm | undefined

  constructor({ clients, pacePort, perRound }: LoadTarget) {
    this.#clients = clients
    this.#perRound = perRound
    this.#pace = connect({ port: pacePort, host: "127.0.0.1", noDelay: true })
    this.#pace.on("error", () => undefined)
  }

  readonly onFrames = (connection: LoadConnection, frames: number, before: number): void => {
    const arrivals = this.#arrivals.get(connection)
    if (arrivals !== undefined)
      arrivals.times.fill(now(), before - arrivals.base, before - arrivals.base + frames)
    const per = this.#perRound
    const last = Math.floor((before + frames) / per)
    for (let round = Math.floor(before / per); round < last; round++) {
      const slot = round % ROUNDS
      if (++this.#whole[slot]! < this.#clients) continue
      this.#whole[slot] = 0
      this.#pace.write(A_BYTE)
    }
  }

  record(ticks: number): void {
    for (const connection of this.swarm!.connections) {
      this.#arrivals.set(connection, { base: connection.frames, times: new Float64Array(ticks) })
    }
  }

  latency(times: Float64Array): Latency {
    const all: Array<number> = []
    let missing = 0
    for (const { times: arrived } of this.#arrivals.values()) {
      for (let i = 0; i < times.length; i++) {
        if (arrived[i] === 0) missing++
        else all.push((arrived[i]! - times[i]!) * 1000)
      }
    }
    this.#arrivals.clear()
    const sorted = Float64Array.from(all).sort()
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
    return { p50: at(0.5), p99: at(0.99), count: all.length, missing }
  }

  close(): void {
    this.swarm?.close()
    this.#pace.destroy()
  }
}

const swarms: Array<Measured> = []

const open = async (target: LoadTarget): Promise<number> => {
  const { clients, instruments, key, mode, port } = target
  const measured = new Measured(target)
  measured.swarm = await Swarm.open({
    url: new URL(`ws://127.0.0.1:${port}/`),
    key,
    encoding: "json",
    clients,
    subscriptions:
      instruments === 0
        ? []
        : [{ symbols: symbolsOf(instruments), mode: mode === "depth" ? "Depth" : "Quote", depth: 5 }],
    onFrames: measured.onFrames
  })
  if (measured.swarm.instruments !== instruments) {
    throw new Error(`${measured.swarm.instruments} of ${instruments} instruments were subscribed`)
  }
  swarms.push(measured)
  return swarms.length - 1
}

const totals = ({ swarm }: Measured): Totals => {
  const { system, user } = process.cpuUsage()
  return { ...swarm!.totals, cpuMs: (system + user) / 1000 }
}

const answer = async (request: LoadRequest): Promise<unknown> => {
  if (request.op === "connect") return open(request.target)
  const measured = swarms[request.swarm]!
  switch (request.op) {
    case "close":
      return measured.close()
    case "totals":
      return totals(measured)
    case "record":
      return measured.record(request.ticks)
    case "latency":
      return measured.latency(request.times)
  }
}

process.on("message", (request: LoadRequest) => {
  answer(request).then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) })
  )
})
process.on("disconnect", () => process.exit(0))
process.send?.({ value: "ready" })
