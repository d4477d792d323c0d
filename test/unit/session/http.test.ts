/** Requests to a broker's REST front, over real sockets. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { requestHttp } from "../../../src/session/transport/http.ts"

/** A server that takes requests and never answers. */
const mute = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return server
  }),
  (server) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)

it.live(
  "a request that is not answered fails within its own limit, and shows no secret",
  () =>
    Effect.gen(function* () {
      const { port } = (yield* mute).address() as AddressInfo
      const url = `http://127.0.0.1:${port}/secret?token=secret`
      const error = yield* Effect.flip(requestHttp({ method: "GET", url, headers: {}, timeoutMs: 50 }))
      assert.strictEqual(error._tag, "ConnectionRefused")
      assert.include(error.message, `GET 127.0.0.1:${port}: ETIMEDOUT, the server did not answer in time`)
      assert.notInclude(error.message, "secret")
    }),
  // Half of the transport's own limit, which would fail it too.
  5000
)
