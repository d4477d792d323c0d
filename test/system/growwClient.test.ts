/** The NATS project's own client against the simulated Groww: it must be able to log in and to read the feed. */
import { fromSeed } from "@nats-io/nkeys"
import { jwtAuthenticator, wsconnect } from "@nats-io/nats-core"
import type { Msg } from "@nats-io/nats-core"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "@effect/vitest"
import { nameOf } from "../../src/market/instrument.ts"
import { decodePayload } from "../../src/protocols/groww/decode.ts"
import { keyPairOf } from "../../src/protocols/groww/nkey.ts"
import { Reader } from "../../src/protocols/kit/protobuf.ts"
import { simulate } from "../../src/simulator/index.ts"
import type { SimulatorHandle } from "../../src/simulator/index.ts"
import { disagreements } from "../support/marketState.ts"
import { until } from "./simulatorSupport.ts"

/** Prefix 20 << 3: a user. */
const USER = 160

const socketToken = async (
  simulator: SimulatorHandle,
  accessToken: string,
  seed: Uint8Array
): Promise<Response> =>
  fetch(`${simulator.overrides.services!["api"]}/v1/api/apex/v1/socket/token/create/`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ socketKey: fromSeed(seed).getPublicKey() })
  })

const connect = (simulator: SimulatorHandle, jwt: string, seed: Uint8Array) =>
  wsconnect({
    servers: simulator.endpoint,
    authenticator: jwtAuthenticator(jwt, seed),
    reconnect: false,
    timeout: 5000
  })

describe("nats-core against the simulated Groww", () => {
  it.live("logs in with a socket token, and gets messages until it unsubscribes", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("groww", { paused: true, ticksPerSecond: 2000 })
      const seed = keyPairOf(USER, crypto.getRandomValues(new Uint8Array(32))).getSeed()
      yield* Effect.promise(async () => {
        const granted = await socketToken(simulator, "demo-access-token", seed)
        const { token } = (await granted.json()) as { readonly token: string }
        const client = await connect(simulator, token, seed)
        const messages: Array<Msg> = []
        const instrument = simulator.instruments.find((i) => nameOf(i) === "NSE:RELIANCE")!
        const subscription = client.subscribe("/ld/eq/nse/price_detailed.2885", {
          callback: (_, message) => void messages.push(message)
        })
        await until("a snapshot", () => messages.length > 0)
        const { data, subject } = messages[0]!
        assert.strictEqual(subject, "/ld/eq/nse/price_detailed.2885")
        const tick = decodePayload(new Reader(data), instrument, Date.now(), 1)!
        const state = simulator.market.find("NSE:RELIANCE")!.tick
        assert.deepStrictEqual(disagreements(tick, state, 0), [])

        simulator.resume()
        await until("a moving market", () => messages.length > 5)
        await client.flush()
        subscription.unsubscribe()
        await client.flush()
        const before = messages.length
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.strictEqual(messages.length, before)
        await client.close()
      })
    })
  )

  it.live("is refused without the right token or the right key", () =>
    Effect.gen(function* () {
      const simulator = yield* simulate("groww", { paused: true })
      const seed = keyPairOf(USER, new Uint8Array(32).fill(1)).getSeed()
      const another = keyPairOf(USER, new Uint8Array(32).fill(2)).getSeed()
      yield* Effect.promise(async () => {
        assert.strictEqual((await socketToken(simulator, "yesterday's", seed)).status, 401)
        const { token } = (await (await socketToken(simulator, "demo-access-token", seed)).json()) as {
          readonly token: string
        }
        const refused = await connect(simulator, token, another).catch((error: unknown) => error)
        assert.match(String(refused), /Authorization/i)
      })
    })
  )
})
