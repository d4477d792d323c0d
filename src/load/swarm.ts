/** Many clients of one server, logged in and subscribed, a few at a time so that nobody's backlog overflows. */
import { LoadConnection } from "./connection.ts"
import type { LoadOptions, OnFrames, Subscription } from "./connection.ts"

/** Connections that are being set up at the same time. */
const AT_A_TIME = 50

export interface SwarmOptions extends LoadOptions {
  readonly clients: number
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
    const { clients, onFrames, subscriptions } = options
    const connections = Array.from({ length: clients }, () => new LoadConnection(options, onFrames))
    let instruments = 0
    try {
      for (let from = 0; from < clients; from += AT_A_TIME) {
        await Promise.all(
          connections.slice(from, from + AT_A_TIME).map(async (connection) => {
            await connection.open()
            await connection.logIn()
            let taken = 0
            for (const subscription of subscriptions) taken += await connection.subscribe(subscription)
            instruments = taken
            connection.count()
          })
        )
      }
    } catch (error) {
      for (const connection of connections) connection.close()
      throw error
    }
    return new Swarm(connections, instruments)
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

const sum = (
  connections: ReadonlyArray<LoadConnection>,
  of: (connection: LoadConnection) => number
): number => connections.reduce((total, connection) => total + of(connection), 0)
