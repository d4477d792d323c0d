/** wss: and https: with a certificate that changes while clients are connected. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as plain } from "node:net"
import { request } from "node:https"
import { setTimeout as sleep } from "node:timers/promises"
import { connect } from "node:tls"
import * as selfsigned from "selfsigned"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let folder = ""
let gateway: TestGateway | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tls-"))
})
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  rmSync(folder, { recursive: true })
})

const DAY_MS = 86_400_000

const tls = () => ({ cert: join(folder, "cert.pem"), key: join(folder, "key.pem") })
const writePair = async (name: string, days = 365): Promise<void> => {
  const pair = await selfsigned.generate([{ name: "commonName", value: name }], {
    keySize: 2048,
    notBeforeDate: new Date(Date.now() - 60 * DAY_MS),
    notAfterDate: new Date(Date.now() + days * DAY_MS)
  })
  writeFileSync(tls().cert, pair.cert)
  writeFileSync(tls().key, pair.private)
}

/** The name on the certificate that a new connection is shown. */
const shownName = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on("error", reject)
  })

const open = async (port: number): Promise<WebSocket> => {
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, { rejectUnauthorized: false })
  await new Promise((resolve, reject) => {
    socket.once("open", resolve)
    socket.once("error", reject)
  })
  return socket
}

const ask = (socket: WebSocket, frame: object): Promise<Record<string, unknown>> =>
  new Promise((resolve) => {
    socket.once("message", (data: Buffer) => resolve(JSON.parse(data.toString()) as Record<string, unknown>))
    socket.send(JSON.stringify(frame))
  })

