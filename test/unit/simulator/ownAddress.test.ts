/** Which address a simulator names in its answers: the one by which it was reached. */
import { request } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { builtInBrokers } from "../../../src/brokers/registry.ts"
import { DESCRIPTION_PATH, simulate } from "../../../src/simulator/index.ts"

/** What a path answers to somebody who knows this machine by another name, behind a mapped port. */
const asked = (port: number, path: string, headers: Record<string, string> = {}) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve, reject) => {
        request({ host: "127.0.0.1", port, path, headers }, (answer) => {
          let text = ""
          answer.setEncoding("utf8").on("data", (part: string) => (text += part))
          answer.once("end", () => resolve(text))
        })
          .once("error", reject)
          .end()
      })
  )

const bound = (broker: string) => simulate(broker, { host: "0.0.0.0", ticksPerSecond: 0 })
const OUTSIDE = "practice.example:9999"

describe("a simulator that listens at every address", () => {
  it.live("tells Upstox's authorize call the host that the request came to", () =>
    Effect.gen(function* () {
      const { credentials, port } = yield* bound("upstox")
      const authorization = `Bearer ${Redacted.value(credentials.authToken!)}`
      const path = "/v3/feed/market-data-feed/authorize"
      const told = yield* asked(port, path, { authorization, host: OUTSIDE })
      assert.include(told, `"authorized_redirect_uri":"ws://${OUTSIDE}/`)
      assert.notInclude(told, "127.0.0.1")
    })
  )

  it.live("tells Kotak's configuration service so", () =>
    Effect.gen(function* () {
      const { port } = yield* bound("kotak")
      const told = yield* asked(port, "/5config/config", { host: OUTSIDE })
      assert.include(told, `"http://${OUTSIDE}/`)
      assert.notInclude(told, "127.0.0.1")
    })
  )

  it.live("tells Fyers' address of deep books so", () =>
    Effect.gen(function* () {
      const { credentials, port } = yield* bound("fyers")
      const { apiKey, authToken } = credentials
      const authorization = `${Redacted.value(apiKey!)}:${Redacted.value(authToken!)}`
      const told = yield* asked(port, "/indus/home/tbtws", { authorization, host: OUTSIDE })
      assert.include(told, `"socket_url":"ws://${OUTSIDE}/`)
    })
  )

  it.live.each(builtInBrokers.map((name) => [name] as const))("describes %s so", ([name]) =>
    Effect.gen(function* () {
      const { port } = yield* bound(name)
      const told = yield* asked(port, DESCRIPTION_PATH, { host: OUTSIDE })
      assert.include(told, `"url":"http://${OUTSIDE}"`)
      assert.notInclude(told, "127.0.0.1")
    })
  )

  it.live("keeps its own address where the Host header is none", () =>
    Effect.gen(function* () {
      const { port } = yield* bound("kotak")
      for (const host of ["evil.example/x?", "a b", ""]) {
        const told = yield* asked(port, "/5config/config", { host })
        assert.include(told, `"http://127.0.0.1:${port}/`)
      }
    })
  )
})
