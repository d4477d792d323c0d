/** A server under test as a process of its own, so that its processor time and memory are its own. Speaks IPC. */
import "../../src/v8Flags.ts"
import { PerformanceObserver, monitorEventLoopDelay } from "node:perf_hooks"
import { startBare, startBareFeed, startBareRemote } from "./bareServer.ts"
import type { Emit } from "./emitter.ts"
import { Emitter } from "./emitter.ts"
import { makeMarket } from "./market.ts"
import { startFeed, startGateway, startRemote, startWhole } from "./ourServers.ts"
import type { Allocation, Memory, ServerReady, ServerRequest, ServerTask } from "./tasks.ts"

const task = JSON.parse(process.argv[2]!) as ServerTask

const start = (): Promise<{ readonly port: number; readonly emit: Emit | undefined }> => {
  switch (task.role) {
    case "bare":
      return startBare(makeMarket(task.instruments, task.mode))
    case "bareFeed":
      return startBareFeed(makeMarket(task.instruments, task.mode), task.frames!)
    case "bareRemote":
      return startBareRemote(task.frames!)
    case "gateway":
      return startGateway(task, makeMarket(task.instruments, task.mode))
    case "whole":
      return startWhole(task, makeMarket(task.instruments, task.mode))
    case "feed":
      return startFeed(task, makeMarket(task.instruments, task.mode))
    case "remote":
      return startRemote(task)
  }
}

const { emit, port } = await start()
const emitter = emit === undefined ? undefined : new Emitter(emit, task.perRound)
const pacePort = emitter === undefined ? 0 : await emitter.listen()
const delays = monitorEventLoopDelay({ resolution: 1 })

/** Collects until nothing more goes: what is left is what is held. Memory beside the heap goes a little later. */
const collect = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await settled()
  }
}

const memory = async (): Promise<Memory> => {
  await collect()
  return { rss: process.memoryUsage.rss(), heapUsed: held() }
}

const answer = async (request: ServerRequest): Promise<unknown> => {
  switch (request.op) {
    case "flood":
      return emitter!.flood(request.ms, request.window, request.perTurn)
    case "pace":
      return emitter!.pace(request.ms, request.ticksPerSecond, request.times)
    case "cpu": {
      const { system, user } = process.cpuUsage()
      return (system + user) / 1000
    }
    case "memory":
      return memory()
    case "rss":
      return process.memoryUsage.rss()
    case "delays": {
      // The first call begins, the next one reads and begins anew.
      const p99 = delays.percentile(99) / 1e6
      delays.reset()
      delays.enable()
      return p99
    }
    case "allocation":
      return allocation(request.rounds, request.window)
  }
}

/** What a flood allocates. The process must have been started with a nursery that holds all of it. */
const allocation = async (rounds: number, window: number): Promise<Allocation> => {
  let collections = 0
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length))
  await collect()
  observer.observe({ entryTypes: ["gc"] })
  const before = held()
  const { ticks } = await emitter!.flood(60_000, window, task.perRound, rounds)
  const after = held()
  await settled()
  observer.disconnect()
  return { bytesPerTick: (after - before) / ticks, collections }
}

const held = (): number => {
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))

process.on("message", (request: ServerRequest) => {
  answer(request).then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) })
  )
})
process.on("disconnect", () => process.exit(0))
process.send?.({ value: { port, pacePort } satisfies ServerReady })
