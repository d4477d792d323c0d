/** Requests to a broker's REST front, over real sockets. */
import type { RequestListener } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { requestHttp } from "../../../../src/session/transport/http.ts"

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

/** What a broker's front may do, and what is said of it: never the path, the query, a header or the body. */
const faults: ReadonlyArray<
  readonly [what: string, answer: RequestListener, said: string, timeoutMs?: number]
> = [
  [
    "closes at once",
    (request) => request.socket.destroy(),
    "UND_ERR_SOCKET, the server closed the connection; try again"
  ],
  [
    "closes within the body",
    (_, response) => {
      response.writeHead(200, { "content-length": 100 })
      response.write("begun")
      setTimeout(() => response.destroy(), 20)
    },
    "UND_ERR_SOCKET, the server closed the connection; try again"
  ],
  [
    "sends a body without end",
    (_, response) => {
      const more = Buffer.alloc(1024 * 1024, "secret")
      const send = (): void => {
        if (!response.destroyed) response.write(more, send)
      }
      send()
    },
    "the answer is too large"
  ],
  [
    "does not finish its body",
    (_, response) => {
      response.write("begun")
    },
    "ETIMEDOUT, the server did not answer in time; check the network, and whether a firewall is in the way",
    100
  ],
  ["answers in no HTTP", (request) => request.socket.end("secret\r\n\r\n"), "HPE_INVALID_CONSTANT"]
]

it.live.each(faults)("a front that %s is said to", ([, answer, said, timeoutMs]) =>
  Effect.gen(function* () {
    const port = yield* serving(answer)
    const error = yield* Effect.flip(
      requestHttp({
        method: "GET",
        url: `http://127.0.0.1:${port}/secret?token=secret`,
        headers: { "x-api-key": "secret" },
        ...(timeoutMs === undefined ? {} : { timeoutMs })
      })
    )
    assert.strictEqual(error._tag, "ConnectionRefused")
    assert.include(error.message, `GET 127.0.0.1:${port}: ${said}`)
    assert.notInclude(error.message, "secret")
  })
)

it.live.each([
  ["http://127.0.0.1:1/secret", {}, "GET 127.0.0.1:1: "],
  ["http://name.invalid/secret", {}, "GET name.invalid: "],
  ["no address, secret", {}, "GET an invalid address: ERR_INVALID_URL"],
  ["http://127.0.0.1:1/secret", { "x-api-key": "secret\n" }, "GET 127.0.0.1:1: "],
  ["http://127.0.0.1:1/secret", { "x-api-key": "sécret€" }, "GET 127.0.0.1:1: TypeError"]
] as const)("what cannot be sent to %s says so without its secrets", ([url, headers, said]) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(requestHttp({ method: "GET", url, headers }))
    assert.include(error.message, said)
    assert.notInclude(error.message, "secret")
  })
)

it.live("a request goes out as it was made, and the answer comes back whole", () =>
  Effect.gen(function* () {
    let seen: ReadonlyArray<unknown> = []
    const port = yield* serving((request, response) => {
      let body = ""
      request.on("data", (part: Buffer) => (body += part.toString()))
      request.on("end", () => {
        seen = [request.method, request.url, body, request.rawHeaders]
        response.writeHead(418, { "X-Answer": "yes" }).end("grüß")
      })
    })
    const answer = yield* requestHttp({
      method: "PUT",
      url: `http://127.0.0.1:${port}/a%2Cb?x=1+2&y=%7c`,
      headers: { "X-PrivateKey": "k", "Content-Type": "application/json" },
      body: "{}"
    })
    assert.strictEqual(answer.status, 418)
    assert.strictEqual(answer.body, "grüß")
    assert.strictEqual(answer.headers["x-answer"], "yes")
    const [method, url, body, headers] = seen as [string, string, string, ReadonlyArray<string>]
    assert.deepStrictEqual([method, url, body], ["PUT", "/a%2Cb?x=1+2&y=%7c", "{}"])
    const names = headers.filter((_, i) => i % 2 === 0)
    // As its documentation spells them, and without any of a tracer's.
    assert.includeMembers(names, ["X-PrivateKey", "Content-Type"])
    assert.notIncludeMembers(names, ["traceparent", "b3"])
    assert.strictEqual(headers[headers.indexOf("Content-Type") + 1], "application/json")
  })
)

it.live("an answer without a body is an empty one", () =>
  Effect.gen(function* () {
    const port = yield* serving((_, response) => response.writeHead(204).end())
    const url = `http://127.0.0.1:${port}/`
    assert.deepInclude(yield* requestHttp({ method: "GET", url, headers: {} }), { status: 204, body: "" })
  })
)

it.live("a request that nobody waits for any more is given up", () =>
  Effect.gen(function* () {
    const gone = yield* Deferred.make<void>()
    const port = yield* serving((request, response) => {
      response.write("begun")
      request.socket.on("close", () => Deferred.doneUnsafe(gone, Effect.void))
    })
    const url = `http://127.0.0.1:${port}/`
    const fiber = yield* Effect.forkChild(requestHttp({ method: "GET", url, headers: {} }))
    yield* Effect.sleep(100)
    yield* Fiber.interrupt(fiber)
    yield* Deferred.await(gone).pipe(Effect.timeout("5 seconds"))
  })
)
