/**
 * What the session needs of every broker's every feed to see a mode that goes on after it was changed: the kinds of packets
 * of each mode, as the protocol tells them.
 */
import { isDeepStrictEqual } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import type { Mode } from "../../../src/market/mode.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import type { Change, Want } from "../../../src/protocols/protocol.ts"
import { strayKindsOf } from "../../../src/session/subscriptions/packetKinds.ts"
import { everyFeed } from "../../support/everyFeed.ts"
import type { Link } from "./link.ts"
import { makeLink } from "./link.ts"

const all = ["depth>ltp", "depth>quote", "ltp>depth", "ltp>quote", "quote>depth", "quote>ltp"]
/** One subscription serves both modes, and depth has it too. */
const quoteForAll = ["ltp>depth", "ltp>quote", "quote>depth", "quote>ltp"]

/** Changes that show in no packet: one request serves both modes, or those of the former one come in the new one too. */
const alike: Readonly<Record<string, ReadonlyArray<string>>> = {
  deltaexchange: quoteForAll,
  firstock: all,
  fivepaisa: quoteForAll,
  "fyers-hsm": quoteForAll,
  groww: ["quote>depth"],
  hdfc: ["depth>quote", "quote>depth"],
  "iifl-mqtt": all,
  "kotak-hsm": quoteForAll,
  motilal: all,
  noren: ["ltp>quote", "quote>ltp"],
  nubra: quoteForAll,
  pocketful: ["quote>depth"],
  samco: quoteForAll,
  smartstream: ["quote>depth"],
  tradejini: quoteForAll,
  upstox: ["depth>quote", "quote>depth"],
  "xts with touchlines": ["ltp>quote", "quote>ltp"]
}
const touchlines = { ltp: [3], quote: [3], depth: [7] }

const wantOf = (broker: Broker, { exchange }: WireInstrument, mode: Mode): Want => ({
  mode,
  depth: mode === "depth" ? (broker.exchanges[exchange]?.depthLevels.at(-1) ?? 0) : 0
})

/** The kinds of packets that come in a while, as bits. */
const kindsIn = (link: Link, instrument: WireInstrument): number => {
  // What the request itself brought.
  for (let round = 0; round < 10; round++) link.step(60)
  const from = link.ticks.length
  for (let round = 0; round < 40; round++) link.step(60)
  let kinds = 0
  for (const tick of link.ticks.slice(from)) if (tick.instrument === instrument) kinds |= 1 << tick.refreshes
  return kinds
}

describe.each(everyFeed.filter(([, { modes }]) => modes.length > 1))("%s: a change of mode", (_, broker) => {
  it("shows in the kinds of packets whether or not the broker heard it, where the wire can tell", async () => {
    const protocol = await loadProtocol(broker.protocol)
    assert.isDefined(protocol.kinds)
    const strayKinds = strayKindsOf(broker, protocol)
    const changes = broker.modes.flatMap((from) =>
      broker.modes.flatMap((to) => (from === to ? [] : [[from, to] as const]))
    )
    const untold: Array<string> = []
    for (const [from, to] of changes) {
      const change = async (send: (link: Link, change: Change) => void) => {
        const link = await makeLink(broker)
        const { instrument } = link.listed.find((l) => !l.instrument.exchange.endsWith("_INDEX"))!
        const was = wantOf(broker, instrument, from)
        const is = wantOf(broker, instrument, to)
        link.request([{ instrument, to: was }])
        send(link, { instrument, from: was, to: is })
        return { kinds: kindsIn(link, instrument), strays: strayKinds(was, is, { bookless: false }) }
      }
      let asks = 0
      const heard = await change((link, one) => link.request([one]))
      const unheard = await change((link, one) => (asks = link.codec.request([one]).length))
      const what = `${from}>${to}`
      assert.isAbove(heard.kinds, 0, what)
      assert.strictEqual(
        heard.kinds & heard.strays,
        0,
        `${what}: packets of the new mode are taken for the old one's`
      )
      const shows = (unheard.kinds & unheard.strays) !== 0
      if (asks === 0) assert.isFalse(shows, `${what}: nothing asks for it`)
      if (!shows) untold.push(what)
    }
    const isByTouchlines =
      broker.protocol === "xts" && isDeepStrictEqual(protocol.kinds!(codecOptions(broker)), touchlines)
    const wire = isByTouchlines ? "xts with touchlines" : broker.protocol
    assert.deepStrictEqual(untold.sort(), alike[wire] ?? [])
  })
})
