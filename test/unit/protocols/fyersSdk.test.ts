import { assert, describe, it } from "@effect/vitest"
import type { Tick } from "../../../src/market/tick.ts"
import { NAMES, writeMapping } from "../../../src/protocols/fyers-hsm/fields.ts"
import { accepted, broker, hex, open } from "./fyersFrames.ts"
import type { Told } from "./hslib.ts"
import { makeSdk } from "./hslib.ts"
import { makeLink } from "./link.ts"
import { DEPTH, decode, vectorsOf, wireInstruments } from "./support.ts"

describe("the SDK's parser", () => {
  /** What both know of a topic, by the SDK's names. */
  const renamed = (tick: Tick): Readonly<Record<string, number | undefined>> => {
    const { buy = [], sell = [] } = tick.depth ?? {}
    const levels = [0, 1, 2, 3, 4].flatMap((i) => [
      [i === 0 ? "bp" : `bp${i}`, buy[i]?.price],
      [i === 0 ? "sp" : `sp${i}`, sell[i]?.price],
      [i === 0 ? "bq" : `bq${i}`, buy[i]?.quantity],
      [i === 0 ? "bs" : `bs${i}`, sell[i]?.quantity],
      [`bno${i + 1}`, buy[i]?.orders],
      [`sno${i + 1}`, sell[i]?.orders]
    ]) as ReadonlyArray<[string, number | undefined]>
    if (tick.depth !== undefined) return Object.fromEntries(levels)
    const time = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000)
    return {
      ltp: tick.ltp,
      iv: tick.ltp,
      ltq: tick.ltq,
      ltt: time(tick.ltt),
      fdtm: time(tick.exchange_time),
      tvalue: time(tick.exchange_time),
      op: tick.open,
      openingPrice: tick.open,
      h: tick.high,
      highPrice: tick.high,
      lo: tick.low,
      lowPrice: tick.low,
      c: tick.close,
      ic: tick.close,
      v: tick.volume,
      ap: tick.average_price,
      tbq: tick.total_buy_quantity,
      tsq: tick.total_sell_quantity,
      oi: tick.oi,
      ucl: tick.upper_circuit,
      lcl: tick.lower_circuit,
      yh: tick.week52_high,
      yl: tick.week52_low
    }
  }
  /** What it computes by itself, texts, and the best bid and ask, for which a quote has no place. */
  const others = new Set(["cng", "nc", "to", "ts", "name", "tk", "e"])
  const best = new Set(["bp", "sp", "bq", "bs"])
  /** `28/03/2024 16:56:56`, on the machine's own clock. */
  const seconds = (text: string): number => {
    const [day, month, year, h, m, s] = text.split(/[/ :]/).map(Number)
    return new Date(year!, month! - 1, day, h, m, s).getTime() / 1000
  }
  const compare = (tick: Tick, told: Told): number => {
    const own = renamed(tick)
    let compared = 0
    for (const [key, value] of Object.entries(told)) {
      if (others.has(key) || (tick.depth === undefined && best.has(key))) continue
      const theirs = value.includes("/") ? seconds(value) : Number(value)
      if (theirs === 0 && own[key] === undefined) continue
      // It rounds prices to two decimals.
      assert.approximately(own[key]!, theirs, 0.00501, `${tick.symbol} ${told["name"]} ${key}`)
      compared++
    }
    return compared
  }

  it("finds the same in what the simulated server sends", async () => {
    const link = await makeLink(broker)
    const names = link.listed.map((l) => `${l.instrument.exchange}:${l.instrument.symbol}`)
    for (const name of names) link.subscribe(name, DEPTH)
    for (let i = 0; i < 40; i++) link.step(40)
    const sdk = makeSdk()
    const told = link.inbound.flatMap((frame) => sdk.receive(frame as Uint8Array)).filter((t) => "name" in t)
    assert.strictEqual(told.length, link.ticks.length)
    let compared = 0
    for (const [i, { tick }] of link.ticks.entries()) compared += compare(tick, told[i]!)
    assert.isAbove(compared, 10_000)
    assert.deepStrictEqual(
      hex(link.outbound.filter((f) => (f as Uint8Array)[2] === 3)),
      hex(sdk.sent),
      "the same acknowledgements"
    )
    assert.isAbove(sdk.sent.length, 1)
  })

  it("finds the same in the golden frames that it reads right", () => {
    const vectors = vectorsOf("fyers")
    let compared = 0
    for (const { expect, frames, name } of vectors.cases) {
      // It loses its place after an update of an unknown topic, and reads cut messages as zeros.
      if (typeof expect === "string" || /unknown topic|truncated/.test(name)) continue
      const sdk = makeSdk()
      sdk.receive(accepted(1000, writeMapping(NAMES)))
      const codec = open()
      codec.request(wireInstruments(vectors).map((instrument) => ({ instrument, to: DEPTH })))
      for (const { hex: frame = "" } of frames) {
        const bytesOfFrame = Buffer.from(frame, "hex")
        const found = decode(codec, bytesOfFrame)
        const told = sdk.receive(bytesOfFrame)
        assert.strictEqual(found.ticks.length, told.length, name)
        for (const [i, tick] of found.ticks.entries()) compared += compare(tick, told[i]!)
      }
    }
    assert.isAbove(compared, 500)
  })
})
