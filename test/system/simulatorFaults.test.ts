/** Every fault of the simulator as a client meets it, on plain sockets and in the broker's own bytes. */
import { setTimeout as sleep } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import { nameOf } from "../../src/market/instrument.ts"
import type { Fault } from "../../src/simulator/index.ts"
import { disagreements } from "../support/marketState.ts"
import { until } from "./simulatorSupport.ts"
import { NotConnected, faultyBroker } from "./support/rawClient.ts"
import type { AnyClient } from "./support/rawClient.ts"

/** A JSON request and binary ticks; texts; MQTT on a byte stream; Socket.IO with requests over REST. */
const brokers = ["zerodha", "flattrade", "iiflcapital", "iifl"] as const
const webSockets = brokers.filter((name) => name !== "iiflcapital")

const growing = async (what: string, count: () => number): Promise<void> => {
  const before = count()
  await until(what, () => count() > before)
}

/** Long enough for several turns of the simulator. */
const still = async (what: string, count: () => number): Promise<void> => {
  await sleep(60)
  const before = count()
  await sleep(150)
  assert.strictEqual(count(), before, what)
}

/** Waits until nothing has come for a while: a byte at a time takes its time on a busy machine. */
const settled = async (count: () => number): Promise<void> => {
  for (let before = -1, quiet = 0; quiet < 4;) {
    quiet = count() === before ? quiet + 1 : 0
    before = count()
    await sleep(100)
  }
}

const statusOf = async (connecting: Promise<AnyClient>): Promise<number | undefined> => {
  const outcome = await connecting.then(
    () => assert.fail("it connected"),
    (e: unknown) => e
  )
  assert.instanceOf(outcome, NotConnected)
  return outcome.status
}

