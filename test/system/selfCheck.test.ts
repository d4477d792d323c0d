/** The self-check of a service that runs: simulator, store and sessions in this process. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { BrokerOverrides } from "../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../src/brokers/registry.ts"
import { Feed } from "../../src/bus/feed.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { demoKey } from "../../src/cli/demo/demoFolder.ts"
import { checkAll } from "../../src/cli/service/selfCheck.ts"
import type { MarketHours } from "../../src/market/hours.ts"
import { alwaysOpen } from "../../src/market/hours.ts"
import * as LocalFeed from "../../src/session/feed/localFeed.ts"
import { Hours } from "../../src/session/references.ts"
import { Transport } from "../../src/session/transport/transport.ts"
import { demoCredentials, simulate } from "../../src/simulator/index.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import { importMaster } from "../../src/store/instruments/importer.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { temporaryFolder } from "./support/processes.ts"

const holiday: MarketHours = { at: () => ({ open: false, why: "a holiday: Diwali" }) }

/** Users asha, binu and chand at a simulated Zerodha; binu has no credentials. `check` runs one round. */
const set = Effect.fnUntraced(function* (
  hours: MarketHours,
  users: ReadonlyArray<string> = ["asha", "binu", "chand"],
  simulated = true
) {
  const simulator = yield* simulate("zerodha", { ticksPerSecond: 2000 })
  const dataDir = yield* temporaryFolder
  const overrides = Layer.succeed(BrokerOverrides, {
    zerodha: { ...simulator.overrides, simulated }
  })
  const lines: Array<string> = []
  const log = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
  const context = yield* Layer.build(
    LocalFeed.layer().pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          Store.layer({ dataDir }),
          BrokerRegistry.layer.pipe(Layer.provide(overrides)),
          Transport.layerSockets,
          FrameBus.layer,
          Layer.succeed(Hours, hours),
          Logger.layer([log])
        )
      )
    )
  )
  const within = Effect.provideContext(context)
  yield* within(
    Effect.gen(function* () {
      for (const user of users) yield* (yield* Users).add(user, "zerodha")
      for (const user of users.filter((name) => name !== "binu")) {
        yield* (yield* CredentialStore).set(user, "zerodha", demoCredentials)
      }
      yield* importMaster((yield* (yield* BrokerRegistry).load("zerodha")).broker)
    })
  )
  const addDemo = within(
    Effect.gen(function* () {
      yield* (yield* Users).add("demo", "zerodha")
      yield* (yield* CredentialStore).set("demo", "zerodha", demoCredentials)
    })
  )
  return {
    addDemo,
    dataDir,
    attach: within(Effect.flatMap(Feed, (feed) => feed.attach("asha", "a client"))),
    check: within(checkAll(dataDir)),
    lines,
    logins: () => simulator.ledger().logins.length
  }
})

describe("the self-check", () => {
  it.live(
    "asks sessions that run, logs the others in once, and goes on after a user with trouble",
    () =>
      Effect.gen(function* () {
        const { attach, check, lines, logins } = yield* set(alwaysOpen)
        yield* attach
        assert.strictEqual(logins(), 1)
        lines.length = 0
        yield* check
        const of = (what: string) => lines.filter((line) => line.includes(`${what}:`))
        assert.match(of("user asha, login")[0]!, /^Info self-check: ok user asha, login: zerodha: connected/)
        assert.match(of("user binu, credentials")[0]!, /^Error self-check: fail .* → Store them/)
        assert.match(of("user chand, login")[0]!, /^Info self-check: ok /)
        assert.match(of("user chand, NSE")[0]!, /RELIANCE ticks/)
        assert.strictEqual(of("calendar").length, 1)
        assert.strictEqual(of("disk").length, 1)
        assert.strictEqual(of("instruments of zerodha").length, 1)
        assert.strictEqual(of("clock, by Zerodha").length, 0)
        assert.strictEqual(logins(), 2)
      }),
    60_000
  )

  it.live(
    "leaves out the user of an older version's demo, which no broker knows",
    () =>
      Effect.gen(function* () {
        const { addDemo, check, lines, logins } = yield* set(alwaysOpen, ["chand"], false)
        yield* addDemo
        yield* check
        const about = lines.filter((line) => line.includes("user demo"))
        assert.strictEqual(about.length, 1, about.join("\n"))
        assert.match(
          about[0]!,
          /^Warn self-check: warn user demo: of an older version's demo.*users remove demo/
        )
        assert.strictEqual(logins(), 1, "chand's")
      }),
    60_000
  )

  it.live(
    "asks the demo's exchange alone about the demo's user, and only while it runs",
    () =>
      Effect.gen(function* () {
        for (const runs of [true, false]) {
          const { addDemo, check, dataDir, lines, logins } = yield* set(alwaysOpen, [], runs)
          yield* addDemo
          yield* demoKey(dataDir)
          yield* check
          const said = lines.filter((line) => line.includes("user demo")).join("\n")
          assert.strictEqual(logins(), runs ? 1 : 0)
          assert.notInclude(said, "older version")
          assert.strictEqual(said.includes("user demo, login: Zerodha accepts it"), runs, said)
          assert.strictEqual(said.includes("simulated exchange does not run here"), !runs, said)
        }
      }),
    60_000
  )

  it.live("rests on days without trading", () =>
    Effect.gen(function* () {
      const { check, lines, logins } = yield* set(holiday)
      lines.length = 0
      yield* check
      assert.deepStrictEqual(lines, [])
      assert.strictEqual(logins(), 0)
    })
  )
})
