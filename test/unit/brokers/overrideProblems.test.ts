/** What is said of wrong settings in brokers.json: the broker, the key, and what it must be. */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { checkOverride } from "../../../src/brokers/overrideProblems.ts"
import type { BrokerOverride } from "../../../src/brokers/overrides.ts"
import { BrokerOverrides, OverrideProblems } from "../../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../../src/brokers/registry.ts"

const problemsOf = (value: unknown): ReadonlyArray<string> =>
  Result.match(checkOverride("kotak", value), { onSuccess: () => [], onFailure: (problems) => problems })

const load = (name: string, override: BrokerOverride, problems = {}) =>
  BrokerRegistry.use((registry) => registry.load(name)).pipe(
    Effect.provide(BrokerRegistry.layer),
    Effect.provideService(BrokerOverrides, { [name]: override }),
    Effect.provideService(OverrideProblems, problems)
  )

describe("settings of a broker", () => {
  it.each([
    [5, ["kotak must be an object of settings"]],
    [{ endpoint: "http://x" }, [/^kotak\.endpoint must begin with ws:, wss:, tcp: or tls:/]],
    [{ endpoint: 5 }, [/^kotak\.endpoint must begin with ws:/]],
    [{ variannt: {} }, [/^kotak has an unknown key variannt \(known: protocol, endpoint, .*, variant\)$/]],
    [{ variant: 5 }, ["kotak.variant must be an object"]],
    [
      { services: { configuration: "x" } },
      ["kotak.services.configuration must begin with http:// or https://"]
    ],
    [{ requestBatch: 0 }, ["kotak.requestBatch must be a whole number above 0"]],
    [{ requestBatch: 1.5 }, ["kotak.requestBatch must be a whole number above 0"]],
    [{ requestBatch: "1" }, ["kotak.requestBatch must be a whole number above 0"]],
    [{ reconnectAfterMs: -1 }, ["kotak.reconnectAfterMs must be a whole number of milliseconds, 0 or more"]],
    [{ depthLevels: { NSE: 5 } }, ["kotak.depthLevels.NSE must be a list of numbers of levels, such as [5]"]],
    [
      { deepFeeds: { a: { endpiont: "wss://x" } } },
      [
        "kotak.deepFeeds.a has an unknown key endpiont " +
          "(known: endpoint, subscriptionsPerConnection, connectionsPerLogin, variant)"
      ]
    ],
    // All of it at once.
    [{ protocol: 5, silentAfterMs: 0 }, ["kotak.protocol must be a text", /^kotak\.silentAfterMs must be/]]
  ] as ReadonlyArray<readonly [unknown, ReadonlyArray<string | RegExp>]>)("%j", (value, expected) => {
    const problems = problemsOf(value)
    assert.strictEqual(problems.length, expected.length, problems.join("\n"))
    expected.forEach((wanted, i) => {
      if (typeof wanted === "string") assert.strictEqual(problems[i], wanted)
      else assert.match(problems[i]!, wanted)
    })
  })

  it.effect.each([
    [
      "kotak",
      { variant: { lookup: false } },
      /^brokers\.json: kotak: variant has an unknown key lookup .*lookUp/
    ],
    [
      "kotak",
      { variant: { lookUp: "no" } },
      /^brokers\.json: kotak: Variant "lookUp".* must be true or false/
    ],
    [
      "kotak",
      { protocol: "kotak-hsm", variant: { lookUp: false } },
      /unknown key lookUp for protocol kotak-hsm/
    ],
    ["kotak", { protocol: "fax" }, /does not speak "fax" but kotak-sfeed, kotak-hsm/],
    [
      "kotak",
      { services: { config: "http://x" } },
      /kotak\.services has an unknown name config \(known: configuration\)/
    ],
    [
      "zerodha",
      { services: { rest: "http://x" } },
      /zerodha\.services has an unknown name rest \(known: none\)/
    ],
    [
      "zerodha",
      { depthLevels: { NSEE: [5] } },
      /zerodha\.depthLevels has an unknown name NSEE \(known: NSE, /
    ],
    ["fyers", { deepFeeds: { tbt: {} } }, /fyers\.deepFeeds has an unknown name tbt \(known: fyers_tbt\)/],
    [
      "fyers",
      { deepFeeds: { fyers_tbt: { variant: { chanel: 1 } } } },
      /fyers\.deepFeeds\.fyers_tbt: variant has an unknown key chanel for protocol fyers-tbt/
    ]
  ] as ReadonlyArray<readonly [string, BrokerOverride, RegExp]>)(
    "fail where %s is loaded: %j",
    ([name, o, said]) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(load(name, o))
        assert.strictEqual(error._tag, "BrokerMisconfigured")
        assert.match(error.message, said)
      })
  )

  it.effect("that could not be read fail their broker, and no other one", () =>
    Effect.gen(function* () {
      const problems = { kotak: ["kotak must be an object of settings"] }
      const error = yield* Effect.flip(load("kotak", {}, problems))
      assert.strictEqual(error.message, "brokers.json: kotak must be an object of settings")
      assert.strictEqual((yield* load("zerodha", {}, problems)).broker.name, "zerodha")
      const deep = BrokerRegistry.use((registry) => registry.feed("dhan_depth20")).pipe(
        Effect.provide(BrokerRegistry.layer),
        Effect.provideService(OverrideProblems, { angel: ["wrong"] })
      )
      assert.strictEqual((yield* deep).name, "dhan_depth20")
    })
  )

  /** Each JSON text of the page's code blocks, some of which have one in every line. */
  const examples = [
    ...readFileSync(resolve(import.meta.dirname, "../../../docs/configuration.md"), "utf8").matchAll(
      /^```json\n([^]*?)^```/gm
    )
  ].flatMap(([, block]) =>
    /^\{ .* \}$/m.test(block!.split("\n")[0]!) ? block!.trim().split("\n") : [block!]
  )

  it.effect.each(examples)("are taken as docs/configuration.md has them: %s", (text) =>
    Effect.gen(function* () {
      for (const [name, value] of Object.entries(JSON.parse(text) as Readonly<Record<string, unknown>>)) {
        const override = Result.getOrThrow(checkOverride(name, value))
        assert.strictEqual((yield* load(name, override)).broker.name, name)
      }
    })
  )

  it.effect.each([
    ["zerodha", { signedPrices: true }],
    ["kotak", { lookUp: false, platform: "NEOTRADEAPI", timesSince: { nse_fo: 1980 } }]
  ] as const)("take the variant's keys that docs/configuration.md explains: %s", ([name, variant]) =>
    Effect.map(load(name, { variant }), ({ broker }) => assert.deepInclude(broker.variant, variant))
  )
})