describe.concurrent.each(brokers)("faults of the simulated %s", (name) => {
  const isStream = name === "iiflcapital"
  const broker = (test: (b: Awaited<ReturnType<typeof faultyBroker>>) => Promise<void>) => async () => {
    const b = await faultyBroker(name)
    try {
      await test(b)
      assert.strictEqual(b.simulator.counters().defects, 0)
    } finally {
      await b.stop()
    }
  }

  it(
    "mute: lets in, answers the login, and is silent; pings of the WebSocket are answered",
    broker(async ({ join, simulator, subscribed, two }) => {
      const client = await subscribed()
      const fault = simulator.inject({ fault: "mute" })
      client.beat()
      await still("no frame", () => client.frames.length)
      if (client.ws !== undefined) {
        let pongs = 0
        client.ws.on("pong", () => pongs++)
        client.ws.ping()
        await until("a pong", () => pongs === 1)
      }
      const late = await join()
      late.want(two, { mode: "quote", depth: 5 })
      await still("no tick", () => late.ticks.length)
      assert.strictEqual(client.ended(), undefined)
      fault.end()
      await growing("ticks again", () => client.ticks.length)
    })
  )

  it(
    "pingsOnly: answers, and tells no price",
    broker(async ({ simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "pingsOnly" })
      await still("no tick", () => client.ticks.length)
      if (!client.beat() || name === "flattrade") return
      await growing("an answer to a heartbeat", () => client.frames.length)
    })
  )

  it(
    "silent and blackHole: not even pongs, and the connection stays",
    broker(async ({ simulator, subscribed }) => {
      const client = await subscribed()
      let pongs = 0
      client.ws?.on("pong", () => pongs++)
      for (const fault of ["silent", "blackHole"] as const) {
        const handle = simulator.inject({ fault })
        client.ws?.ping()
        client.beat()
        await still(fault, () => client.frames.length + pongs)
        assert.strictEqual(client.ended(), undefined)
        assert.strictEqual(simulator.connections().length, 1)
        handle.end()
        await growing(`ticks after ${fault}`, () => client.ticks.length)
      }
      // What was in the kernel's buffer is read afterwards.
      if (client.ws !== undefined) await until("the pong of the black hole", () => pongs === 1)
      const other = await subscribed()
      simulator.inject({ fault: "blackHole", on: { connections: [1] }, for: 300 })
      await still("the one is dead", () => client.frames.length)
      await growing("the other lives", () => other.ticks.length)
      await growing("and the one again", () => client.ticks.length)
    })
  )

  it(
    "hang: a connection that is never answered",
    broker(async ({ join, simulator }) => {
      const handle = simulator.inject({ fault: "hang" })
      const joining = join().then(
        () => "in",
        () => "out"
      )
      assert.strictEqual(await Promise.race([joining, sleep(100, "waits")]), "waits")
      await until("a login", () => simulator.ledger().logins.length > 0)
      handle.end()
      await join()
      assert.deepInclude(simulator.ledger().logins[0]!, { outcome: "unanswered" })
    })
  )

  it(
    "refuse: declines whoever comes",
    broker(async ({ join, simulator }) => {
      const handle = simulator.inject({ fault: "refuse", status: 503, headers: { "retry-after": "7" } })
      assert.strictEqual(await statusOf(join()), isStream ? undefined : 503)
      handle.end()
      await join()
      const { logins } = simulator.ledger()
      assert.deepStrictEqual(
        logins.map((l) => l.outcome),
        ["refused", "accepted"]
      )
    })
  )

  it(
    "deadTokens: some instruments stop until they are subscribed anew",
    broker(async ({ names, simulator, some, subscribed, wanted }) => {
      const client = await subscribed()
      const fault = simulator.inject({ fault: "deadTokens", share: 0.5, cure: "resubscribe" })
      await sleep(60)
      client.ticks.length = 0
      await sleep(250)
      const alive = names.filter((n) => client.of(n).length > 0)
      assert.isAbove(alive.length, 0)
      assert.isBelow(alive.length, names.length)
      const dead = some.filter((i) => !alive.includes(nameOf(i)))
      client.want(dead, undefined, wanted)
      await sleep(50)
      client.want(dead, wanted)
      await until("the dead alive", () => dead.every((i) => client.of(nameOf(i)).length > 1))
      fault.end()
      simulator.inject({ fault: "deadTokens", instruments: [names[0]!] })
      await still("the one that was named", () => client.of(names[0]!).length)
      await growing("another", () => client.of(names[1]!).length)
    })
  )

  it(
    "slowdown: few changes are told, all are made",
    broker(async ({ simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "slowdown", to: 0.02 })
      await sleep(60)
      const [ticks, changes] = [client.ticks.length, simulator.counters().changes]
      await sleep(400)
      const made = simulator.counters().changes - changes
      assert.isAbove(made, 200)
      assert.isBelow((client.ticks.length - ticks) / made, 0.1)
    })
  )

  it(
    "clockSkew: exchange times are off",
    broker(async ({ simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "clockSkew", by: -3_600_000 })
      const from = client.ticks.length
      const hasTime = (t: { readonly exchange_time?: number; readonly ltt?: number }) =>
        Math.max(t.exchange_time ?? 0, t.ltt ?? 0)
      await until("an old tick", () =>
        client.ticks.slice(from).some((t) => {
          const time = hasTime(t)
          return time > 0 && Math.abs(Date.now() - 3_600_000 - time) < 120_000
        })
      )
    })
  )

  it(
    "close, drop, reset and displaced: at once, after the login, again and again",
    broker(async ({ join, simulator, subscribed }) => {
      const cases: ReadonlyArray<readonly [Fault, number]> = [
        [{ fault: "close" }, 1000],
        [{ fault: "close", code: 4001, reason: "bye" }, 4001],
        // No endpoint may send this one: a client that reads it gives up.
        [{ fault: "close", code: 1005 }, 0],
        [{ fault: "close", code: 2999 }, 0],
        [{ fault: "drop" }, 0],
        [{ fault: "reset" }, 0],
        [{ fault: "displaced" }, 1000],
        [{ fault: "close", code: 1001, at: 20, afterLogin: 10 }, 1001]
      ]
      for (const [fault, code] of cases) {
        const client = await join()
        const handle = simulator.inject(fault)
        await until(`an end by ${JSON.stringify(fault)}`, () => client.ended() !== undefined)
        assert.strictEqual(client.ended(), isStream ? 0 : code, JSON.stringify(fault))
        assert.strictEqual(handle.struck(), 1)
        handle.end()
      }
      simulator.inject({ fault: "close", code: 4000, every: 200, count: 2 })
      for (let n = 0; n < 2; n++) {
        const client = await join()
        await until("a close", () => client.ended() !== undefined)
      }
      const busy = await subscribed()
      const byChance = simulator.inject({ fault: "close", code: 4002, probability: 0.2, count: 1 })
      await until("a close by chance", () => busy.ended() !== undefined)
      assert.deepStrictEqual([busy.ended(), byChance.struck()], [isStream ? 0 : 4002, 1])
      const stays = await join()
      await sleep(100)
      assert.strictEqual(stays.ended(), undefined)
      await until("all ends noted", () => simulator.ledger().connections.at(-2)!.closed !== undefined)
    })
  )

  it(
    "tokenExpiry: mute connections, no new ones, until there is another login",
    broker(async ({ join, simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "tokenExpiry", at: 50 })
      await sleep(100)
      await still("no tick", () => client.ticks.length)
      assert.strictEqual(client.ended(), undefined)
      await join().then(
        () => assert.fail("the old login was taken"),
        () => {}
      )
      simulator.setCredentials(simulator.credentials)
      const renewed = await subscribed()
      await growing("ticks", () => renewed.ticks.length)
      await still("no tick on the old connection", () => client.ticks.length)
      simulator.clearFaults()
      simulator.inject({ fault: "tokenExpiry", existing: "close", code: 4003 })
      await until("an end", () => renewed.ended() !== undefined)
      assert.strictEqual(renewed.ended(), isStream ? 0 : 4003)
    })
  )

  it(
    "refuseSubscriptions and symbolCap: those are not served, the others are",
    broker(async ({ join, names, simulator, some, wanted }) => {
      const [bad, good] = [some[0]!, some.slice(1)]
      const fault = simulator.inject({ fault: "refuseSubscriptions", instruments: [nameOf(bad)] })
      const client = await join()
      // Alone: where the broker refuses a request whole, the others are not to suffer.
      client.want([bad], wanted)
      client.want(good, wanted)
      await until("ticks of the others", () => good.every((i) => client.of(nameOf(i)).length > 0))
      await still("none of the refused", () => client.of(nameOf(bad)).length)
      assert.strictEqual(simulator.heldBy(nameOf(bad)), 0)
      assert.isAtLeast(fault.struck(), 1)
      fault.end()
      client.close()
      await until("its end", () => simulator.connections().length === 0)

      simulator.inject({ fault: "symbolCap", most: 5 })
      const capped = await join()
      for (const instrument of some) capped.want([instrument], wanted)
      await until("five", () => names.filter((n) => capped.of(n).length > 0).length === 5)
      await sleep(150)
      assert.strictEqual(names.filter((n) => capped.of(n).length > 0).length, 5)
      assert.isAtMost(simulator.ledger().mostOnConnection, good.length)
    })
  )

  it(
    "rateLimit and connectionCap: too many connections are refused, too many requests end one",
    broker(async ({ join, simulator, subscribed }) => {
      const rate = simulator.inject({ fault: "rateLimit", perSecond: 2, of: "upgrades" })
      await join()
      await join()
      assert.strictEqual(await statusOf(join()), isStream ? undefined : 429)
      rate.end()
      const cap = simulator.inject({ fault: "connectionCap", most: 3 })
      await join()
      assert.strictEqual(await statusOf(join()), isStream ? undefined : 429)
      cap.end()
      assert.strictEqual(simulator.ledger().mostConnections, 3)
      simulator.dropConnections()
      await until("all gone", () => simulator.connections().length === 0)

      const only = simulator.inject({ fault: "connectionCap", most: 1, excess: "displace" })
      const first = await subscribed()
      const second = await subscribed()
      await until("the first displaced", () => first.ended() !== undefined)
      await growing("the second lives", () => second.ticks.length)
      only.end()

      simulator.inject({ fault: "rateLimit", perSecond: 4, of: "requests" })
      for (let n = 0; n < 10; n++) {
        if (!second.beat()) second.send("{}")
        // A read of a byte stream each.
        await sleep(10)
      }
      await until("an end", () => second.ended() !== undefined)
    })
  )

  it(
    "broken frames: the connection stays, and afterwards all is well",
    broker(async ({ simulator, subscribed }) => {
      const faults: ReadonlyArray<Fault> = [
        { fault: "truncate", probability: 0.5 },
        { fault: "corrupt", flips: 8 },
        { fault: "split" },
        { fault: "merge", probability: 0.5 },
        { fault: "garbage", every: 20 },
        { fault: "duplicate", times: 2 },
        { fault: "reorder", probability: 0.5 }
      ]
      for (const fault of faults) {
        const client = await subscribed()
        const handle = simulator.inject(fault)
        await until(`strikes of ${fault.fault}`, () => handle.struck() > 5)
        handle.end()
        // Of a byte stream that is out of step there is no way back.
        if (!isStream) await growing(`ticks after ${fault.fault}`, () => client.ticks.length)
        if (!isStream) assert.strictEqual(client.ended(), undefined, fault.fault)
        client.close()
      }
      assert.isAbove(simulator.ledger().connections.length, 6)
    })
  )

  it(
    "segment, fragment, coalesce, drip: the same bytes otherwise, and nothing is lost",
    broker(async ({ names, simulator, some, subscribed }) => {
      const faults: ReadonlyArray<Fault> = [
        { fault: "segment" },
        { fault: "segment", most: 7 },
        { fault: "coalesce", frames: 5 },
        ...(isStream ? [] : [{ fault: "fragment", most: 3 } as const]),
        { fault: "drip", bytes: 400, every: 2 }
      ]
      for (const fault of faults) {
        const client = await subscribed()
        const [rejects, from] = [client.rejects.length, client.ticks.length]
        const handle = simulator.inject({ ...fault, on: { connections: [simulator.connections()[0]!.id] } })
        // A read for every byte: a busy machine takes its time for the long texts of XTS.
        await until(
          `ticks through ${fault.fault}`,
          () => names.every((n) => client.of(n).length > 3 && client.ticks.length > from + names.length),
          30_000
        )
        handle.end()
        // A client that fell behind while its bytes dripped is left out of rounds; it has to catch up first.
        await until("an empty line", () => simulator.connections().every((c) => c.buffered === 0))
        const caughtUp = client.ticks.length
        await until("ticks behind it", () => client.ticks.length > caughtUp + 4 * names.length)
        const wrong = (): ReadonlyArray<string> =>
          some.flatMap((instrument) => {
            const last = client.of(nameOf(instrument)).at(-1)!
            return disagreements(last, simulator.market.find(nameOf(instrument))!.tick, 5)
          })
        // A round that was left out for a slow client is made good by the next one, so it may take several stops.
        for (let stop = 0; stop < 5; stop++) {
          simulator.pause()
          await settled(() => client.ticks.length)
          if (wrong().length === 0) break
          simulator.resume()
          await sleep(100)
        }
        simulator.pause()
        assert.deepStrictEqual(wrong(), [], fault.fault)
        assert.strictEqual(client.rejects.length, rejects, fault.fault)
        assert.strictEqual(client.ended(), undefined)
        simulator.resume()
        client.close()
        await until("its end", () => simulator.connections().length === 0)
      }
    }),
    90_000
  )

  it(
    "huge: a frame of megabytes",
    broker(async ({ simulator, subscribed }) => {
      const client = await subscribed()
      let bytes = 0
      for (const frame of client.frames) bytes += frame.length
      simulator.inject({ fault: "huge", bytes: 3_000_000 })
      await until("megabytes", () => client.frames.reduce((n, f) => n + f.length, 0) - bytes >= 3_000_000)
    })
  )
})

