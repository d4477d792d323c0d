/**
 * What the session's watchdog needs of every broker's every feed: a subscription that is asked for once more is asked for
 * on the wire, serves on, and leaves the others alone. And which protocols acknowledge: docs/architecture.md has the table.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Broker } from "../../../src/brokers/broker.ts"
import { exchanges } from "../../../src/market/exchange.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import type { Change, Want } from "../../../src/protocols/protocol.ts"
import { everyFeed } from "../../support/everyFeed.ts"
import { disagreements } from "../../support/marketState.ts"
import type { Link } from "./link.ts"
import { makeLink } from "./link.ts"

/** Protocols whose brokers tell that a subscription has been taken, by words or by first values that are marked so. */
const acknowledging: ReadonlySet<string> = new Set([
  "deltaexchange",
  "fyers-hsm",
  "iifl-mqtt",
  "kotak-hsm",
  "kotak-sfeed",
  "noren",
  "xts"
])

/** Protocols whose tokens are texts of the broker's own, with the segment in them: any of them can be asked for. */
const takesAnything: ReadonlySet<string> = new Set(["samco", "upstox"])

const richest = (broker: Broker, { exchange }: WireInstrument): Want => {
  const mode = broker.modes.at(-1)!
  return { mode, depth: mode === "depth" ? (broker.exchanges[exchange]?.depthLevels.at(-1) ?? 0) : 0 }
}

/** Three instruments that can be traded and may share a connection. */
const threeOf = async (broker: Broker, link: Link): Promise<ReadonlyArray<WireInstrument>> => {
  const { exclusive } = await loadProtocol(broker.protocol)
  const seen = new Set<string>()
  const all = link.listed.flatMap(({ instrument }) => {
    const key = exclusive?.(instrument) ?? nameOf(instrument)
    if (instrument.exchange.endsWith("_INDEX") || seen.has(key)) return []
    seen.add(key)
    return [instrument]
  })
  // From several segments, where there are several.
  const three = [all[0]!, all[Math.floor(all.length / 2)]!, all.at(-1)!]
  assert.strictEqual(new Set(three).size, 3)
  return three
}

const since = (link: Link, from: number, instrument: WireInstrument) =>
  link.ticks.slice(from).filter((t) => t.instrument === instrument)

/** Lets the market move until each of these has ticked anew, and its last words are the market's. */
const flowing = (link: Link, instruments: ReadonlyArray<WireInstrument>): void => {
  const from = link.ticks.length
  for (let round = 0; round < 200; round++) {
    link.step(40)
    if (instruments.every((i) => since(link, from, i).length > 0)) break
  }
  // Some wires tell of what has changed alone: the newest book may be older than the newest price.
  for (let round = 0; round < 5; round++) link.step(60)
  for (const instrument of instruments) {
    const own = since(link, from, instrument)
    assert.isAbove(own.length, 0, `no tick of ${nameOf(instrument)}`)
    const found = disagreements(own.at(-1)!.tick, link.state(nameOf(instrument)), 0)
    assert.deepStrictEqual(
      found.filter((f) => f !== "no ltp"),
      [],
      nameOf(instrument)
    )
  }
}

const subscribed = async (broker: Broker) => {
  const link = await makeLink(broker)
  const instruments = await threeOf(broker, link)
  const changes = instruments.map((instrument) => ({ instrument, to: richest(broker, instrument) }))
  link.request(changes)
  flowing(link, instruments)
  const holds = () => instruments.map((i) => link.server.holds(i))
  return { link, instruments, changes, holds }
}

describe.each(everyFeed)("%s: a subscription that is asked for once more", (_, broker) => {
  it("is asked for on the wire, serves on under whichever object asked, and leaves the others alone", async () => {
    const { changes, holds, instruments, link } = await subscribed(broker)
    const [first, second, third] = instruments as [WireInstrument, WireInstrument, WireInstrument]
    const held = holds()
    const rejects = link.rejects.length

    let sent = link.outbound.length
    link.request([changes[1]!])
    assert.isAbove(link.outbound.length, sent, "nothing was sent")
    assert.deepStrictEqual(holds(), held)
    flowing(link, instruments)

    sent = link.outbound.length
    const again = { ...second }
    link.request([{ instrument: again, to: changes[1]!.to }])
    assert.isAbove(link.outbound.length, sent, "nothing was sent")
    const before = link.ticks.length
    flowing(link, [first, again, third])
    assert.deepStrictEqual(since(link, before, second), [], "ticks of the object that was replaced")

    // What is subscribed as it was, by somebody who knows, is no reason to ask.
    sent = link.outbound.length
    link.request([{ instrument: again, from: changes[1]!.to, to: changes[1]!.to }])
    assert.strictEqual(link.outbound.length, sent)

    link.request([{ instrument: again, from: changes[1]!.to }])
    assert.deepStrictEqual(holds(), [held[0], [], held[2]])
    const after = link.ticks.length
    flowing(link, [first, third])
    assert.deepStrictEqual(since(link, after, again), [])
    assert.deepStrictEqual(link.rejects.slice(rejects), [])
  })

  it("is asked for where it is given up first, in one request or in two", async () => {
    const { changes, holds, instruments, link } = await subscribed(broker)
    const held = holds()
    const { instrument, to } = changes[0]!
    for (const requests of [
      [[{ instrument, from: to }], [{ instrument, to }]],
      [
        [
          { instrument, from: to },
          { instrument, to }
        ]
      ]
    ] satisfies ReadonlyArray<ReadonlyArray<ReadonlyArray<Change>>>) {
      const sent = link.outbound.length
      for (const request of requests) link.request(request)
      assert.isAbove(link.outbound.length, sent, "nothing was sent")
      assert.deepStrictEqual(holds(), held)
      flowing(link, instruments)
    }
  })

  it("changes its mode where the change has not been told before", async () => {
    const { changes, holds, link } = await subscribed(broker)
    const poorer: Want = { mode: broker.modes[0]!, depth: 0 }
    const reference = await makeLink(broker)
    reference.request(changes.map(({ instrument }) => ({ instrument, to: poorer })))
    link.request(changes.map(({ instrument }) => ({ instrument, to: poorer })))
    assert.deepStrictEqual(
      holds(),
      changes.map(({ instrument }) =>
        reference.server.holds(
          reference.listed.find((l) => nameOf(l.instrument) === nameOf(instrument))!.instrument
        )
      )
    )
  })
})

