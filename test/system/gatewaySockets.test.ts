/** What a connection may take of the gateway before anybody knows whose it is, over real sockets. */
import { connect } from "node:net"
import type { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestExtras, TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const gateways: Array<TestGateway> = []
const sockets: Array<Socket> = []
const start = async (options: GatewayOptions = {}, extras: TestExtras = {}): Promise<TestGateway> => {
  const gateway = await startGateway(options, extras)
  gateways.push(gateway)
  return gateway
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const gateway of gateways.splice(0)) await gateway.close()
})

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket))
    socket.once("error", reject)
    sockets.push(socket)
  })

/** All that comes on a connection until it ends, after such bytes were sent. */
const exchange = async (port: number, ...parts: ReadonlyArray<string>): Promise<string> => {
  const socket = await open(port)
  let text = ""
  socket.on("data", (data: Buffer) => (text += data.toString("latin1")))
  socket.on("error", () => undefined)
  for (const part of parts) {
    socket.write(part)
    await sleep(30)
  }
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve))
  return text
}

const get = (path: string, headers = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
const UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: YWxnb3dheXMgaG9zdGlsZQ==\r\n"

const metric = async (gateway: TestGateway, name: string, label = ""): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
  const line = text
    .split("\n")
    .find((l) => /^[a-z_]+/.exec(l)?.[0] === `algoways_gateway_${name}` && l.includes(label))
  return Number(line?.split(" ").at(-1) ?? 0)
}

describe("a connection for plain HTTP", () => {
  it.each(["/health", "/ready", "/metrics", "/schema", "/schema/asyncapi", "/status", "/nothing"])(
    "gets one answer, and none when it asks twice in one go: %s",
    async (path) => {
      const { port } = await start()
      const answer = await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
      expect(answer.length).toBeGreaterThan(1)
      expect(await exchange(port, get(path, "Connection: close\r\n"))).toMatch(/^HTTP\/1\.1 \d+ /)
      expect(await exchange(port, get(path).repeat(500))).toBe("")
    }
  )

  it("that is not read from takes no second answer", async () => {
    const gateway = await start({ maxRequestsPerSecond: 1000 })
    const quiet = await open(gateway.port)
    quiet.on("error", () => undefined)
    quiet.pause()
    await fetch(`http://127.0.0.1:${gateway.port}/schema/asyncapi`)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 400 && quiet.writable; i++) {
      quiet.write(get("/schema/asyncapi"))
      await sleep(2)
    }
    // 400 answers of some 90 KB each.
    expect(process.memoryUsage().rss - before).toBeLessThan(24 * 1024 * 1024)
  })

  it("is refused where two readers could see two requests", async () => {
    const gateway = await start()
    const { port } = gateway
    const headers = [
      "Content-Length: 3\r\nContent-Length: 40\r\n",
      "Content-Length: 0\r\nContent-Length: 0\r\n",
      "Content-Length: 3, 3\r\n",
      "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: +3\r\n",
      "Host: elsewhere\r\n"
    ]
    for (const header of headers) {
      expect(await exchange(port, get("/health", header)), header).toMatch(/^HTTP\/1\.1 400 /)
      expect(await exchange(port, get("/", UPGRADE + header)), header).toMatch(/^HTTP\/1\.1 400 /)
    }
    // What would follow an upgrade belongs to the WebSocket.
    expect(await exchange(port, get("/", `${UPGRADE}Content-Length: 3\r\n`))).toMatch(/^HTTP\/1\.1 400 /)
    expect(await metric(gateway, "limited_total", "ambiguous_request")).toBeGreaterThanOrEqual(10)
  })

  it("is one of so many a second from an address", async () => {
    const gateway = await start({ maxRequestsPerSecond: 2 })
    const statuses: Array<number> = []
    let answer: Response | undefined
    for (let i = 0; i < 12; i++) {
      answer = await fetch(`http://127.0.0.1:${gateway.port}/health`)
      statuses.push(answer.status)
    }
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200))
    expect(statuses.at(-1)).toBe(429)
    expect(answer?.headers.get("retry-after")).toBe("1")
    expect(await answer?.json()).toMatchObject({ code: "RATE_LIMITED" })
    await sleep(600)
    expect(await metric(gateway, "limited_total", 'limit="requests"')).toBeGreaterThanOrEqual(1)
    // Upgrades are not among them.
    expect((await TestClient.login(gateway.url, "KEY_A")).frames[0]).toMatchObject({ status: "success" })
  })

  it("is one of so many that say nothing, half of them from one address", async () => {
    const gateway = await start({ maxHandshakes: 8 })
    const all = await Promise.all(Array.from({ length: 20 }, () => open(gateway.port)))
    for (const socket of all) socket.on("error", () => undefined).resume()
    await expect.poll(() => all.filter((socket) => !socket.closed).length).toBe(4)
    for (const socket of all) socket.destroy()
    await expect
      .poll(async () => (await TestClient.login(gateway.url, "KEY_A")).frames[0]?.["status"])
      .toBe("success")
    await expect.poll(() => metric(gateway, "handshakes")).toBe(1)
    expect(await metric(gateway, "limited_total", "handshakes_per_address")).toBe(16)
  })
})