describe("the bytes of faults", () => {
  const withBroker = async (
    name: string,
    test: (b: Awaited<ReturnType<typeof faultyBroker>>) => Promise<void>
  ): Promise<void> => {
    const b = await faultyBroker(name)
    try {
      await test(b)
      assert.strictEqual(b.simulator.counters().defects, 0)
    } finally {
      await b.stop()
    }
  }
  /** Reads of the socket below a WebSocket, or of the stream itself. */
  const reads = (client: AnyClient): Array<Buffer> => {
    const list: Array<Buffer> = []
    client.socket.on("data", (bytes: Buffer) => list.push(bytes))
    return list
  }

  it.each(["zerodha", "iiflcapital"])("segment: every byte of %s is a read of its own", (name) =>
    withBroker(name, async ({ simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "segment" })
      await sleep(50)
      const list = reads(client)
      await until("reads", () => list.length > 100)
      assert.isAbove(list.filter((r) => r.length === 1).length / list.length, 0.9)
    })
  )

  it.each(webSockets)("fragment: messages of %s come in continuation frames", (name) =>
    withBroker(name, async ({ simulator, subscribed }) => {
      const client = await subscribed()
      const list = reads(client)
      simulator.inject({ fault: "fragment", most: 4 })
      // A server's frame that is no message's last: without FIN, four bytes or less.
      const isPiece = (r: Buffer) => [0, 1, 2].includes(r[0]!) && r[1]! >= 1 && r[1]! <= 4
      await until("a fragment", () => list.some(isPiece))
      await growing("ticks", () => client.ticks.length)
    })
  )

  it("carries messages of every size of head", () =>
    withBroker("zerodha", async ({ join, simulator }) => {
      simulator.pause()
      const client = await join()
      const sizes = [1, 125, 126, 65_535, 65_536]
      const sent = [...sizes.map((n) => "é".repeat(n)), ...sizes.map((n) => Buffer.alloc(n, n))]
      for (const fault of [{ fault: "segment", most: 60_000 }, { fault: "coalesce" }] as const) {
        client.frames.length = 0
        const handle = simulator.inject(fault)
        simulator.serveFrames(sent)
        await until("all", () => client.frames.filter((f) => f.length > 0).length >= sent.length)
        handle.end()
        const isBeat = (f: string | Uint8Array) => f.length === 1 && f[0] === 0
        assert.deepStrictEqual(
          client.frames.filter((f) => !isBeat(f)).map((f) => Buffer.from(f as string).toString("base64")),
          sent.map((f) => Buffer.from(f as string).toString("base64"))
        )
      }
    }))

  it("blackHole: a connection that ends meanwhile is gone, whoever ends it", () =>
    withBroker("zerodha", async ({ simulator, subscribed }) => {
      await subscribed()
      const handle = simulator.inject({ fault: "blackHole" })
      simulator.dropConnections()
      await until("no connection", () => simulator.connections().length === 0)
      handle.end()
      const other = await subscribed()
      const again = simulator.inject({ fault: "blackHole" })
      other.close()
      await sleep(60)
      again.end()
      await until("no connection", () => simulator.connections().length === 0)
    }))

  it("drip: so many bytes a second", () =>
    withBroker("zerodha", async ({ simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "drip", bytes: 2, every: 20 })
      await sleep(50)
      const list = reads(client)
      await sleep(400)
      const bytes = list.reduce((n, r) => n + r.length, 0)
      assert.isAbove(bytes, 4)
      assert.isBelow(bytes, 80)
    }))

  it("truncate and garbage of the wire: the frame's rest never comes, and the client sees what it cannot read", () =>
    withBroker("zerodha", async ({ simulator, subscribed }) => {
      const client = await subscribed()
      simulator.inject({ fault: "truncate", level: "wire", count: 1 })
      // The frames that follow fill the gap, until their bytes are read as a frame's head.
      await until("an end", () => client.ended() !== undefined)
      const other = await subscribed()
      simulator.inject({ fault: "garbage", level: "wire", every: 20 })
      await until("an end", () => other.ended() !== undefined)
    }))

  it("repeats by the seed, and differs without it", async () => {
    const dead = async (seed: number): Promise<string> => {
      let found = ""
      await withBroker("zerodha", async ({ join, names, simulator, some, wanted }) => {
        simulator.pause()
        simulator.runFaults({
          seed,
          faults: [{ fault: "deadTokens" }, { fault: "corrupt", flips: 3, probability: 0.5 }]
        })
        const client = await join()
        // Alone: a frame each.
        for (const instrument of some) client.want([instrument], wanted)
        await sleep(100)
        found = JSON.stringify([
          names.filter((n) => client.of(n).length > 0),
          client.frames.map((f) => f.length)
        ])
        for (const frame of client.frames)
          found += Buffer.from(frame as Uint8Array)
            .toString("hex")
            .slice(0, 40)
      })
      return found
    }
    const [one, again, other] = [await dead(7), await dead(7), await dead(8)]
    assert.strictEqual(one, again)
    assert.notStrictEqual(one, other)
  })
})