/** Gives one of them up with a request that the broker never sees, and lets the market move until it has ticked on. */
const unheard = (
  link: Link,
  { instrument, to }: Change,
  others: ReadonlyArray<WireInstrument>
): ReadonlyArray<Change> => {
  const gone = [{ instrument, ...(to === undefined ? {} : { from: to }) }]
  assert.isAbove(link.codec.request(gone).length, 0, "nothing asks for it")
  const before = link.ticks.length
  for (let round = 0; round < 200 && link.unwanted.length === 0; round++) link.step(40)
  assert.deepStrictEqual([...new Set(link.unwanted)], [instrument])
  flowing(link, others)
  assert.deepStrictEqual(since(link, before, instrument), [])
  return gone
}

describe.each(everyFeed)("%s: an unsubscription that the broker did not hear", (_, broker) => {
  it("is known by the instrument that goes on, and is asked for once more", async () => {
    const { changes, holds, instruments, link } = await subscribed(broker)
    const [first, second, third] = instruments as [WireInstrument, WireInstrument, WireInstrument]
    const held = holds()
    const gone = unheard(link, changes[1]!, [first, third])
    assert.deepStrictEqual(holds(), held)

    link.request(gone)
    assert.deepStrictEqual(holds(), [held[0], [], held[2]])
    link.unwanted.length = 0
    flowing(link, [first, third])
    assert.deepStrictEqual(link.unwanted, [])

    // And it can be had again.
    link.request([changes[1]!])
    assert.deepStrictEqual(holds(), held)
    flowing(link, [first, second, third])
    assert.deepStrictEqual(link.unwanted, [])
  })

  it("can be wanted again while the broker goes on", async () => {
    const { changes, holds, instruments, link } = await subscribed(broker)
    const held = holds()
    const gone = unheard(link, changes[1]!, [instruments[0]!, instruments[2]!])
    link.request([...gone, changes[1]!])
    assert.deepStrictEqual(holds(), held)
    link.unwanted.length = 0
    flowing(link, instruments)
    assert.deepStrictEqual(link.unwanted, [])
  })

  it("holds for an index", async () => {
    const link = await makeLink(broker)
    const index = link.listed.find((l) => l.instrument.exchange.endsWith("_INDEX"))?.instrument
    // All of them come unasked there, so that none is blamed.
    if (index === undefined || broker.protocol === "motilal") return
    const to = { mode: broker.modes[0]!, depth: 0 }
    link.request([{ instrument: index, to }])
    const gone = unheard(link, { instrument: index, to }, [])
    link.request(gone)
    assert.deepStrictEqual(link.server.holds(index), [])
  })

  it("is asked for once more of nothing that this connection never had", async () => {
    const { changes, link } = await subscribed(broker)
    const fresh = await makeLink(broker)
    const sent = fresh.outbound.length
    fresh.request(changes.map(({ instrument, to }) => ({ instrument, from: to })))
    assert.strictEqual(fresh.outbound.length, sent)
    assert.deepStrictEqual(link.unwanted, [])
  })
})

describe.each(everyFeed)("%s: what the broker says about subscriptions", (_, broker) => {
  it("confirms the very objects that were passed, or nothing", async () => {
    const { instruments, link } = await subscribed(broker)
    const confirmed = new Set(link.events.flatMap((e) => (e.type === "confirmed" ? e.instruments : [])))
    assert.deepStrictEqual(
      instruments.filter((i) => confirmed.has(i)),
      acknowledging.has(broker.protocol) ? instruments : []
    )
    assert.strictEqual(confirmed.size, acknowledging.has(broker.protocol) ? 3 : 0)
  })

  it("names the instrument that cannot be asked for at all", async () => {
    const link = await makeLink(broker)
    const impossible: WireInstrument = {
      symbol: "NOWHERE",
      exchange: exchanges.find((exchange) => broker.exchanges[exchange] === undefined) ?? "NSE",
      token: "?",
      brokerExchange: "NOWHERE",
      brokerSymbol: ""
    }
    const want = { mode: broker.modes[0]!, depth: 0 }
    if (takesAnything.has(broker.protocol)) return
    const sent = link.outbound.length
    link.request([{ instrument: impossible, to: want }])
    assert.strictEqual(link.outbound.length, sent)
    link.deliver("x")
    const refused = link.events.filter((e) => e.type === "refused")
    assert.deepStrictEqual(
      refused.map((e) => e.instruments?.[0] === impossible),
      [true]
    )
    assert.include(refused[0]!.detail, "NOWHERE")
  })
})
