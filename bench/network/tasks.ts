/** What the suite's processes are asked and answer, over IPC. */
import type { BookOrQuote } from "./market.ts"

/**
 * bare: uWebSockets.js alone, which publishes finished bytes. bareFeed: ZeroMQ alone, which sends them; bareRemote:
 * uWebSockets.js that publishes what comes from it. gateway: our gateway, handed finished frames. whole: feed
 * and gateway in one process, handed the broker's bytes. feed: the feed alone, read over ZeroMQ; remote: the gateway
 * that reads from it.
 */
export type Role = "bare" | "bareFeed" | "bareRemote" | "gateway" | "whole" | "feed" | "remote"

export interface ServerTask {
  readonly role: Role
  readonly mode: BookOrQuote
  /** Instruments that trade. */
  readonly instruments: number
  /** Ticks of a round, which is what a turn of the event loop publishes at full speed. */
  readonly perRound: number
  /** Rows in the instruments table. */
  readonly loaded: number
  readonly key: string
  /** Addresses of the feed, for the two halves of a split server; the bare one has no control. */
  readonly control?: string
  readonly frames?: string
}

export interface ServerReady {
  /** Of the client's WebSocket; 0 where there is none. */
  readonly port: number
  /** Of the emitter; 0 where there is none. */
  readonly pacePort: number
}

export type ServerRequest =
  | { readonly op: "flood"; readonly ms: number; readonly window: number; readonly perTurn: number }
  | { readonly op: "pace"; readonly ms: number; readonly ticksPerSecond: number; readonly times: boolean }
  | { readonly op: "cpu" }
  /** After a collection. */
  | { readonly op: "memory" }
  /** As it is. */
  | { readonly op: "rss" }
  /** 99th percentile of the event loop's delay since the last time it was asked for, in milliseconds. */
  | { readonly op: "delays" }
  | { readonly op: "allocation"; readonly rounds: number; readonly window: number }

export interface Memory {
  readonly rss: number
  readonly heapUsed: number
}

export interface Allocation {
  /** On the heap and beside it. */
  readonly bytesPerTick: number
  /** Collections while it was measured: with any, the figure is too low. */
  readonly collections: number
}

export interface LoadTarget {
  readonly port: number
  readonly pacePort: number
  readonly key: string
  readonly clients: number
  /** 0: clients that log in and read nothing. */
  readonly instruments: number
  readonly perRound: number
  readonly mode: BookOrQuote
}

export type LoadRequest =
  | { readonly op: "connect"; readonly target: LoadTarget }
  | { readonly op: "close"; readonly swarm: number }
  | { readonly op: "totals"; readonly swarm: number }
  /** From now on the arrival of each frame is noted, until `latency` asks for it. */
  | { readonly op: "record"; readonly swarm: number; readonly ticks: number }
  | { readonly op: "latency"; readonly swarm: number; readonly times: Float64Array }

export interface Totals {
  readonly frames: number
  readonly bytes: number
  readonly others: number
  readonly ended: number
  readonly why: string | undefined
  readonly cpuMs: number
}

/** Microseconds from the publisher's call to the client's read. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly count: number
  readonly missing: number
}
