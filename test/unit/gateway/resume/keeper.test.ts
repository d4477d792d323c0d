/** Subscriptions that outlive their connection, and their process. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import type { Client } from "../../../../src/gateway/client.ts"
import { ClientSubscriptions } from "../../../../src/gateway/topics/subscriptions.ts"
import { named } from "../../../../src/gateway/messages/requestReader.ts"
import { Keeper, openKeeper } from "../../../../src/gateway/resume/keeper.ts"
import {
  identityOf,
  readSavedSubscriptions,
  requestsOf,
  savedSubscriptionsOf
} from "../../../../src/gateway/resume/keptSet.ts"
import type { SubscriptionOptions } from "../../../../src/gateway/topics/fanOut.ts"
import { temporaryFolder } from "../../store/support.ts"

const usual: SubscriptionOptions = { slow: "conflate", intervalMs: 0 }

/** A client that holds quotes of these. */
const clientOf = (...symbols: ReadonlyArray<string>): Client => {
  const subscriptions = new ClientSubscriptions()
  const client = { holdings: subscriptions, ordersTopic: undefined, awaitsPongSince: 0 } as unknown as Client
  for (const symbol of symbols) hold(client, symbol)
  return client
}
const hold = (client: Client, symbol: string, tag: 1 | 2 | 3 | 4 = 2, depth = 5, options = usual): void => {
  const name = named(symbol, "NSE")
  const mode = tag === 1 ? "ltp" : tag === 2 ? "quote" : "depth"
  const topicSubscription = { options } as never
  client.holdings.put({
    symbol,
    exchange: "NSE",
    tag,
    topic: `${symbol}/${tag}`,
    topicSubscription,
    name,
    mode,
    depth
  })
}
const common = { keyId: 1, encoding: "json", events: false, snapshot: false, clocks: false, name: "" }
const who = identityOf(common)

const make = (folder?: string, now = { at: 1_000_000 }) => {
  const keeper = new Keeper({
    folder,
    name: "g",
    keepMs: 60_000,
    clock: { now: () => now.at, timeOfDay: () => now.at }
  })
  keeper.open()
  return { keeper, now }
}
const symbolsOf = (claimed: ReturnType<Keeper["claim"]>): ReadonlyArray<string> | undefined =>
  claimed?.set.groups.flatMap(({ names }) => names.map(([symbol]) => symbol))

describe("a kept set", () => {
  it("asks again for exactly what was asked for", () => {
    const client = clientOf()
    hold(client, "TCS:20", 3, 20)
    hold(client, "TCS", 4, 5)
    hold(client, "INFY", 2, 5, { slow: "close", intervalMs: 250 })
    hold(client, "SBIN", 2, 5, { slow: "close", intervalMs: 250 })
    const set = savedSubscriptionsOf(who, client.holdings, false)
    assert.deepStrictEqual(readSavedSubscriptions(JSON.stringify(set)), set)
    const bodies = requestsOf(set).map(({ choice, depth, entries, terms: options }) => ({
      ...choice,
      ...options,
      depth,
      names: entries.map((entry) => entry.symbol)
    }))
    assert.sameDeepMembers(bodies, [
      { mode: "depth", tag: 3, depth: 20, ...usual, names: ["TCS:20"] },
      { mode: "depth", tag: 4, depth: 5, ...usual, names: ["TCS"] },
      { mode: "quote", tag: 2, depth: 5, slow: "close", intervalMs: 250, names: ["INFY", "SBIN"] }
    ])
  })

  it("is nothing that was written by somebody else", () => {
    for (const text of ["", "{", "[]", '{"identity":"x"}', '{"identity":"x","orders":1,"groups":[]}']) {
      assert.isUndefined(readSavedSubscriptions(text))
    }
  })
})

