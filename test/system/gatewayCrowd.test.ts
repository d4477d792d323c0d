/** Clients that do not log in, and ever more of them: places are given to several at a time, in whatever callback that happens. */
import { assert, describe, it } from "@effect/vitest"
import { WebSocket } from "ws"
import { TestClient } from "./support/testClient.ts"
import { startGateway } from "./support/testGateway.ts"

const KEY = "crowd-".padEnd(40, "k")
const PLACES = 4
const EVERY_MS = 5
const SILENT = 300

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe("a crowd without logins", () => {
  it("costs the gateway nothing, and others a moment", async () => {
    const gateway = await startGateway({ maxLoggingIn: PLACES }, { keys: [KEY] })
    const sockets: Array<WebSocket> = []
    for (let i = 0; i < SILENT; i++) {
      const socket = new WebSocket(gateway.url)
      socket.on("error", () => undefined)
      sockets.push(socket)
      await wait(EVERY_MS)
    }
    const client = await TestClient.open(gateway.url)
    assert.strictEqual((await client.ask({ action: "authenticate", api_key: KEY }))["status"], "success")
    for (const socket of [client.socket, ...sockets]) socket.terminate()
    await gateway.close()
  })
})
