import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import type { Broker } from "../../../../src/brokers/broker.ts"
import { broker as zerodha } from "../../../../src/brokers/data/zerodha.ts"
import type { ConnectionFailure } from "../../../../src/market/errors.ts"
import { AuthRejected, ConnectionRefused } from "../../../../src/market/errors.ts"
import type {
  HttpAnswer,
  HttpRequest,
  Login,
  LoginContext,
  Protocol
} from "../../../../src/protocols/protocol.ts"
import { logIn } from "../../../../src/session/connection/login.ts"

const services = { rest: "https://rest.example" }
const broker: Broker = { ...zerodha, services }
const credentials = { apiKey: Redacted.make("key") }
const get = (path: string): HttpRequest => ({
  method: "GET",
  url: `https://rest.example${path}`,
  headers: {}
})
const ok = (body: string): HttpAnswer => ({ status: 200, headers: {}, body })

const speaking = (handshake: Protocol["handshake"]): Protocol =>
  ({ name: "test", handshake }) as unknown as Protocol

/** Logs in at a REST front that answers by path; `asked` gets the paths in order. */
const logInAt = (
  protocol: Protocol,
  asked: Array<string>,
  answer: (path: string) => Effect.Effect<HttpAnswer, ConnectionFailure>
) =>
  logIn(broker, protocol, credentials, ({ url }) => {
    const path = new URL(url).pathname
    asked.push(path)
    return answer(path)
  })

describe("logIn", () => {
  it.effect("gives a plain handshake as it is, out of the broker's data", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_764_040_500_000)
      const contexts: Array<LoginContext> = []
      const protocol = speaking((context) => {
        contexts.push(context)
        return { url: context.endpoint, headers: { a: "b" } }
      })
      const asked: Array<string> = []
      const handshake = yield* logInAt(protocol, asked, () => Effect.succeed(ok("")))
      yield* logInAt(protocol, asked, () => Effect.succeed(ok("")))
      assert.deepStrictEqual(handshake, { url: broker.endpoint, headers: { a: "b" } })
      assert.deepStrictEqual(asked, [])
      const [first, second] = contexts as [LoginContext, LoginContext]
      assert.deepInclude(first, { services, credentials, now: 1_764_040_500_000 })
      assert.strictEqual(first.options.codes["NSE"], 1)
      assert.strictEqual(first.random.length, 64)
      assert.notDeepEqual(first.random, second.random)
    })
  )

  it.effect("passes each answer in before the next call is asked for", () =>
    Effect.gen(function* () {
      const protocol = speaking(function* (context): Login {
        const session = yield get("/session")
        const token = yield get(`/token/${session.body}`)
        return {
          url: `wss://feed.example/${token.body}`,
          headers: {},
          secrets: { rest: context.services["rest"]! }
        }
      })
      const asked: Array<string> = []
      const handshake = yield* logInAt(protocol, asked, (path) =>
        Effect.succeed(ok(path === "/session" ? "s1" : `for${path}`))
      )
      assert.deepStrictEqual(asked, ["/session", "/token/s1"])
      assert.deepStrictEqual(handshake, {
        url: "wss://feed.example/for/token/s1",
        headers: {},
        secrets: { rest: "https://rest.example" }
      })
    })
  )

  it.effect("fails with the reason that the protocol gives, with and without calls", () =>
    Effect.gen(function* () {
      const rejected = new AuthRejected({ detail: "the session has ended" })
      const asked: Array<string> = []
      const after = speaking(function* (): Login {
        const { status } = yield get("/session")
        return status === 401 ? rejected : { url: "wss://feed.example", headers: {} }
      })
      const no = () => Effect.succeed({ status: 401, headers: {}, body: "" })
      assert.strictEqual(yield* Effect.flip(logInAt(after, asked, no)), rejected)
      assert.deepStrictEqual(asked, ["/session"])
      assert.strictEqual(
        yield* Effect.flip(
          logInAt(
            speaking(() => rejected),
            asked,
            no
          )
        ),
        rejected
      )
      assert.deepStrictEqual(asked, ["/session"])
    })
  )

  it.effect("fails with a call that got no answer, and asks no further", () =>
    Effect.gen(function* () {
      const refused = new ConnectionRefused({ detail: "GET /session: ECONNREFUSED" })
      const asked: Array<string> = []
      const protocol = speaking(function* (): Login {
        yield get("/session")
        yield get("/token")
        return { url: "wss://feed.example", headers: {} }
      })
      const failure = yield* Effect.flip(logInAt(protocol, asked, () => Effect.fail(refused)))
      assert.strictEqual(failure, refused)
      assert.deepStrictEqual(asked, ["/session"])
    })
  )

  it.effect("goes on without an answer that it can do without", () =>
    Effect.gen(function* () {
      const refused = new ConnectionRefused({ detail: "GET /address: ECONNREFUSED" })
      const asked: Array<string> = []
      const protocol = speaking(function* (): Login {
        const { body, status, unanswered } = yield { ...get("/address"), optional: true }
        return { url: `wss://feed.example/${status}${body}`, headers: {}, addressNote: unanswered ?? "" }
      })
      const handshake = yield* logInAt(protocol, asked, () => Effect.fail(refused))
      assert.strictEqual(handshake.url, "wss://feed.example/0")
      assert.strictEqual(handshake.addressNote, refused.detail)
    })
  )

  it.effect("gives up on a login that runs in a circle, as on a bug", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const protocol = speaking(function* (): Login {
        for (;;) yield get("/again")
      })
      const exit = yield* Effect.exit(logInAt(protocol, asked, () => Effect.succeed(ok(""))))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(asked.length, 20)
    })
  )
})