describe("a keeper", () => {
  it("forgets the oldest of the key with most of them when there are too many", () => {
    const { keeper, now } = make()
    const leave = (identity: string, client: Client): void => {
      keeper.register(client, identity, false, undefined)
      now.at++
      keeper.ended(client)
    }
    const others = identityOf({ ...common, keyId: 2 })
    leave(others, clientOf("OTHERS"))
    for (let i = 0; i < 10_005; i++) leave(who, clientOf(`S${i}`))
    assert.strictEqual(keeper.waiting, 10_000)
    assert.deepStrictEqual(symbolsOf(keeper.claim(others, clientOf())), ["OTHERS"])
    assert.deepStrictEqual(symbolsOf(keeper.claim(who, clientOf())), ["S10004"])
  })

  it("gives the set that ended last, once, to the same key, encoding, options and name", () => {
    const { keeper, now } = make()
    const [first, second, other] = [clientOf("A"), clientOf("B"), clientOf("C")]
    keeper.register(first, who, false, undefined)
    keeper.register(second, who, false, undefined)
    keeper.register(other, identityOf({ ...common, name: "charts" }), true, undefined)
    assert.isUndefined(keeper.claim(who, clientOf()), "nobody's connection has ended")
    keeper.ended(first)
    now.at += 1000
    keeper.ended(second)
    keeper.ended(other)
    keeper.ended(other)
    const strangers = [
      { keyId: 2 },
      { encoding: "msgpack" },
      { events: true },
      { clocks: true },
      { snapshot: true }
    ]
    for (const change of strangers) {
      assert.isUndefined(keeper.claim(identityOf({ ...common, ...change }), clientOf()))
    }
    const last = keeper.claim(who, clientOf())
    assert.deepStrictEqual([symbolsOf(last), last?.ended], [["B"], now.at])
    assert.deepStrictEqual(symbolsOf(keeper.claim(who, clientOf())), ["A"])
    assert.isUndefined(keeper.claim(who, clientOf()))
    assert.deepStrictEqual(symbolsOf(keeper.claim(identityOf({ ...common, name: "charts" }), clientOf())), [
      "C"
    ])
  })

  it("forgets after a while, and keeps nothing of who holds nothing or does not want it", () => {
    const { keeper, now } = make()
    const [client, empty, unwilling, stranger] = [clientOf("A"), clientOf(), clientOf("C"), clientOf("D")]
    for (const one of [client, empty, unwilling]) keeper.register(one, who, false, undefined)
    keeper.forget(unwilling)
    for (const one of [client, empty, unwilling, stranger]) keeper.ended(one)
    assert.strictEqual(keeper.waiting, 1)
    now.at += 60_001
    assert.isUndefined(keeper.claim(who, clientOf()))
    assert.strictEqual(keeper.waiting, 0)
  })

  it("takes over from a connection that looks lost, and from one of the same name", () => {
    const { keeper, now } = make()
    const lost = clientOf("A")
    keeper.register(lost, who, false, undefined)
    lost.awaitsPongSince = now.at - 500
    assert.isUndefined(keeper.claim(who, clientOf()))
    lost.awaitsPongSince = now.at - 5000
    assert.deepStrictEqual(symbolsOf(keeper.claim(who, clientOf())), ["A"])
    keeper.ended(lost)
    assert.isUndefined(keeper.claim(who, clientOf()), "it has been taken already")

    const charts = identityOf({ ...common, name: "charts" })
    keeper.register(clientOf("B"), charts, true, undefined)
    assert.deepStrictEqual(symbolsOf(keeper.claim(charts, clientOf())), ["B"])
  })

  it("loses nothing when a connection ends before it holds what it has taken", () => {
    const { keeper } = make()
    const first = clientOf("A", "B")
    keeper.register(first, who, false, undefined)
    keeper.ended(first)
    const hasty = clientOf()
    keeper.register(hasty, who, false, keeper.claim(who, hasty))
    keeper.ended(hasty)
    const served = clientOf()
    keeper.register(served, who, false, keeper.claim(who, served))
    hold(served, "A")
    keeper.served(served)
    keeper.ended(served)
    assert.deepStrictEqual(symbolsOf(keeper.claim(who, clientOf())), ["A"])
  })
})

