/** Requests to a broker's REST front, over real sockets. */
import type { RequestListener } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { requestHttp } from "../../../src/session/transport/http.ts"

/** A server's port. */
const serving = (answer: RequestListener) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(answer)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return server
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map((server) => (server.address() as AddressInfo).port))

it.live("a redirect is not followed: it would take header and body to another host", () =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const other = yield* serving((request, response) => {
      seen.push(`stolen ${request.url}`)
      response.end()
    })
    const port = yield* serving((request, response) => {
      seen.push(`${request.url}`)
      response.writeHead(307, { location: `http://localhost:${other}/stolen` }).end("moved")
    })
    for (const method of ["GET", "POST"] as const) {
      const error = yield* Effect.flip(
        requestHttp({
          method,
          url: `http://127.0.0.1:${port}/login?token=secret`,
          headers: { "x-api-key": "secret" },
          ...(method === "GET" ? {} : { body: "password=secret" })
        })
      )
      assert.include(error.message, `${method} 127.0.0.1:${port}: the answer is a redirect (HTTP 307)`)
      assert.notInclude(error.message, "secret")
    }
    assert.deepStrictEqual(seen, ["/login?token=secret", "/login?token=secret"])
  })
)

it.live(
  "a request that is not answered fails within its own limit, and shows no secret",
  () =>
    Effect.gen(function* () {
      // It takes requests and never answers.
      const port = yield* serving(() => {})
      const url = `http://127.0.0.1:${port}/secret?token=secret`
      const error = yield* Effect.flip(requestHttp({ method: "GET", url, headers: {}, timeoutMs: 50 }))
      assert.strictEqual(error._tag, "ConnectionRefused")
      assert.include(error.message, `GET 127.0.0.1:${port}: ETIMEDOUT, the server did not answer in time`)
      assert.notInclude(error.message, "secret")
    }),
  // Half of the transport's own limit, which would fail it too.
  5000
)
