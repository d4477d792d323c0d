/**
 * Minus one in any price of any binary wire: a price of minus one step where the wire's prices are signed, none where they
 * are not, and nowhere 42 949 672.95 rupees, which is what it makes when it is read without its sign.
 */
import { inflateSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import type { Tick } from "../../../src/market/tick.ts"
import { PLAIN, ZLIB } from "../../../src/protocols/tradejini/layout.ts"
import { makeGuard } from "../../../src/session/ticks/guard.ts"
import { everyFeed } from "../../support/everyFeed.ts"
import { makeLink } from "./link.ts"

const isTick = makeGuard()
const WITHOUT_SIGN = 2 ** 32 - 1
const DIVISORS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]
/** Wires whose prices are whole numbers of a fixed size: there the test must have met some. */
const whole = new Set([
  "arrow",
  "fyers-hsm",
  "iifl-mqtt",
  "kite",
  "kotak-hsm",
  "kotak-sfeed",
  "pocketful",
  "smartstream",
  "tradejini"
])

/** Those whose prices have eight bytes. */
const long = new Set(["smartstream"])

const pricesOf = (tick: Tick): ReadonlyArray<number> =>
  [
    tick.ltp,
    tick.open,
    tick.high,
    tick.low,
    tick.close,
    tick.average_price,
    tick.upper_circuit,
    tick.lower_circuit,
    tick.week52_high,
    tick.week52_low,
    tick.indicative_price,
    tick.reference_price,
    ...[...(tick.depth?.buy ?? []), ...(tick.depth?.sell ?? [])].map(({ price }) => price)
  ].filter((price) => price !== undefined)

const isUnsigned = (price: number): boolean =>
  DIVISORS.some((divisor) => Math.abs(price * divisor - WITHOUT_SIGN) < 0.5)

/** Tradejini packs its frames: behind six bytes, the last of which says how. */
const unpacked = (frame: Uint8Array): Uint8Array => {
  if (frame[5] !== ZLIB || frame[6] !== 0x78) return frame
  const plain = Buffer.concat([frame.subarray(0, 6), inflateSync(frame.subarray(6))])
  plain[5] = PLAIN
  plain.writeInt32LE(plain.length, 0)
  return plain
}

describe.each(everyFeed)("%s", (_, broker) => {
  it("takes minus one for what it is", async () => {
    const link = await makeLink(broker)
    const byExchange = Map.groupBy(link.listed, ({ instrument }) => instrument.exchange)
    const some = [...byExchange.values()].map(([first]) => first!.instrument)
    link.request(
      some.map((instrument) => {
        const mode = broker.modes.at(-1)!
        const levels = mode === "depth" ? broker.exchanges[instrument.exchange]?.depthLevels.at(-1) : 0
        return { instrument, to: { mode, depth: levels ?? 0 } }
      })
    )
    link.step(500)
    const frames = link.inbound.filter((frame) => typeof frame !== "string").map(unpacked)
    const width = long.has(broker.protocol) ? 8 : 4
    let met = 0
    for (const frame of frames.slice(0, 12)) {
      for (let at = 0; at + width <= Math.min(frame.length, 600); at++) {
        const changed = Uint8Array.from(frame)
        changed.fill(0xff, at, at + width)
        const before = link.ticks.length
        link.deliver(changed)
        for (const { tick } of link.ticks.slice(before)) {
          if (!isTick(tick)) {
            if (pricesOf(tick).some(Number.isNaN)) met++
            continue
          }
          for (const price of pricesOf(tick)) {
            // Four bytes of eight are a number of their own.
            if (width === 4)
              assert.isFalse(isUnsigned(price), `${tick.symbol}: ${price}, of byte ${at} of ${frame.length}`)
            if (DIVISORS.some((divisor) => price === -1 / divisor)) met++
          }
        }
      }
    }
    if (whole.has(broker.protocol)) assert.isAbove(met, 0)
  })
})
