/** brokers.json as the commands read it: strictly where they connect, leniently where they list and store. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerRegistry } from "../../../../src/brokers/registry.ts"
import * as Overrides from "../../../../src/cli/service/overrides.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-settings-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A data folder with this brokers.json. */
const withFile = (text: string) =>
  Effect.tap(folder, (dir) => Effect.sync(() => writeFileSync(join(dir, "brokers.json"), text)))

const registryOf = <E>(layer: Layer.Layer<BrokerRegistry, E>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, BrokerRegistry))

const MIXED = JSON.stringify({
  Zerodha: { requestBatch: 7 },
  kotak: { variannt: {} },
  angel: { variant: { dialect: "fax" } },
  kotakk: { requestBatch: 1 }
})

describe("brokers.json", () => {
  it.effect("stops what connects, with all that is wrong in it", () =>
    Effect.gen(function* () {
      const dir = yield* withFile(MIXED)
      const { message } = yield* Effect.flip(registryOf(Overrides.registry(dir)))
      assert.include(message, `${join(dir, "brokers.json")}: kotak has an unknown key variannt (known: `)
      assert.match(message, /angel: Variant "dialect" of protocol smartstream must be one of angel, mstock/)
      assert.match(message, /there is no broker kotakk \(known: .*kotak, /)
      assert.notInclude(message, "Zerodha")
    })
  )

  it.effect("may name a broker once, in whichever case", () =>
    Effect.gen(function* () {
      const dir = yield* withFile('{"kotak": {"requestBatch": 1}, "Kotak": {"variannt": {}}, "upstox": {}}')
      const { message } = yield* Effect.flip(registryOf(Overrides.registry(dir)))
      assert.include(message, "kotak is there twice, as kotak and Kotak: keep one of them; ")
      assert.include(message, "Kotak has an unknown key variannt")
      const registry = yield* registryOf(Overrides.lenientRegistry(dir))
      assert.strictEqual((yield* Effect.flip(registry.load("kotak")))._tag, "BrokerMisconfigured")
      assert.strictEqual((yield* registry.load("upstox")).broker.name, "upstox")
    })
  )

  it.effect("costs what lists and stores its wrong brokers alone", () =>
    Effect.gen(function* () {
      const dir = yield* withFile(MIXED)
      const registry = yield* registryOf(Overrides.lenientRegistry(dir))
      assert.strictEqual((yield* registry.load("zerodha")).broker.pacing.batch, 7)
      for (const name of ["kotak", "angel"]) {
        assert.strictEqual((yield* Effect.flip(registry.load(name)))._tag, "BrokerMisconfigured")
      }
      const said: Array<string> = []
      const console = { ...globalThis.console, error: (text: string) => void said.push(text) }
      const warned = registryOf(Overrides.warningRegistry(dir)).pipe(
        Effect.provideService(Console.Console, console)
      )
      yield* (yield* warned).load("upstox")
      assert.strictEqual(said.length, 3)
      for (const text of said) assert.match(text, /^algoways: .*brokers\.json: /)
    })
  )

  it.effect("may be missing, and gives way to what a simulator says", () =>
    Effect.gen(function* () {
      const moved = {
        endpoint: "ws://127.0.0.1:1",
        instrumentsUrl: "http://127.0.0.1:1/instruments",
        simulated: true
      }
      const registry = yield* registryOf(Overrides.registry(yield* folder, { zerodha: moved }))
      const { broker } = yield* registry.load("zerodha")
      assert.strictEqual(broker.endpoint, moved.endpoint)
      assert.isTrue(broker.simulated)

      const dir = yield* withFile(
        '{"zerodha": {"endpoint": "wss://ws2.kite.trade", "simulated": false, "requestBatch": 7}}'
      )
      const over = yield* registryOf(Overrides.registry(dir, { zerodha: moved }))
      assert.deepInclude((yield* over.load("zerodha")).broker, { endpoint: moved.endpoint, simulated: true })
      assert.strictEqual((yield* over.load("zerodha")).broker.pacing.batch, 7)
      const own = yield* registryOf(Overrides.registry(dir))
      assert.strictEqual((yield* own.load("zerodha")).broker.endpoint, "wss://ws2.kite.trade")
    })
  )

  it.effect("loads the brokers that it names, and no other one", () =>
    Effect.gen(function* () {
      const loaded: Array<string> = []
      const real = yield* registryOf(BrokerRegistry.layer)
      const noting = BrokerRegistry.of({
        ...real,
        load: (name) => Effect.suspend(() => (loaded.push(name), real.load(name)))
      })
      const settings = { overrides: { kotak: {}, kotakk: {} }, problems: { angel: ["wrong"] } }
      yield* Effect.provideService(Overrides.problemsOf(settings), BrokerRegistry, noting)
      assert.deepStrictEqual(loaded, ["angel", "kotak"])
    })
  )

  it.effect("that cannot be read at all stops everything, and none of it is shown", () =>
    Effect.gen(function* () {
      const broken = yield* withFile('{\n  "kotak": { "instrumentsUrl": "https://x/?key=secret", }\n}')
      const other = yield* withFile("[]")
      const unreadable = yield* folder
      mkdirSync(join(unreadable, "brokers.json"))
      for (const [dir, said] of [
        [broken, /brokers\.json is not valid JSON.*: correct it$/],
        [other, /brokers\.json must be an object of brokers/],
        [unreadable, /brokers\.json could not be read \(EISDIR\)/]
      ] as const) {
        for (const layer of [Overrides.registry(dir), Overrides.lenientRegistry(dir)]) {
          const { message } = yield* Effect.flip(registryOf(layer))
          assert.match(message, said)
          assert.notInclude(message, "secret")
        }
      }
    })
  )
})
