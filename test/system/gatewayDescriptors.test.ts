/** A gateway whose process may have few files and sockets open, so that hostile and careless clients can use them up. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { connect, createServer } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, it } from "vitest"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import type { Ask } from "./fixtures/gatewayUnderLimit.ts"
import { TestClient } from "./support/testClient.ts"

const ends: Array<() => void> = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

interface Limited {
  readonly port: number
  readonly url: string
  readonly ask: <A>(ask: Ask) => Promise<A>
}

const next = <A>(child: ChildProcess): Promise<A> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the gateway ended with code ${code}`))
    child.once("exit", ended)
    child.once("message", (value) => {
      child.off("exit", ended)
      resolve(value as A)
    })
  })

/** @param most files and sockets of the process */
const start = async (most: number, options: GatewayOptions = {}): Promise<Limited> => {
  const script = join(import.meta.dirname, "fixtures", "gatewayUnderLimit.ts")
  const child = spawn(
    "sh",
    [
      "-c",
      'ulimit -n "$0" && exec "$@"',
      String(most),
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      "--conditions=algoways-source",
      script,
      JSON.stringify(options)
    ],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] }
  )
  ends.push(() => child.kill("SIGKILL"))
  const port = await next<number>(child)
  return {
    port,
    url: `ws://127.0.0.1:${port}`,
    ask: <A>(ask: Ask) => {
      child.send(ask)
      return next<A>(child)
    }
  }
}

/** So many connections that say nothing and come back for as long as the test runs. */
const crowd = (port: number, many: number): (() => void) => {
  let over = false
  const all = new Set<Socket>()
  const open = (): void => {
    if (over) return
    const socket = connect(port, "127.0.0.1")
    all.add(socket)
    socket.on("error", () => undefined)
    socket.on("close", () => {
      all.delete(socket)
      setTimeout(open, 50)
    })
  }
  for (let i = 0; i < many; i++) open()
  const end = (): void => {
    over = true
    for (const socket of all) socket.destroy()
  }
  ends.push(end)
  return end
}

/** A broker, as far as a connection to it goes. */
const broker = async (): Promise<number> => {
  const server = createServer((socket) => socket.on("error", () => undefined))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const metric = async ({ port }: Limited, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text.split("\n").find((l) => l.startsWith(`algoways_gateway_${name}`))
  return Number(line?.split(" ").at(-1) ?? 0)
}

// Windows has no such limit.
describe.skipIf(process.platform === "win32")("a gateway with few descriptors", () => {
  it("keeps some for brokers and files, whatever comes", { timeout: 30_000 }, async () => {
    const gateway = await start(256)
    const port = await broker()
    const good = await TestClient.login(gateway.url, "KEY_A")
    const leave = crowd(gateway.port, 400)
    await sleep(1500)
    for (let i = 0; i < 5; i++) expect(await gateway.ask({ connect: port })).toBe(true)
    expect(await gateway.ask({ open: 40 })).toBe(40)
    expect(await good.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    await gateway.ask({ open: 0 })
    leave()
    // The same by clients that log in.
    await expect
      .poll(async () => (await TestClient.login(gateway.url, "KEY_A").catch(() => undefined)) !== undefined)
      .toBe(true)
    const clients: Array<TestClient> = []
    for (let i = 0; i < 300; i++) {
      const client = await TestClient.login(gateway.url, "KEY_A").catch(() => undefined)
      if (client === undefined) break
      clients.push(client)
    }
    expect(clients.length).toBeGreaterThan(20)
    expect(await gateway.ask({ connect: port })).toBe(true)
    expect(await gateway.ask({ open: 40 })).toBe(40)
  })

  it("keeps some for brokers and files beside a full ZeroMQ socket", { timeout: 30_000 }, async () => {
    const gateway = await start(256)
    const port = await broker()
    const zmq = await gateway.ask<number>("zmq")
    // As many as there is room for without those that ZeroMQ may have.
    const clients: Array<TestClient> = []
    for (let i = 0; i < 300; i++) {
      const client = await TestClient.login(gateway.url, "KEY_A").catch(() => undefined)
      if (client === undefined) break
      clients.push(client)
    }
    expect(clients.length).toBeGreaterThan(5)
    // An eighth of 256, and not one more: it would end all of them.
    crowd(zmq, 32)
    await sleep(500)
    expect(await gateway.ask({ open: 50 })).toBe(50)
    expect(await gateway.ask({ connect: port })).toBe(true)
    await gateway.ask({ open: 0 })
    // A flood ends by itself, over and over.
    crowd(zmq, 200)
    for (let i = 0; i < 5; i++) {
      await sleep(200)
      await expect.poll(() => gateway.ask({ connect: port })).toBe(true)
    }
  })

  it(
    "says when they are short, counts, and takes clients again afterwards",
    { timeout: 30_000 },
    async () => {
      const gateway = await start(256)
      const clients: Array<TestClient> = []
      for (;;) {
        const client = await TestClient.login(gateway.url, "KEY_A").catch(() => undefined)
        if (client === undefined) break
        clients.push(client)
      }
      const logs = (): Promise<ReadonlyArray<string>> => gateway.ask("logs")
      await expect
        .poll(async () =>
          (await logs()).some((l) => l.includes("takes no more connections") && l.includes("ulimit -n"))
        )
        .toBe(true)
      for (const client of clients.splice(0)) client.socket.terminate()
      await expect
        .poll(async () => (await TestClient.login(gateway.url, "KEY_A").catch(() => undefined)) !== undefined)
        .toBe(true)
      await expect
        .poll(async () => (await logs()).some((l) => l.includes("takes connections again")), {
          timeout: 5000
        })
        .toBe(true)
      expect(await metric(gateway, 'limited_total{limit="descriptors"}')).toBeGreaterThan(0)
      expect(await metric(gateway, "descriptors_limit")).toBe(256)
      expect(await metric(gateway, "descriptors")).toBeGreaterThan(10)
    }
  )

  it("closes its port rather than accept in vain, and opens it again", { timeout: 30_000 }, async () => {
    const gateway = await start(256)
    const good = await TestClient.login(gateway.url, "KEY_A")
    // Something else of the process takes all there are.
    expect(await gateway.ask<number>({ open: 256 })).toBeLessThan(256)
    crowd(gateway.port, 20)
    const logs = (): Promise<ReadonlyArray<string>> => gateway.ask("logs")
    await expect
      .poll(async () => (await logs()).some((l) => l.includes("port is closed")), { timeout: 5000 })
      .toBe(true)
    const before = await gateway.ask<NodeJS.CpuUsage>("cpu")
    await sleep(1000)
    const after = await gateway.ask<NodeJS.CpuUsage>("cpu")
    // It was all of a core.
    expect(after.user + after.system - before.user - before.system).toBeLessThan(500_000)
    expect(await good.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    await gateway.ask({ open: 0 })
    await expect
      .poll(async () => (await TestClient.login(gateway.url, "KEY_A").catch(() => undefined)) !== undefined, {
        timeout: 5000
      })
      .toBe(true)
    expect(await metric(gateway, "accept_pauses_total")).toBe(1)
  })
})
