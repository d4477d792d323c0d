/** Clients that do not log in, and ever more of them, beside those that do. */
import { afterEach, describe, expect, it } from "vitest"
import { setTimeout as sleep } from "node:timers/promises"
import { WebSocket } from "ws"
import { TestClient } from "./support/testClient.ts"
import { startGateway } from "./support/testGateway.ts"
import type { TestGateway } from "./support/testGateway.ts"

const KEY = "crowd-".padEnd(40, "k")

let gateway: TestGateway | undefined
const crowd: Array<() => void> = []
afterEach(async () => {
  for (const end of crowd.splice(0)) end()
  await gateway?.close()
})

/** So many sockets that do what `greet` does, and come again whenever they are thrown out. */
const comeAgain = (url: string, many: number, greet: (socket: WebSocket) => void = () => undefined): void => {
  const sockets = new Set<WebSocket>()
  let over = false
  const open = (): void => {
    if (over) return
    const socket = new WebSocket(url, { perMessageDeflate: false })
    sockets.add(socket)
    socket.on("open", () => greet(socket))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      sockets.delete(socket)
      setTimeout(open, 50)
    })
  }
  for (let i = 0; i < many; i++) open()
  crowd.push(() => {
    over = true
    for (const socket of sockets) socket.terminate()
  })
}

/** How long each of so many clients takes to be logged in, at the first try. */
const logins = async ({ url }: TestGateway, many: number): Promise<ReadonlyArray<number>> => {
  const took: Array<number> = []
  for (let i = 0; i < many; i++) {
    const began = performance.now()
    const client = await TestClient.open(url)
    expect(await client.ask({ action: "authenticate", api_key: KEY })).toMatchObject({ status: "success" })
    took.push(performance.now() - began)
    client.socket.terminate()
    await sleep(20)
  }
  return took.toSorted((a, b) => a - b)
}

const closedFor = async ({ port }: TestGateway, reason: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text
    .split("\n")
    .find((l) => l.startsWith("algoways_gateway_closed_total") && l.includes(`"${reason}"`))
  return Number(line?.split(" ").at(-1) ?? 0)
}

describe("a crowd without logins", () => {
  // Places are given to several at a time, in whatever callback that happens.
  it("costs the gateway nothing, and others a moment", async () => {
    gateway = await startGateway({ maxLoggingIn: 4 }, { keys: [KEY] })
    for (let i = 0; i < 300; i++) {
      comeAgain(gateway.url, 1)
      await sleep(5)
    }
    await logins(gateway, 1)
  })

  it.each([
    ["says nothing", () => undefined],
    ["begins a message", (socket: WebSocket) => socket.send("x".repeat(1000), { fin: false })]
  ])("that %s and comes again and again delays nobody for long", { timeout: 60_000 }, async (_, greet) => {
    gateway = await startGateway({}, { keys: [KEY] })
    const before = await closedFor(gateway, "made_room")
    comeAgain(gateway.url, 200, greet)
    await sleep(1500)
    const took = await logins(gateway, 25)
    // The crowd's 200 clients share this process with the gateway and the others: a generous bound.
    expect(took[12]).toBeLessThan(600)
    expect(took.at(-2)).toBeLessThan(1500)
    expect((await closedFor(gateway, "made_room")) - before).toBeGreaterThan(200)
  })

  it("does not drop those that have spoken", { timeout: 60_000 }, async () => {
    gateway = await startGateway({}, { keys: [KEY] })
    await logins(gateway, 1)
    comeAgain(gateway.url, 200)
    await sleep(1000)
    const client = await TestClient.open(gateway.url)
    expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
    await sleep(400)
    expect(await client.ask({ action: "authenticate", api_key: KEY })).toMatchObject({ status: "success" })
  })

  it("is told why it is closed where it was silent for long", async () => {
    gateway = await startGateway({ maxLoggingIn: 2 }, { keys: [KEY] })
    const before = await closedFor(gateway, "made_room")
    const silent = [await TestClient.open(gateway.url), await TestClient.open(gateway.url)]
    await sleep(1100)
    const next = await TestClient.open(gateway.url)
    expect(await silent[0]!.closed).toEqual({ code: 4401, reason: "auth timeout" })
    expect((await closedFor(gateway, "made_room")) - before).toBe(1)
    next.socket.terminate()
    silent[1]!.socket.terminate()
  })
})
