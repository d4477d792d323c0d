/** Brokers that cannot be reached, over real sockets: what is said of it names the host and the remedy, and no secret. */
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { AuthRejected, ConnectionRefused } from "../../../../src/market/errors.ts"
import { explainedCode, hostOf } from "../../../../src/kit/networkReason.ts"
import { protocol as kite } from "../../../../src/protocols/kite/index.ts"
import type { Handshake, Protocol } from "../../../../src/protocols/protocol.ts"
import { Transport } from "../../../../src/session/transport/transport.ts"
import { atHost, socketReason } from "../../../../src/session/transport/unreachable.ts"
import { advance, makeWorld, testBroker } from "../support.ts"

/** A port of this machine that nothing listens on. */
const freePort = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        server.close(() => resolve(port))
      })
    })
)

const open = (handshake: Partial<Handshake> & { readonly url: string }) =>
  Effect.gen(function* () {
    const transport = yield* Transport
    return yield* transport.open({
      handshake: { headers: {}, ...handshake },
      refusal: () => new ConnectionRefused({ detail: "declined" }),
      onFrame: () => {}
    })
  }).pipe(Effect.scoped, Effect.flip, Effect.provide(Transport.layerSockets))

describe("a connection that cannot be opened", () => {
  it.live("names its host and says the code in words, and shows nothing else of the address", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const reason = "ECONNREFUSED, nothing answered at this address (connection refused)"
      for (const scheme of ["ws", "wss", "tcp", "tls"]) {
        const { message } = yield* open({
          url: `${scheme}://user:secret@127.0.0.1:${port}/secret?token=secret`
        })
        assert.strictEqual(
          message,
          `no connection to the broker could be made (127.0.0.1:${port}: ${reason})`
        )
      }
    })
  )

  it.live("says what the login knows of the address", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const { message } = yield* open({
        url: `ws://127.0.0.1:${port}`,
        addressNote: "The address is built in. Check the network"
      })
      assert.match(
        message,
        /127\.0\.0\.1:\d+: ECONNREFUSED, .*\. The address is built in\. Check the network\)$/
      )
    })
  )

  it.live("names no host where the address has none", () =>
    Effect.gen(function* () {
      const { message } = yield* open({ url: "not-an-address?token=secret" })
      assert.strictEqual(
        message,
        "no connection to the broker could be made (the broker's endpoint is not a valid WebSocket URL)"
      )
    })
  )
})

describe("a session whose broker cannot be reached", () => {
  it.effect("says so in its status and events, and logs what the login notes once for all attempts", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const collecting = Logger.layer([
        Logger.make(({ logLevel, message }) => {
          if (logLevel === "Warn") warnings.push(String(message))
        })
      ])
      const notice = "the stored feedUrl is not used: it is not an address"
      const protocol: Protocol = {
        ...kite,
        handshake: () => ({ url: "wss://feed.example", headers: {}, notices: [notice] })
      }
      yield* Effect.gen(function* () {
        const { adapter, world } = yield* makeWorld(testBroker(), [], { protocol })
        world.refuse = new ConnectionRefused({ detail: "feed.example: ENOTFOUND, the name is not known" })
        yield* adapter.initialise({ user: "asha" })
        yield* Effect.ignore(adapter.connect)
        for (let i = 0; i < 10; i++) yield* advance("8 seconds")
        const { reason } = yield* adapter.status
        assert.include(reason, "no connection to the broker could be made (feed.example: ENOTFOUND")
        const [down] = world.events.filter((event) => event.type === "feed_down")
        assert.include(JSON.stringify(down), "feed.example: ENOTFOUND")
      }).pipe(Effect.provide(collecting))
      assert.deepStrictEqual(
        warnings.filter((text) => text.includes("feedUrl")),
        [notice]
      )
    })
  )
})

describe("reasons", () => {
  it("are words for the codes that operators meet, and the code for others", () => {
    for (const code of ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT"]) {
      assert.match(explainedCode(code), new RegExp(`^${code}, .*(?:network|connection refused)`))
    }
    assert.strictEqual(explainedCode("CERT_HAS_EXPIRED"), "CERT_HAS_EXPIRED")
    assert.strictEqual(explainedCode("constructor"), "constructor")
    const timeout = explainedCode("ETIMEDOUT")
    assert.strictEqual(socketReason(new Error("Opening handshake has timed out")), timeout)
    assert.strictEqual(socketReason(new Error("ETIMEDOUT")), timeout)
  })

  it("show hosts and ports of addresses alone", () => {
    assert.strictEqual(hostOf("wss://user:secret@feed.example:8443/secret?key=secret"), "feed.example:8443")
    assert.strictEqual(hostOf("tls://mqtt.example:1883"), "mqtt.example:1883")
    for (const text of ["", "secret", "simulated:secret"]) assert.isUndefined(hostOf(text), text)
  })

  it("leave a refused login as it is", () => {
    const rejected = new AuthRejected({ detail: "HTTP 401" })
    assert.strictEqual(atHost({ url: "wss://feed.example" })(rejected), rejected)
  })
})
