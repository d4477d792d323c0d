/**
 * What holds for the codec of every broker's every feed: any bytes become ticks of subscribed instruments, rejects or
 * events, never an exception; and instruments with equal tokens in different segments never exchange a field.
 */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import type { Change, Codec, Frame, Sink, Want } from "../../../src/protocols/protocol.ts"
import { makeGuard } from "../../../src/session/ticks/guard.ts"
import { everyFeed } from "../../support/everyFeed.ts"
import { disagreements } from "../../support/marketState.ts"
import { misnamed } from "../../support/misnamed.ts"
import type { Link } from "./link.ts"
import { NOW, makeLink } from "./link.ts"

const isTick = makeGuard()

/** The richest want that a feed offers for an instrument. */
const richest = (broker: Broker, { exchange }: WireInstrument): Want => {
  const mode = broker.modes.at(-1)!
  const depth = mode === "depth" ? (broker.exchanges[exchange]?.depthLevels.at(-1) ?? 0) : 0
  return { mode, depth }
}

/** Instruments that may share one connection. */
const compatible = async (broker: Broker, instruments: ReadonlyArray<WireInstrument>) => {
  const { exclusive } = await loadProtocol(broker.protocol)
  const seen = new Set<string>()
  return instruments.filter((i) => {
    const key = exclusive?.(i)
    if (key === undefined) return true
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** Frames that the broker's side really sends: an hour of market for half of the instruments. */
const record = async (broker: Broker): Promise<{ link: Link; subscribed: ReadonlyArray<WireInstrument> }> => {
  const link = await makeLink(broker)
  const all = await compatible(
    broker,
    link.listed.map((l) => l.instrument)
  )
  const subscribed = all.filter((_, i) => i % 3 === 0).slice(0, 30)
  link.request(subscribed.map((instrument) => ({ instrument, to: richest(broker, instrument) })))
  for (let i = 0; i < 20; i++) link.step(50)
  return { link, subscribed }
}

describe.each(everyFeed)("%s: any input", (_, broker) => {
  const check = (codec: Codec, subscribed: ReadonlyArray<WireInstrument>, frames: ReadonlyArray<Frame>) => {
    const sink: Sink = {
      tick: (instrument, tick) => {
        assert.isTrue(subscribed.includes(instrument), `a tick of ${nameOf(instrument)}, which nobody wants`)
        assert.strictEqual(tick.symbol, instrument.symbol)
        assert.strictEqual(tick.exchange, instrument.exchange)
        assert.isUndefined(misnamed(tick))
      },
      reject: () => {},
      event: () => {},
      send: () => {}
    }
    for (const frame of frames) codec.decode(frame, NOW, sink)
  }
  const open = async (subscribed: ReadonlyArray<WireInstrument>, link: Link): Promise<Codec> => {
    const codec = (await loadProtocol(broker.protocol)).open(codecOptions(broker), link.handshake)
    codec.request(subscribed.map((instrument): Change => ({ instrument, to: richest(broker, instrument) })))
    return codec
  }

  it("arbitrary bytes and texts", async () => {
    const { link, subscribed } = await record(broker)
    const frame = FastCheck.oneof(
      FastCheck.uint8Array({ maxLength: 400 }),
      FastCheck.string({ maxLength: 200 }),
      FastCheck.json()
    )
    const property = FastCheck.asyncProperty(FastCheck.array(frame, { maxLength: 5 }), async (frames) =>
      check(await open(subscribed, link), subscribed, frames)
    )
    await FastCheck.assert(property, { numRuns: 200, seed: 1 })
  })

  it("real frames, cut and altered anywhere", async () => {
    const { link, subscribed } = await record(broker)
    const real = link.inbound.filter((f) => f.length > 0)
    assert.isAbove(real.length, 3)
    const altered = FastCheck.tuple(
      FastCheck.nat(real.length - 1),
      FastCheck.nat(1 << 16),
      FastCheck.nat(255),
      FastCheck.constantFrom("cut", "change", "double", "join")
    ).map(([which, where, value, how]): ReadonlyArray<Frame> => {
      const frame = real[which]!
      const at = where % frame.length
      if (how === "double") return [frame, frame]
      if (typeof frame === "string") {
        if (how === "cut") return [frame.slice(0, at)]
        if (how === "join") return [frame + frame]
        return [frame.slice(0, at) + String.fromCharCode(value) + frame.slice(at + 1)]
      }
      if (how === "cut") return [frame.subarray(0, at)]
      if (how === "join") return [Buffer.concat([frame, frame])]
      const bytes = Buffer.from(frame)
      bytes[at] = value
      return [bytes]
    })
    const property = FastCheck.asyncProperty(FastCheck.array(altered, { maxLength: 6 }), async (frames) =>
      check(await open(subscribed, link), subscribed, [...frames.flat(), ...real.slice(0, 20)])
    )
    await FastCheck.assert(property, { numRuns: 150, seed: 1 })
  })

  it("every tick of a moving market passes the guard and is the market's", async () => {
    const { link } = await record(broker)
    assert.isAbove(link.ticks.length, 10)
    for (const { instrument, tick } of link.ticks) {
      assert.isTrue(isTick(tick), `${nameOf(instrument)}: ${JSON.stringify(tick)}`)
    }
    // The last word on each instrument, field by field.
    const last = new Map<string, (typeof link.ticks)[number]>()
    for (const one of link.ticks) last.set(nameOf(one.instrument), one)
    for (const { instrument, tick } of last.values()) {
      // A wire may tell prices and books apart.
      const found = disagreements(tick, link.state(nameOf(instrument)), 0).filter((f) => f !== "no ltp")
      assert.deepStrictEqual(found, [], nameOf(instrument))
    }
  })
})

describe.each(everyFeed)("%s: equal tokens in different segments", (_, broker) => {
  it("never exchange a field", async () => {
    const link = await makeLink(broker)
    const byToken = new Map<string, Array<WireInstrument>>()
    for (const { instrument } of link.listed) {
      const same = byToken.get(instrument.token)
      if (same === undefined) byToken.set(instrument.token, [instrument])
      else same.push(instrument)
    }
    const twins = await compatible(broker, [...byToken.values()].filter((same) => same.length > 1).flat())
    // A wire whose tokens carry their segment has none; any instruments will do then.
    const subjects = twins.length > 1 ? twins : link.listed.slice(0, 6).map((l) => l.instrument)
    link.request(subjects.map((instrument) => ({ instrument, to: richest(broker, instrument) })))
    for (let round = 0; round < 60; round++) link.step(40)
    for (const instrument of subjects) {
      const own = link.ticks.filter((t) => t.instrument === instrument)
      assert.isAbove(own.length, 0, `no tick of ${nameOf(instrument)}`)
      const ltp = own.findLast((t) => t.tick.ltp !== undefined)?.tick
      const book = own.findLast((t) => t.tick.depth !== undefined)?.tick
      const state = link.state(nameOf(instrument))
      for (const tick of [ltp, book]) {
        if (tick === undefined) continue
        const found = disagreements(tick, state, 0).filter((f) => f !== "no ltp")
        assert.deepStrictEqual(found, [], nameOf(instrument))
      }
    }
  })
})
