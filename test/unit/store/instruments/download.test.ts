/** Downloads of instrument masters over real sockets: what is sent, what is refused, and what is said without secrets. */
import type { RequestListener } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ReadOptions } from "../../../../src/store/instruments/download.ts"
import { fetchUrl } from "../../../../src/store/instruments/download.ts"

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
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

const status =
  (code: number): RequestListener =>
  (_, response) =>
    response.writeHead(code).end("secret")

const withoutEnd: RequestListener = (_, response) => {
  const more = Buffer.alloc(64 * 1024, "secret,")
  const send = (): void => {
    if (!response.destroyed) response.write(more, send)
  }
  send()
}

const faults: ReadonlyArray<
  readonly [what: string, answer: RequestListener, said: string, options?: ReadOptions]
> = [
  ["refuses", status(403), "the server refused the request (HTTP 403); give the headers it asks for"],
  ["has nothing", status(404), "there is nothing at this address (HTTP 404); check it"],
  ["limits", status(429), "the server limits the rate of requests (HTTP 429); try again later"],
  ["fails", status(502), "the server answered HTTP 502; try again later"],
  ["has no content", status(204), "the server answered HTTP 204; try again later"],
  [
    "never ends",
    withoutEnd,
    "it is larger than 1 MB; that is no instrument master",
    { maxBytes: 1024 * 1024 }
  ],
  [
    "sends what unpacks to too much",
    (_, response) => response.end(gzipSync(Buffer.alloc(3 * 1024 * 1024))),
    "it is larger than 1 MB; that is no instrument master",
    { maxBytes: 1024 * 1024 }
  ],
  ["never answers", () => {}, "it was not complete after 0.1 s; try again", { timeoutMs: 100 }],
  [
    "does not finish",
    (_, response) => void response.write("symbol"),
    "it was not complete after 0.1 s; try again",
    { timeoutMs: 100 }
  ],
  ["closes", (request) => request.socket.destroy(), "the server closed the connection; try again"],
  [
    "closes within the body",
    (_, response) => {
      response.writeHead(200, { "content-length": 100 })
      response.write("symbol")
      setTimeout(() => response.destroy(), 20)
    },
    "the server closed the connection; try again"
  ],
  [
    "answers in no HTTP",
    (request) => request.socket.end("secret\r\n\r\n"),
    "the download failed (HPE_INVALID_CONSTANT)"
  ]
]

describe("a download", () => {
  it.live.each(faults)("from a server that %s says what to do", ([, answer, said, options = {}]) =>
    Effect.gen(function* () {
      const at = yield* serving(answer)
      const { detail } = yield* Effect.flip(
        fetchUrl(`${at}/secret?key=secret`, { ...options, headers: { authorization: "secret" } })
      )
      assert.include(detail, said)
      assert.notInclude(detail, "secret")
    })
  )

  it.live.each([
    ["file:///etc/secret", {}, "it is not an http or https address"],
    ["http://", {}, "it is not an http or https address"],
    ["http://me:secret@127.0.0.1/", {}, "a user or password in the address is not supported; use a header"],
    ["http://127.0.0.1:1/", { "x y": "secret" }, "a request header has a name or a value with characters"],
    ["http://127.0.0.1:1/", { key: "secret\n€" }, "a request header has a name or a value with characters"],
    ["http://name.invalid/secret", {}, "the server's name"]
  ] as const)("of %s is not tried", ([url, headers, said]) =>
    Effect.gen(function* () {
      const { detail } = yield* Effect.flip(fetchUrl(url, { headers }))
      assert.include(detail, said)
      assert.notInclude(detail, "secret")
    })
  )

  it.live("follows redirects, sends what it was given, and names the file", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const at = yield* serving((request, response) => {
        if (request.url === "/old.csv.gz") {
          response.writeHead(302, { location: "/new?day=1" }).end()
          return
        }
        seen.push(`${request.method} ${request.url} ${request.headers["x-key"]}`)
        response.end(gzipSync("A,1"))
      })
      const files = yield* fetchUrl(`${at}/old.csv.gz`, { headers: { "X-Key": "k" } })
      assert.deepStrictEqual(files, [{ name: "old.csv", text: "A,1" }])
      assert.deepStrictEqual(seen, ["GET /new?day=1 k"])
    })
  )

  it.live("posts a body", () =>
    Effect.gen(function* () {
      const at = yield* serving((request, response) => {
        request.on("data", (part: Buffer) => response.write(`${request.method} ${part.toString()}`))
        request.on("end", () => response.end())
      })
      const files = yield* fetchUrl(`${at}/x`, { method: "POST", body: "{}", name: "list.json" })
      assert.deepStrictEqual(files, [{ name: "list.json", text: "POST {}" }])
    })
  )
})
