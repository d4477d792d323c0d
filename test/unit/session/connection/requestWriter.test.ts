import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ConnectionFailure } from "../../../../src/market/errors.ts"
import { ConnectionRefused } from "../../../../src/market/errors.ts"
import type { HttpAnswer, HttpRequest, Outbound, Want } from "../../../../src/protocols/protocol.ts"
import { makeRequestWriter } from "../../../../src/session/connection/requestWriter.ts"
import { Subscriptions } from "../../../../src/session/subscriptions/subscriptions.ts"
import type { SubscriptionChange } from "../../../../src/session/model.ts"
import { INFY, RELIANCE, TCS } from "../instruments.ts"
import { advance, settle } from "../support.ts"

const ltp: Want = { mode: "ltp", depth: 0 }
const quote: Want = { mode: "quote", depth: 0 }
const subscriptions = new Subscriptions("asha", { name: "test" })
const [reliance, infy, tcs] = [RELIANCE, INFY, TCS].map(
  (i) => subscriptions.add("r", i, "ltp", 5, 0, false).change!.instrument
) as [SubscriptionChange["instrument"], SubscriptionChange["instrument"], SubscriptionChange["instrument"]]
const add = (instrument: SubscriptionChange["instrument"], to: Want = ltp): SubscriptionChange => ({
  instrument,
  from: undefined,
  to
})
const change = (
  instrument: SubscriptionChange["instrument"],
  from: Want | undefined,
  to: Want | undefined
): SubscriptionChange => ({
  instrument,
  from,
  to
})
const call = (path: string): HttpRequest => ({
  method: "POST",
  url: `https://rest.example${path}`,
  headers: {}
})

interface Call {
  readonly path: string
  readonly answer: (body: string) => Effect.Effect<void>
  readonly fail: (failure: ConnectionFailure) => Effect.Effect<void>
}

/** A running writer, with what it did in order: frames, `asks /path`, `answered /path body`. */
const start = Effect.fnUntraced(function* (
  encode: (symbols: ReadonlyArray<string>) => ReadonlyArray<Outbound>,
  batch = 2
) {
  const log: Array<string> = []
  const calls: Array<Call> = []
  const pathOf = (request: HttpRequest) => new URL(request.url).pathname
  const writer = yield* makeRequestWriter({
    pacing: { batch, intervalMs: 100 },
    encode: (changes) => {
      // As a connection does: nothing to ask for is no request.
      if (changes.length === 0) return []
      return encode(changes.map((c) => `${c.instrument.symbol} ${c.from?.mode ?? "-"}>${c.to?.mode ?? "-"}`))
    },
    send: (frame) => log.push(String(frame)),
    request: Effect.fnUntraced(function* (request) {
      const answer = yield* Deferred.make<HttpAnswer, ConnectionFailure>()
      log.push(`asks ${pathOf(request)}`)
      calls.push({
        path: pathOf(request),
        answer: (body) => Effect.asVoid(Deferred.succeed(answer, { status: 200, headers: {}, body })),
        fail: (failure) => Effect.asVoid(Deferred.fail(answer, failure))
      })
      return yield* Deferred.await(answer)
    }),
    kept: ({ instrument, to }) => log.push(`kept ${instrument.symbol} ${to?.mode}`),
    answered: (request, { body }) => log.push(`answered ${pathOf(request)} ${body}`)
  })
  const fiber = yield* Effect.forkChild(writer.run)
  yield* settle
  return { writer, log, calls, fiber }
})

