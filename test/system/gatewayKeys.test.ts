/** Whose API keys are looked at, and how often, over real sockets. */
import { connect } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import type { GatewayOptions } from "../../src/gateway/options.ts"
import { TestClient } from "./support/testClient.ts"
import type { TestExtras, TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

const LONG = "a-key-that-nobody-guesses"
const OTHER = "another-key-that-nobody-guesses"
const FOREIGN = "::ffff:203.0.113.5"

const gateways: Array<TestGateway> = []
const start = async (options: GatewayOptions = {}, extras: TestExtras = {}): Promise<TestGateway> => {
  const gateway = await startGateway(options, { keys: [LONG, OTHER], ...extras })
  gateways.push(gateway)
  return gateway
}
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
})

const status = async ({ port }: TestGateway, key: string, headers = {}): Promise<number> =>
  (await fetch(`http://127.0.0.1:${port}/status`, { headers: { "x-api-key": key, ...headers } })).status

/** Shows so many wrong keys; the address is stopped then. */
const stop = async (gateway: TestGateway, most: number, headers = {}): Promise<void> => {
  for (let i = 0; i < most; i++) expect(await status(gateway, `wrong ${i}`, headers)).toBe(401)
}

const login = async (gateway: TestGateway, key: string): Promise<unknown> =>
  (await TestClient.login(gateway.url, key)).frames[0]

describe("an address that is stopped for wrong keys", () => {
  it("still logs in with a key that did so from there, again and again", async () => {
    const gateway = await start({ maxFailedKeys: 3 })
    expect(await login(gateway, LONG)).toMatchObject({ status: "success" })
    expect(await login(gateway, "KEY_A")).toMatchObject({ status: "success" })
    await stop(gateway, 3)
    expect(await status(gateway, "KEY_A")).toBe(429)
    for (let i = 0; i < 30; i++) expect(await login(gateway, LONG)).toMatchObject({ status: "success" })
    expect(await status(gateway, LONG)).toBe(200)
    // A short one could be guessed: whether it is right is not told.
    expect(await login(gateway, "KEY_A")).toMatchObject({ code: "AUTHENTICATION_ERROR" })
  })

  it("lets in somebody new with a long key, and no second key on the same connection", async () => {
    const gateway = await start({ maxFailedKeys: 1 })
    await stop(gateway, 1)
    expect(await login(gateway, LONG)).toMatchObject({ status: "success" })
    const client = await TestClient.open(gateway.url)
    for (const api_key of ["a wrong key, a long one", OTHER]) {
      expect(await client.ask({ action: "authenticate", api_key })).toMatchObject({ status: "error" })
    }
  })

  it("is the whole machine, from whichever of its addresses one comes", async () => {
    const gateway = await start({ maxFailedKeys: 3, host: "0.0.0.0" })
    const from = (localAddress: string, key: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(gateway.url, { localAddress })
        socket.on("open", () => socket.send(JSON.stringify({ action: "authenticate", api_key: key })))
        socket.on("message", (data: Buffer) => {
          resolve(data.toString())
          socket.close()
        })
        socket.on("error", reject)
      })
    for (const i of [1, 2, 3]) expect(await from(`127.0.${i}.7`, `wrong ${i}`)).toContain("Invalid API key")
    expect(await from("127.9.9.9", "wrong 4")).toContain("Too many wrong API keys")
  })

  it("is every address, when all together show too many wrong keys", async () => {
    const gateway = await start({ maxFailedKeysInAll: 5, trustedProxies: ["127.0.0.1"] })
    const from = (i: number) => ({ "x-forwarded-for": `203.0.113.${i}` })
    for (let i = 0; i < 5; i++) expect(await status(gateway, `wrong ${i}`, from(i))).toBe(401)
    expect(await status(gateway, "KEY_A", from(100))).toBe(429)
    expect(await status(gateway, LONG, from(100))).toBe(200)
  })
})