describe("a keeper on the disk", () => {
  /** As a process that was killed has left its folder. */
  const leave = (root: string, name: string, sets: ReadonlyArray<object>, lived: number): void => {
    const folder = join(root, name)
    mkdirSync(folder, { recursive: true })
    for (const [i, set] of sets.entries()) writeFileSync(join(folder, `${i}.json`), JSON.stringify(set))
    writeFileSync(join(folder, "alive"), "")
    utimesSync(join(folder, "alive"), lived / 1000, lived / 1000)
  }
  const NOBODY = 2 ** 22 + 1

  it.effect("gives back what a killed process had written, with the time of its death", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const now = { at: Date.now() }
      const { keeper } = make(root, now)
      const client = clientOf("A")
      keeper.register(client, who, false, undefined)
      yield* keeper.flush
      hold(client, "B")
      keeper.changed(client)
      yield* keeper.flush
      const [folder] = readdirSync(root)
      assert.strictEqual(statSync(join(root, folder!)).mode & 0o777, 0o700)
      for (const file of readdirSync(join(root, folder!))) {
        assert.strictEqual(statSync(join(root, folder!, file)).mode & 0o777, 0o600, file)
      }
      // The process is gone without a word: another one finds its folder.
      const sets = readdirSync(join(root, folder!))
        .filter((file) => file.endsWith(".json"))
        .map((file) => JSON.parse(readFileSync(join(root, folder!, file), "utf8")) as object)
      const lived = now.at - 2000.25
      leave(root, `${NOBODY}-killed`, sets, lived)
      const next = make(root, { at: now.at })
      const claimed = next.keeper.claim(who, clientOf())
      assert.deepStrictEqual(symbolsOf(claimed), ["A", "B"])
      assert.approximately(claimed!.ended, lived, 2)
      assert.isTrue(Number.isInteger(claimed!.ended))
      // Its folder stays until the set is written anew.
      assert.isTrue(existsSync(join(root, `${NOBODY}-killed`)))
      yield* next.keeper.flush
      assert.isFalse(existsSync(join(root, `${NOBODY}-killed`)))
    })
  )

  it.effect("leaves the folders of gateways that live, and what is too old or no set", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const now = Date.now()
      const set = savedSubscriptionsOf(who, clientOf("A").holdings, false)
      leave(root, `${process.ppid}-lives`, [set], now)
      leave(root, `${NOBODY}-old`, [set], now - 61_000)
      leave(root, `${NOBODY}-odd`, [{ identity: who }, [], { ...set, groups: [] }], now)
      leave(root, "notes", [set], now)
      const { keeper } = make(root, { at: now })
      assert.strictEqual(keeper.waiting, 0)
      yield* keeper.flush
      assert.isTrue(existsSync(join(root, `${process.ppid}-lives`)))
      assert.isTrue(existsSync(join(root, "notes")))
      assert.isFalse(existsSync(join(root, `${NOBODY}-old`)))
      // Its process number was given to another process, or it stands still.
      leave(root, `${process.ppid}-gone`, [{ ...set, ended: now }], now - 11_000)
      assert.strictEqual(make(root, { at: now }).keeper.waiting, 1)
    })
  )

  it.effect("looks again at a folder whose process seemed to live, until it is that of another gateway", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const now = { at: Date.now() }
      const alive = (name: string) => join(root, name, "alive")
      const holding = (symbol: string) => savedSubscriptionsOf(who, clientOf(symbol).holdings, false)
      // One whose number another process has by now, one that ends in a moment, and one that goes on.
      const [gone, ends, lives] = ["gone", "ends", "lives"].map((name) => `${process.ppid}-${name}`)
      leave(root, gone!, [holding("A")], now.at)
      leave(root, ends!, [{ ...holding("B"), ended: now.at + 4000 }], now.at)
      leave(root, lives!, [holding("C")], now.at)
      const { keeper } = make(root, now)
      assert.strictEqual(keeper.waiting, 0)
      const second = Effect.suspend(() => {
        now.at += 1000
        if (existsSync(alive(lives!))) utimesSync(alive(lives!), now.at / 1000, now.at / 1000)
        return keeper.flush
      })
      for (let i = 0; i < 5; i++) yield* second
      rmSync(alive(ends!))
      yield* second
      // Ends after B did, and is found before A.
      const client = clientOf("D")
      keeper.register(client, who, false, undefined)
      keeper.ended(client)
      for (let i = 0; i < 6; i++) yield* second
      assert.strictEqual(keeper.waiting, 3)
      assert.deepStrictEqual(
        [1, 2, 3].map(() => symbolsOf(keeper.claim(who, clientOf()))),
        [["D"], ["B"], ["A"]]
      )
      assert.deepStrictEqual(
        readdirSync(root).filter((name) => name.startsWith(`${process.ppid}-`)),
        [lives!]
      )
      for (let i = 0; i < 60; i++) yield* second
      rmSync(alive(lives!))
      for (let i = 0; i < 12; i++) yield* second
      assert.strictEqual(keeper.waiting, 0, "its clients come back to the one that is started in its place")
    })
  )

  it.live.runIf(process.platform === "linux")(
    "takes over at once from a process that was killed and whose parent has not asked for its end",
    () =>
      Effect.gen(function* () {
        const root = yield* temporaryFolder
        // The shell becomes a program that asks for no child's end.
        const parent = yield* Effect.acquireRelease(
          Effect.sync(() => spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"])),
          (child) => Effect.sync(() => child.kill())
        )
        const pid = yield* Effect.promise(
          () => new Promise<number>((resolve) => parent.stdout.once("data", (text) => resolve(Number(text))))
        )
        while (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")) yield* Effect.sleep("5 millis")
        const now = Date.now()
        leave(root, `${pid}-killed`, [savedSubscriptionsOf(who, clientOf("A").holdings, false)], now + 1000)
        const { keeper } = make(root, { at: now + 1500 })
        assert.strictEqual(keeper.waiting, 1)
      }).pipe(Effect.scoped)
  )

  it.effect("writes what is due when the gateway ends, and goes on after a disk that takes nothing", () =>
    Effect.gen(function* () {
      const root = join(yield* temporaryFolder, "resume")
      const options = {
        folder: root,
        name: "g",
        keepMs: 60_000,
        clock: { now: () => performance.now(), timeOfDay: () => Date.now() }
      }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const keeper = yield* openKeeper(options)
          const client = clientOf("A")
          keeper.register(client, who, false, undefined)
          rmSync(root, { recursive: true })
          assert.match((yield* Effect.flip(keeper.flush)).message, /ENOENT/)
          mkdirSync(join(root, `${process.pid}-g`), { recursive: true })
          writeFileSync(join(root, `${process.pid}-g`, "alive"), "")
          yield* keeper.flush
          hold(client, "B")
          keeper.ended(client)
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const keeper = yield* openKeeper({ ...options, name: "h" })
          assert.deepStrictEqual(symbolsOf(keeper.claim(who, clientOf())), ["A", "B"])
        })
      )
      writeFileSync(join(root, "file"), "")
      const without = yield* Effect.scoped(openKeeper({ ...options, folder: join(root, "file") }))
      assert.isUndefined(without.claim(who, clientOf()))
    })
  )
})