describe("TLS", () => {
  it("takes a new certificate without a restart, and connections live on", { timeout: 30_000 }, async () => {
    await writePair("first.example")
    const logs: Array<string> = []
    gateway = await startGateway({ tls: tls() }, { logs })
    const { port } = gateway
    expect(await shownName(port)).toBe("first.example")
    const old = await open(port)
    await ask(old, { action: "authenticate", api_key: "KEY_A" })
    await ask(old, { action: "subscribe", symbol: "INFY", exchange: "NSE", mode: 1 })

    await writePair("second.example")
    await expect.poll(() => shownName(port), { timeout: 10_000 }).toBe("second.example")
    expect(await ask(old, { action: "ping" })).toMatchObject({ type: "pong" })
    const fresh = await open(port)
    await ask(fresh, { action: "authenticate", api_key: "KEY_A" })
    await ask(fresh, { action: "subscribe", symbol: "INFY", exchange: "NSE", mode: 1 })
    const both = Promise.all(
      [old, fresh].map(
        (s) => new Promise((resolve) => s.once("message", (d: Buffer) => resolve(JSON.parse(String(d)))))
      )
    )
    gateway.feed.tick({
      symbol: "INFY",
      exchange: "NSE",
      level: "LTP",
      data: { ltp: 7, timestamp: 1764040501000 }
    })
    expect(await both).toMatchObject([{ data: { ltp: 7 } }, { data: { ltp: 7 } }])

    writeFileSync(tls().cert, "no certificate")
    await expect.poll(() => logs.some((l) => l.includes("the old one stays")), { timeout: 5000 }).toBe(true)
    expect(await shownName(port)).toBe("second.example")
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(logs.filter((l) => l.includes("the old one stays"))).toHaveLength(1)
    old.terminate()
    fresh.terminate()
  })

  it("bears connections that say nothing or no TLS, among those that do", async () => {
    await writePair("one.example")
    gateway = await startGateway({ tls: tls() })
    const { port } = gateway
    for (let round = 0; round < 10; round++) {
      const silent = Array.from({ length: 5 }, () => plain({ port, host: "127.0.0.1" }))
      const wrong = plain({ port, host: "127.0.0.1" }, () => wrong.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
      for (const socket of [...silent, wrong]) socket.on("error", () => undefined)
      const clients = await Promise.all([open(port), open(port), open(port)])
      expect(await shownName(port)).toBe("one.example")
      for (const client of clients) {
        expect(await ask(client, { action: "ping", pad: "x".repeat(100_000) })).toMatchObject({
          type: "pong"
        })
        client.terminate()
      }
      if (round % 2 === 0) for (const socket of silent) socket.destroy()
    }
    await expect.poll(() => gateway!.stats().clients).toBe(0)
  })

  it(
    "follows one certificate after the other, with clients of each and with none",
    { timeout: 30_000 },
    async () => {
      await writePair("0.example")
      gateway = await startGateway({ tls: tls() })
      const { port } = gateway
      const clients = [await open(port)]
      for (const name of ["1.example", "2.example", "3.example"]) {
        await writePair(name)
        await expect.poll(() => shownName(port), { timeout: 10_000 }).toBe(name)
        for (const client of clients)
          expect(await ask(client, { action: "ping" })).toMatchObject({ type: "pong" })
        if (name === "2.example") for (const client of clients.splice(0)) client.terminate()
        else clients.push(await open(port))
      }
      expect(await ask(await open(port), { action: "authenticate", api_key: "KEY_A" })).toMatchObject({
        status: "success"
      })
    }
  )

  it("tells when the certificate ends: a warning before, and not ready afterwards", async () => {
    const get = (path: string): Promise<{ readonly status: number; readonly text: string }> =>
      new Promise((resolve, reject) => {
        const options = { port: gateway!.port, path, rejectUnauthorized: false }
        request(options, (answer) => {
          let text = ""
          answer.on("data", (part: Buffer) => (text += part.toString()))
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }))
        })
          .on("error", reject)
          .end()
      })
    const seconds = async (): Promise<number> =>
      Number(
        /^algoways_gateway_certificate_expires_seconds (-?\d+)$/m.exec((await get("/metrics")).text)?.[1]
      )

    await writePair("long.example", 300)
    const logs: Array<string> = []
    gateway = await startGateway({ tls: tls() }, { logs })
    expect(await get("/ready")).toEqual({
      status: 200,
      text: JSON.stringify({ status: "ready", feeds: {}, quiet: [] })
    })
    expect(await seconds()).toBeGreaterThan(299 * 86_400)

    await writePair("short.example", 5)
    await expect.poll(seconds, { timeout: 5000 }).toBeLessThan(5 * 86_400)
    const soon = await get("/ready")
    expect(soon.status).toBe(200)
    expect(soon.text).toMatch(/"warnings":\["the TLS certificate expires in 4 days, on 20/)
    await expect
      .poll(() => logs.some((l) => l.includes("expires in 4 days") && l.includes("renew it")))
      .toBe(true)

    await writePair("over.example", -2)
    await expect.poll(seconds, { timeout: 5000 }).toBeLessThan(0)
    await sleep(1100)
    const over = await get("/ready")
    expect(over.status).toBe(503)
    expect(over.text).toMatch(/"status":"not_ready".*"warnings":\["the TLS certificate expired 2 days ago/)
  })

  it("is no way around the bound on connections that say nothing", async () => {
    await writePair("one.example")
    gateway = await startGateway({ tls: tls(), maxHandshakes: 8 })
    const { port } = gateway
    const client = await open(port)
    const silent = Array.from({ length: 40 }, () => plain({ port, host: "127.0.0.1" }))
    for (const socket of silent) socket.on("error", () => undefined).resume()
    await expect.poll(() => silent.filter((socket) => !socket.closed).length).toBe(4)
    expect(await ask(client, { action: "ping" })).toMatchObject({ type: "pong" })
    for (const socket of silent) socket.destroy()
    await expect.poll(() => shownName(port).catch(() => undefined)).toBe("one.example")
    client.terminate()
  })

  it("names a file that is of no use", async () => {
    await writePair("one.example")
    const { cert } = tls()
    const missing = startGateway({ tls: { cert, key: join(folder, "none.pem") } })
    await expect(missing).rejects.toThrow(/none\.pem" cannot be read \(ENOENT\).*--tls-cert/)
    writeFileSync(tls().key, "no key")
    await expect(startGateway({ tls: tls() })).rejects.toThrow(/are no pair/)
  })
})
