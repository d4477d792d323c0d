/** Requests over real sockets: bounded in time and size, over when nobody waits, and seen by no tracer. */
import type { RequestListener } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { exchange, send } from "../../../src/kit/http.ts"

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

const bounds = { maxBytes: 10, timeoutMs: 5000 }

describe("exchange", () => {
  it.live("takes an answer that fits to the byte, and none that is longer", () =>
    Effect.gen(function* () {
      const url = yield* serving((request, response) =>
        response.end("x".repeat(Number(request.url!.slice(1))))
      )
      const ten = yield* exchange({ url: `${url}/10` }, bounds)
      assert.deepStrictEqual(ten, { status: 200, text: "x".repeat(10) })
      const error = yield* Effect.flip(exchange({ url: `${url}/11` }, bounds))
      assert.strictEqual(error._tag, "BodyTooLarge")
    })
  )

  it.live("ends in time, within the body too", () =>
    Effect.gen(function* () {
      const url = yield* serving((_, response) => void response.write("begun"))
      const error = yield* Effect.flip(exchange({ url }, { ...bounds, timeoutMs: 50 }))
      assert.strictEqual(error._tag, "TimeoutError")
    })
  )
})

describe("send", () => {
  it.live("ends the request with its scope, whatever is still to come", () =>
    Effect.gen(function* () {
      const gone = yield* Deferred.make<void>()
      const url = yield* serving((request, response) => {
        response.write("begun")
        request.socket.on("close", () => Deferred.doneUnsafe(gone, Effect.void))
      })
      yield* Effect.scoped(send({ url }))
      yield* Deferred.await(gone).pipe(Effect.timeout("5 seconds"))
    })
  )

  it.live("tells neither a tracer nor the server of one", () =>
    Effect.gen(function* () {
      const spans: Array<string> = []
      const tracer = Tracer.make({
        span: (options) => {
          spans.push(options.name)
          return new Tracer.NativeSpan(options)
        }
      })
      let names: ReadonlyArray<string> = []
      const url = yield* serving((request, response) => {
        names = request.rawHeaders
        response.end()
      })
      yield* exchange({ url: `${url}/?token=secret`, headers: { "X-Key": "k" } }, bounds).pipe(
        Effect.withSpan("caller"),
        Effect.withTracer(tracer)
      )
      assert.deepStrictEqual(spans, ["caller"])
      assert.isTrue(names.includes("X-Key"))
      assert.isFalse(names.some((name) => ["traceparent", "b3"].includes(name.toLowerCase())))
    })
  )
})