describe("a client that has not logged in", () => {
  it("makes room for another after half a second, and one that logs in does so at once", async () => {
    const gateway = await start({ maxLoggingIn: 2 })
    const [first, second] = [await TestClient.open(gateway.url), await TestClient.open(gateway.url)]
    const began = performance.now()
    const third = await TestClient.open(gateway.url)
    expect(performance.now() - began).toBeGreaterThan(400)
    // As if the connection was lost: whoever meant to log in comes back.
    expect((await first.closed).code).toBe(1006)
    expect(await metric(gateway, "closed_total", "made_room")).toBe(1)
    expect(await third.ask({ action: "authenticate", api_key: "KEY_A" })).toMatchObject({ status: "success" })
    for (let i = 0; i < 20; i++) await TestClient.login(gateway.url, "KEY_A")
    expect(second.socket.readyState).toBe(WebSocket.OPEN)
  })

  it("is one of a crowd that all get in", { timeout: 20_000 }, async () => {
    const gateway = await start({ maxLoggingIn: 4 })
    const all = await Promise.all(Array.from({ length: 200 }, () => TestClient.login(gateway.url, "KEY_A")))
    expect(all.every((client) => client.frames[0]?.["status"] === "success")).toBe(true)
    expect(gateway.stats().authenticated).toBe(200)
  })

  it("is told why it is closed, unless too many have been told who stay all the same", async () => {
    const gateway = await start({ maxLoggingIn: 2, authGraceMs: 100 })
    const codes: Array<number> = []
    const before = await metric(gateway, "closed_total", "auth_timeout")
    for (let i = 0; i < 4; i++) codes.push((await (await TestClient.open(gateway.url)).closed).code)
    expect(codes).toEqual([4401, 4401, 1006, 1006])
    expect((await metric(gateway, "closed_total", "auth_timeout")) - before).toBe(4)
  })

  it("may have a message's worth of requests waiting", async () => {
    const gateway = await start(
      { maxMessageBytes: 10_000 },
      { adjust: (feed) => ({ ...feed, brokers: Effect.never }) }
    )
    const client = await TestClient.open(gateway.url)
    client.send({ action: "get_supported_brokers" })
    for (let i = 0; i < 20; i++) client.send({ action: "ping", pad: "x".repeat(2000) })
    expect(await client.closed).toMatchObject({ code: 1013 })
  })
})

describe("the end of every connection", () => {
  it("is counted with its reason", async () => {
    const gateway = await start()
    const leaving = await TestClient.open(gateway.url)
    leaving.socket.close(1000)
    const lost = await TestClient.open(gateway.url)
    lost.socket.terminate()
    const large = await TestClient.open(gateway.url)
    large.socket.send("x".repeat(3 * 1024 * 1024))
    const garbled = await TestClient.open(gateway.url)
    garbled.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
    for (const client of [leaving, lost, large, garbled]) await client.closed
    await expect.poll(() => gateway.stats().clients).toBe(0)
    for (const reason of ["client", "lost", "too_big", "invalid_text"]) {
      expect(await metric(gateway, "closed_total", `"${reason}"`), reason).toBe(1)
    }
  })
})