describe("requestWriter", () => {
  it.effect("sends frames in batches at the broker's pace", () =>
    Effect.gen(function* () {
      const { log, writer } = yield* start((symbols) => [symbols.join(", ")])
      writer.request([add(reliance), add(infy), add(tcs)])
      yield* settle
      assert.deepStrictEqual(log, ["RELIANCE ->ltp, INFY ->ltp"])
      yield* advance("99 millis")
      assert.strictEqual(log.length, 1)
      yield* advance("1 millis")
      assert.deepStrictEqual(log.slice(1), ["TCS ->ltp"])
      yield* advance("1 second")
      assert.strictEqual(log.length, 2)
    })
  )

  it.effect("merges what waits for an instrument, and forgets what was taken back", () =>
    Effect.gen(function* () {
      const { log, writer } = yield* start((symbols) => [symbols.join(", ")])
      writer.request([add(tcs)])
      yield* settle
      writer.request([add(reliance), add(infy)])
      writer.request([change(reliance, ltp, quote), change(infy, ltp, undefined), change(tcs, ltp, quote)])
      yield* advance("1 second")
      assert.deepStrictEqual(log, ["TCS ->ltp", "RELIANCE ->quote, TCS ltp>quote"])
    })
  )

  it.effect("awaits each HTTP request before it goes on, and hands its answer over", () =>
    Effect.gen(function* () {
      const { calls, log, writer } = yield* start(() => [call("/one"), "a frame", call("/two")])
      writer.request([add(reliance)])
      yield* advance("1 second")
      assert.deepStrictEqual(log, ["asks /one"])
      yield* calls[0]!.answer("first")
      yield* settle
      assert.deepStrictEqual(log.slice(1), ["answered /one first", "a frame", "asks /two"])
      // What is asked for meanwhile waits for the answer, and for the pace.
      writer.request([add(infy)])
      yield* advance("1 second")
      assert.strictEqual(calls.length, 2)
      yield* calls[1]!.answer("second")
      yield* settle
      assert.deepStrictEqual(log.slice(4), ["answered /two second"])
      yield* advance("100 millis")
      assert.deepStrictEqual(log.slice(5), ["asks /one"])
    })
  )

  it.effect("sends urgent frames at once, and urgent HTTP requests ahead of what waits", () =>
    Effect.gen(function* () {
      const { calls, log, writer } = yield* start((symbols) => [call(`/${symbols.length}`)], 1)
      writer.request([add(reliance), add(infy)])
      yield* settle
      writer.send(call("/urgent"))
      writer.send("pong")
      yield* settle
      assert.deepStrictEqual(log, ["asks /1", "pong"])
      yield* calls[0]!.answer("")
      yield* advance("100 millis")
      assert.deepStrictEqual(log.slice(2), ["answered /1 ", "asks /urgent"])
      yield* calls[1]!.answer("done")
      yield* advance("100 millis")
      assert.deepStrictEqual(log.slice(4), ["answered /urgent done", "asks /1"])
    })
  )

  it.effect("sends an urgent HTTP request when nothing waits", () =>
    Effect.gen(function* () {
      const { log, writer } = yield* start(() => [])
      writer.send(call("/urgent"))
      yield* settle
      assert.deepStrictEqual(log, ["asks /urgent"])
    })
  )

  it.effect("ends with an HTTP request that got no answer", () =>
    Effect.gen(function* () {
      const { calls, fiber, log, writer } = yield* start(() => [call("/one"), "never"])
      writer.request([add(reliance)])
      yield* settle
      const refused = new ConnectionRefused({ detail: "POST /one: ECONNREFUSED" })
      yield* calls[0]!.fail(refused)
      assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), refused)
      assert.deepStrictEqual(log, ["asks /one"])
    })
  )

  it.effect("gives up what merely waits to be asked for once more", () =>
    Effect.gen(function* () {
      const { log, writer } = yield* start((symbols) => [symbols.join(", ")], 1)
      const again = (instrument: SubscriptionChange["instrument"]): SubscriptionChange => ({
        ...add(instrument),
        again: true
      })
      writer.request([add(reliance), again(infy), again(tcs)])
      writer.request([change(infy, ltp, undefined), change(tcs, ltp, quote)])
      yield* advance("300 millis")
      assert.deepStrictEqual(log, ["RELIANCE ->ltp", "INFY ltp>-", "TCS ltp>quote"])
    })
  )

  it.effect(
    "asks for an instrument that came back under another entry, though the want is the same in the end",
    () =>
      Effect.gen(function* () {
        const { log, writer } = yield* start((symbols) => [symbols.join(", ")], 1)
        const again = new Subscriptions("asha", { name: "test" }).add("r", INFY, "quote", 5, 0, false).change!
          .instrument
        writer.request([add(reliance), change(infy, quote, undefined)])
        writer.request([change(again, undefined, ltp)])
        writer.request([change(again, ltp, quote)])
        yield* advance("200 millis")
        assert.deepStrictEqual(log, ["RELIANCE ->ltp", "INFY quote>quote"])
        // The same entry, given up and wanted again before either left: nothing to ask for, and said so.
        writer.request([add(reliance, quote), change(tcs, quote, undefined)])
        writer.request([change(tcs, undefined, quote)])
        assert.strictEqual(log.at(-1), "kept TCS quote")
      })
  )
})