describe("behind a proxy", () => {
  it("the address of a WebSocket is that of its client as well", async () => {
    const gateway = await start({ maxFailedKeys: 1, trustedProxies: ["127.0.0.1"] })
    const from = (address: string, key: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(gateway.url, { headers: { "x-forwarded-for": address } })
        socket.on("open", () => socket.send(JSON.stringify({ action: "authenticate", api_key: key })))
        socket.on("message", (data: Buffer) => resolve(data.toString()))
        socket.on("error", reject)
      })
    expect(await from(FOREIGN, "wrong")).toContain("Invalid API key")
    expect(await from(FOREIGN, "KEY_A")).toContain("Too many wrong API keys")
    expect(await from("203.0.113.6", "KEY_A")).toContain("success")
    expect(await from("2001:db8:1:2::7", "wrong")).toContain("Invalid API key")
    expect(await from("[2001:db8:1:2:ffff::8]:443", "KEY_A")).toContain("Too many wrong API keys")
    expect(await from("2001:db8:1:3::7", "KEY_A")).toContain("success")
  })

  it("every line of the header counts: some proxies add their own below that of the client", async () => {
    const gateway = await start({ maxFailedKeys: 1, trustedProxies: ["127.0.0.1"] })
    const ask = (key: string, ...lines: ReadonlyArray<string>): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(gateway.port, "127.0.0.1")
        const head = lines.map((line) => `X-Forwarded-For: ${line}\r\n`).join("")
        socket.write(`GET /status HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\n${head}\r\n`)
        socket.once("data", (data) => {
          resolve(data.toString().slice(9, 12))
          socket.destroy()
        })
      })
    expect(await ask("wrong", "198.51.100.1", "203.0.113.5")).toBe("401")
    expect(await ask("KEY_A", "198.51.100.2", "203.0.113.5")).toBe("429")
    expect(await ask("KEY_A", "203.0.113.5", "198.51.100.2")).toBe("200")
  })
})

describe("a client that logs in again and again", () => {
  it("is answered cheaply, logged once, and closed when it goes on", async () => {
    const logs: Array<string> = []
    const gateway = await start({ maxLoginsPerSecond: 1 }, { logs })
    const client = await TestClient.open(gateway.url)
    for (let i = 0; i < 60; i++) client.send({ action: "authenticate", api_key: LONG })
    expect(await client.closed).toMatchObject({ code: 4429, reason: "too many logins" })
    expect(client.frames.filter(({ status }) => status === "success").length).toBe(10)
    expect(client.frames.find(({ status }) => status === "error")).toMatchObject({
      code: "RATE_LIMITED",
      message: "Too many logins: try again in 1 s"
    })
    expect(logs.filter((line) => /a client is logged in"/.test(line)).length).toBe(1)
  })

  it("is logged once for the same wrong key", async () => {
    const logs: Array<string> = []
    const gateway = await start({}, { logs })
    const client = await TestClient.open(gateway.url)
    for (let i = 0; i < 10; i++) await client.ask({ action: "authenticate", api_key: "an old key" })
    expect(logs.filter((line) => line.includes("unknown API key")).length).toBe(1)
    expect(await login(gateway, "KEY_A")).toMatchObject({ status: "success" })
  })
})

describe("the clients of a key, and of a user", () => {
  it("may log in so often, and all at once after a restart", async () => {
    const gateway = await start({ maxLoginsPerKeyPerSecond: 1, maxConnectionsPerKey: 2 })
    const client = async (): Promise<unknown> => {
      const one = await TestClient.login(gateway.url, LONG)
      await one.close()
      return one.frames[0]
    }
    for (let i = 0; i < 5; i++) expect(await client()).toMatchObject({ status: "success" })
    expect(await client()).toMatchObject({ status: "error", code: "RATE_LIMITED" })
    expect(await login(gateway, "KEY_B")).toMatchObject({ status: "success" })
  })

  it("are limited per user as well", async () => {
    const gateway = await start({ maxConnectionsPerUser: 2 })
    const first = await TestClient.login(gateway.url, LONG)
    await TestClient.login(gateway.url, OTHER)
    const third = await TestClient.open(gateway.url)
    third.send({ action: "authenticate", api_key: "KEY_A" })
    expect(await third.closed).toMatchObject({ code: 4429, reason: "too many clients of this user" })
    // The same user under another key is no further client, and another user's none at all.
    expect(await first.ask({ action: "authenticate", api_key: "KEY_A" })).toMatchObject({ status: "success" })
    expect(await login(gateway, "KEY_B")).toMatchObject({ status: "success" })
  })

  it("are told when their key is so short that it can be guessed", async () => {
    const logs: Array<string> = []
    const gateway = await start({}, { logs })
    for (const key of ["KEY_A", "KEY_A", LONG]) await login(gateway, key)
    expect(logs.filter((line) => line.includes("can be guessed")).length).toBe(1)
    expect(logs.join()).not.toContain("KEY_A")
  })
})
