/** How many sockets of an address are open, whatever they do, over real ones. */
import { connect } from "node:net"
import type { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import * as uWS from "uWebSockets.js"
import { TrustedProxies } from "../../../../src/gateway/connections/address.ts"
import { Descriptors } from "../../../../src/gateway/connections/descriptors.ts"
import { answerLater, onGone } from "../../../../src/gateway/http/answer.ts"
import { Sockets } from "../../../../src/gateway/connections/sockets.ts"

const ADDRESS = "127.0.0.1"
/** More than the system takes for a reader that does not read. */
const LARGE = Buffer.alloc(24 * 1024 * 1024, "x")

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`
const UPGRADE =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YWxnb3dheXMgaG9zdGlsZQ==\r\n"

interface World {
  readonly port: number
  readonly sockets: Sockets
  /** As the library's own count has it: all that were accepted, without those that closed or were upgraded. */
  readonly open: () => number
  readonly told: () => number
  /** Lets those that wait for their upgrade have it. */
  readonly upgradeAll: () => void
  readonly close: () => void
}

const run = (effect: Effect.Effect<void>): void => void Effect.runFork(effect)

const start = (maxHandshakes: number): Promise<World> => {
  const app = uWS.App()
  let [open, told] = [0, 0]
  const waiting = new Set<() => void>()
  const sockets = new Sockets({
    descriptors: new Descriptors({ limit: Infinity, used: () => 0 }, 0, () => performance.now()),
    maxHandshakes,
    proxies: new TrustedProxies([]),
    onLimited: () => undefined,
    onHandshakes: (change) => void (told += change)
  })
  app.filter((_, change) => void (open += change))
  app.filter(sockets.filter)
  app.ws("/*", {
    upgrade: (res, req, context) => {
      const upgraded = sockets.asked(res)
      const key = req.getHeader("sec-websocket-key")
      const enter = (): void => {
        upgraded()
        open--
        res.cork(() => res.upgrade({}, key, "", "", context))
      }
      onGone(res, () => waiting.delete(enter))
      waiting.add(enter)
    }
  })
  app.get("/never", (res) => {
    sockets.asked(res)
    answerLater(res, run, Effect.never)
  })
  app.any("/*", (res, req) => {
    sockets.asked(res)
    const body = req.getUrl() === "/large" ? LARGE : "small"
    answerLater(res, run, Effect.succeed({ status: "200 OK", body }))
  })
  return new Promise((resolve) => {
    app.listen(ADDRESS, 0, (listening) => {
      resolve({
        port: uWS.us_socket_local_port(listening as uWS.us_listen_socket),
        sockets,
        open: () => open,
        told: () => told,
        upgradeAll: () => {
          for (const enter of waiting) enter()
          waiting.clear()
        },
        close: () => app.close()
      })
    })
  })
}

const steps = {
  open: fc.record({ step: fc.constant("open" as const) }),
  write: fc.record({
    step: fc.constant("write" as const),
    which: fc.nat(),
    text: fc.constantFrom(
      get("/small"),
      get("/large"),
      get("/never"),
      get("/", UPGRADE),
      get("/small").repeat(3),
      get("/large") + get("/small"),
      "GET /sma",
      "nonsense\r\n\r\n",
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"
    )
  }),
  read: fc.record({ step: fc.constant("read" as const), which: fc.nat() }),
  end: fc.record({ step: fc.constantFrom("end" as const, "reset" as const), which: fc.nat() }),
  upgrade: fc.record({ step: fc.constant("upgrade" as const) }),
  wait: fc.record({ step: fc.constant("wait" as const) })
}

describe("the count of an address's sockets", () => {
  let world: World | undefined
  afterEach(() => {
    world?.close()
    world = undefined
  })

  it("is that of the open ones, in any order of what they do", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...Object.values(steps)), { maxLength: 30 }), async (script) => {
        const { close, open, port, sockets, told, upgradeAll } = await start(8)
        const clients: Array<Socket> = []
        const agree = (): void => {
          expect([sockets.of(ADDRESS), told()]).toEqual([open(), open()])
        }
        try {
          for (const one of script) {
            const client = "which" in one ? clients[one.which % Math.max(1, clients.length)] : undefined
            if (one.step === "open") {
              const made = connect(port, ADDRESS)
              made.on("error", () => undefined)
              made.pause()
              clients.push(made)
            } else if (one.step === "upgrade") upgradeAll()
            else if (one.step === "wait") await sleep(2)
            else if (one.step === "write") client?.write(one.text)
            else if (one.step === "read") client?.resume()
            else if (one.step === "end") client?.end()
            else client?.resetAndDestroy()
            await new Promise((resolve) => setImmediate(resolve))
            agree()
          }
          for (const client of clients) client.destroy()
          await expect.poll(open, { interval: 2 }).toBe(0)
          agree()
        } finally {
          for (const client of clients) client.destroy()
          close()
        }
      }),
      { numRuns: 60 }
    )
  })

  it("stays when a connection asks again behind a large answer", async () => {
    world = await start(100)
    const { port, sockets } = world
    const silent = connect(port, ADDRESS)
    const reader = connect(port, ADDRESS)
    let read = 0
    reader.on("data", (data) => (read += data.length)).on("error", () => undefined)
    for (let i = 0; i < 20; i++) {
      reader.write(get("/large"))
      await sleep(20)
    }
    await expect.poll(() => sockets.of(ADDRESS)).toBe(1)
    expect(reader.closed || reader.destroyed || reader.readableEnded).toBe(true)
    expect(read).toBeLessThanOrEqual(LARGE.length + 1000)
    silent.destroy()
    await expect.poll(() => sockets.of(ADDRESS)).toBe(0)
  })

  it("is whole for a reader that takes its time", { timeout: 20_000 }, async () => {
    world = await start(100)
    const client = connect(world.port, ADDRESS)
    let read = 0
    client.on("data", (data) => {
      read += data.length
      client.pause()
      setTimeout(() => client.resume(), 1)
    })
    client.write(get("/large"))
    await new Promise((resolve) => client.once("close", resolve))
    const head = read - LARGE.length
    expect([head > 50, head < 300]).toEqual([true, true])
  })
})
