/** Many clients of one server. They log in and subscribe a few at a time, so that no backlog overflows. */
import { setTimeout as sleep } from "node:timers/promises"
import { messageOf } from "../kit/messageOf.ts"
import { LoadConnection } from "./connection.ts"
import type { LoadOptions, OnFrames, Subscription } from "./connection.ts"

/** Connections that are being set up at the same time. */
const AT_A_TIME = 50

export interface SwarmOptions extends LoadOptions {
  readonly clients: number
  /** Clients that are started in a second at most; without it as fast as it goes. */
  readonly ramp?: number | undefined
  /** What each client reads. */
  readonly subscriptions: ReadonlyArray<Subscription>
  readonly onFrames?: OnFrames
}

/** Sums over all clients since they connected. */
export interface SwarmTotals {
  readonly frames: number
  readonly bytes: number
  readonly others: number
  /** Clients whose connection ended, with the reason of the first. */
  readonly ended: number
  readonly why: string | undefined
}

export class Swarm {
  readonly connections: ReadonlyArray<LoadConnection>
  /** Instruments that each client reads. */
  readonly instruments: number

  private constructor(connections: ReadonlyArray<LoadConnection>, instruments: number) {
    this.connections = connections
    this.instruments = instruments
  }

  /** @throws Error with the server's words when a client cannot connect, log in or subscribe */
  static async open(options: SwarmOptions): Promise<Swarm> {
    const { clients, onFrames, ramp = Number.POSITIVE_INFINITY } = options
    const connections = Array.from({ length: clients }, () => new LoadConnection(options, onFrames))
    const began = performance.now()
    let next = 0
    let failed = false
    let instruments = 0
    const worker = async (): Promise<void> => {
      while (next < clients && !failed) {
        const index = next++
        const early = began + (index / ramp) * 1000 - performance.now()
        if (early > 0) await sleep(early)
        if (failed) return
        try {
          instruments = await ready(connections[index]!, options.subscriptions)
        } catch (error) {
          failed = true
          const why = messageOf(error)
          throw new Error(`client ${index + 1} of ${clients}: ${why}`, { cause: error })
        }
      }
    }
    try {
      await Promise.all(Array.from({ length: Math.min(AT_A_TIME, clients) }, worker))
    } catch (error) {
      for (const connection of connections) connection.close()
      throw error
    }
    return new Swarm(connections, instruments)
  }

  /** What the server did not take of the subscriptions, with its words: the same for every client. */
  get refused(): ReadonlyArray<string> {
    return this.connections[0]?.refused ?? []
  }

  /** Has each client read one frame of market data in so many whole, see `LoadOptions.onSample`. */
  sample(every: number): void {
    for (const connection of this.connections) connection.sampleEvery = every
  }

  get totals(): SwarmTotals {
    const ended = this.connections.filter((c) => c.ended !== undefined)
    return {
      frames: sum(this.connections, (c) => c.frames),
      bytes: sum(this.connections, (c) => c.bytes),
      others: sum(this.connections, (c) => c.others),
      ended: ended.length,
      why: ended[0]?.ended
    }
  }

  close(): void {
    for (const connection of this.connections) connection.close()
  }
}

/** Sets a client up; answers how many instruments it has. */
const ready = async (
  connection: LoadConnection,
  subscriptions: ReadonlyArray<Subscription>
): Promise<number> => {
  await connection.open()
  await connection.logIn()
  let taken = 0
  for (const subscription of subscriptions) taken += await connection.subscribe(subscription)
  connection.count()
  return taken
}

const sum = (
  connections: ReadonlyArray<LoadConnection>,
  of: (connection: LoadConnection) => number
): number => connections.reduce((total, connection) => total + of(connection), 0)
