/** Whom the log of a running service is about: fields in every line, in JSON and in text, and never a key. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { until } from "./simulatorSupport.ts"
import { freePorts, start, temporaryFolder } from "./support/processes.ts"
import type { Running } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

const KEY = "a-key-of-the-demo-for-tests"
const WRONG = "a-wrong-key-that-somebody-tries"

interface Line {
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
}

const linesOf = (serve: Running): ReadonlyArray<Line> =>
  serve
    .err()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line)

/** A demo to which somebody came with a wrong key, over WebSocket and over HTTP, and then with the right one. */
const visited = Effect.fnUntraced(function* (format: "json" | "logfmt") {
  const dataDir = yield* temporaryFolder
  const [port] = yield* freePorts(1)
  const serve = yield* start(["serve"], {
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_SIMULATOR_PORT: "0",
    ALGOWAYS_DATA_DIR: dataDir,
    ALGOWAYS_ZMQ_ENDPOINT: "off",
    ALGOWAYS_DEMO_API_KEY: KEY,
    ALGOWAYS_LOG_FORMAT: format
  })
  yield* Effect.promise(() => until("the demo's first lines", () => serve.out().includes("Python:"), 20_000))
  yield* Effect.promise(async () => {
    const client = await TestClient.open(`ws://127.0.0.1:${port}`)
    await client.ask({ action: "authenticate", api_key: WRONG })
    await fetch(`http://127.0.0.1:${port}/status`, { headers: { "x-api-key": `${WRONG}-too` } })
    await client.ask({ action: "authenticate", api_key: KEY })
    await client.subscribe("RELIANCE", "NSE", 1)
    await until("a tick", () => client.frames.some(({ type }) => type === "market_data"), 10_000)
    await client.close()
  })
  yield* Effect.promise(() => until("the login's line", () => serve.err().includes("is logged in"), 5000))
  assert.notInclude(serve.err(), KEY)
  assert.notInclude(serve.err(), WRONG)
  return serve
})

describe("the log", () => {
  it.live(
    "names user, broker, connection, client and address as fields in JSON",
    () =>
      Effect.gen(function* () {
        const lines = linesOf(yield* visited("json"))
        const fieldsOf = (message: string) =>
          lines.find((line) => line.message.includes(message))?.annotations ?? {}
        const login = fieldsOf("a client is logged in")
        assert.deepInclude(login, { user: "demo", address: "127.0.0.1" })
        assert.isString(login["client"])
        assert.deepEqual(fieldsOf("a client sent an unknown API key"), {
          client: login["client"],
          address: "127.0.0.1"
        })
        assert.deepEqual(fieldsOf("an HTTP request had an unknown API key"), {
          address: "127.0.0.1",
          route: "status"
        })
        assert.deepEqual(fieldsOf("is up, "), { user: "demo", broker: "zerodha", connection: 1 })
      }),
    60_000
  )

  it.live(
    "names them in text, too",
    () =>
      Effect.gen(function* () {
        const text = (yield* visited("logfmt")).err()
        assert.match(text, /a client sent an unknown API key.* client=\S+ address=127\.0\.0\.1/)
        assert.match(text, /a client is logged in.* user=demo/)
        assert.match(text, /connection 1 is up.* user=demo broker=zerodha connection=1/)
      }),
    60_000
  )
})
