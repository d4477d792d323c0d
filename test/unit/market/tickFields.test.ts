/** A field is one line of the table: made-up lines reach everything that derives from it. */
import { assert, describe, it } from "@effect/vitest"
import { decode } from "@msgpack/msgpack"
import * as Schema from "effect/Schema"
import { vi } from "vitest"
import { difference } from "../../../src/brokers/tickDifference.ts"
import { makeFrameToMsgpack } from "../../../src/frame/frameToMsgpack.ts"
import { makeFrameWriter } from "../../../src/frame/frameToJson.ts"
import { jsonSchemaBundle } from "../../../src/gateway/messages/jsonSchema.ts"
import { outboundFault } from "../../../src/gateway/messages/outbound.ts"
import { Tick, auctionFields } from "../../../src/market/tick.ts"
import { makeTickCheck } from "../../../src/market/tickCheck.ts"
import type { Field, TickFields } from "../../../src/market/tickFields.ts"
import { fieldsOf, isIn, tickFields } from "../../../src/market/tickFields.ts"
import { badField, withoutBadFields } from "../../../src/market/tickRules.ts"

vi.mock("../../../src/market/tickFields.ts", async (original) => {
  const real = await original<{ readonly tickFields: TickFields }>()
  const { auction, day } = real.tickFields
  const madeUp = {
    delivered: { kind: "quantity", description: "Made up" },
    vwap_band: { kind: "price", modes: ["ltp", "quote", "depth"] }
  } satisfies Record<string, Field>
  const inAuction = { queue_length: { kind: "signedQuantity" } } satisfies Record<string, Field>
  return {
    ...real,
    tickFields: { ...real.tickFields, day: { ...day, ...madeUp }, auction: { ...auction, ...inAuction } }
  }
})

const tick = {
  symbol: "INFY",
  exchange: "NSE",
  mode: "depth",
  received_time: 1_764_040_501_250,
  ltp: 1502.4,
  delivered: 700,
  vwap_band: 12.5,
  queue_length: -3,
  depth: { buy: [{ price: 1502, quantity: 10, orders: 2 }], sell: [] }
} as const

const written = (mode: "ltp" | "quote" | "depth") => {
  const view = {
    topic: "t",
    user: "asha",
    broker: "made-up",
    symbol: "INFY",
    exchange: "NSE",
    mode,
    levels: mode === "depth" ? 5 : 0
  }
  return Buffer.from(makeFrameWriter(view)(tick as unknown as Tick).payload)
}

describe("a made-up field", () => {
  it("is checked by the Schema, the walk over the rules and the compiled check", () => {
    const compiled = makeTickCheck()
    const answers = (t: object) => [
      Schema.is(Tick)(t),
      badField(t as never) === undefined,
      compiled(t as never)
    ]
    assert.deepStrictEqual(answers(tick), [true, true, true])
    assert.deepStrictEqual(answers({ ...tick, delivered: -1 }), [false, false, false])
    assert.deepStrictEqual(answers({ ...tick, delivered: undefined }), [false, false, false])
    assert.deepStrictEqual(answers({ ...tick, vwap_band: "1" }), [false, false, false])
    assert.deepStrictEqual(answers({ ...tick, queue_length: 0.5 }), [false, false, false])
  })

  it("is left out when it is a count, and takes the tick with it when it is a price", () => {
    assert.deepStrictEqual(withoutBadFields({ ...tick, delivered: 0.5 })?.leftOut, ["delivered"])
    assert.isUndefined(withoutBadFields({ ...tick, vwap_band: Number.NaN }))
  })

  it("stands in the frames of its modes, at the end of its section", () => {
    const head = `"data":{"symbol":"INFY","exchange":"NSE","ltp":1502.4`
    const best = `"bid_price":1502,"bid_size":10`
    const added = `"delivered":700,"vwap_band":12.5,"queue_length":-3`
    assert.include(written("ltp").toString(), `${head},"vwap_band":12.5,"timestamp":1764040501250}`)
    assert.include(written("quote").toString(), `${head},${best},${added},"timestamp"`)
    assert.include(written("depth").toString(), `${head},${best},${added},"depth":{"buy":[{"price":1502,`)
  })

  it("is transcoded to MessagePack", () => {
    const names = { symbol: "INFY", exchange: "NSE" }
    for (const [mode, number] of [
      ["ltp", 1],
      ["quote", 2],
      ["depth", 3]
    ] as const) {
      const json = written(mode)
      const transcode = makeFrameToMsgpack({ ...names, tag: number }, { ...names, tag: number })
      const packed = transcode(json)
      assert.isDefined(packed, mode)
      assert.deepStrictEqual(decode(packed!), JSON.parse(json.toString()))
    }
  })

  it("is published, with its kind and its description", () => {
    for (const mode of ["ltp", "quote", "depth"] as const) {
      assert.isUndefined(outboundFault(JSON.parse(written(mode).toString())), mode)
    }
    const bad = JSON.parse(written("quote").toString())
    bad.data.delivered = "700"
    assert.isDefined(outboundFault(bad))
    const { $defs } = JSON.parse(JSON.stringify(jsonSchemaBundle("0")))
    assert.include(JSON.stringify($defs.QuoteData.properties.delivered), "Made up")
    assert.hasAllKeys($defs.QuoteData.properties, Object.keys($defs.DepthData.properties).filter(notDepth))
    assert.notProperty($defs.LtpData.properties, "delivered")
    assert.property($defs.LtpData.properties, "vwap_band")
  })

  it("is known to the join of packets and to the comparison of vectors", () => {
    assert.include([...auctionFields] as Array<string>, "queue_length")
    assert.isUndefined(difference([tick as unknown as Tick], [{ vwap_band: 12.5 * (1 + 1e-12) }]))
    assert.isDefined(difference([tick as unknown as Tick], [{ delivered: 700.0001 }]))
  })
})

const notDepth = (name: string) => name !== "depth"

describe("the table", () => {
  const sections = Object.values(tickFields)
  const lines = sections.flatMap(fieldsOf)
  const { head, ...others } = tickFields

  it("names no field twice", () => {
    assert.strictEqual(new Set(lines.map(([name]) => name)).size, lines.length)
  })

  it("gives other names to fields that are there", () => {
    const names = new Set(lines.map(([name]) => name))
    for (const [name, { from }] of lines) if (from !== undefined) assert.isTrue(names.has(from), name)
  })

  it("has numbers where the frame writer writes numbers", () => {
    const { day, auction, times } = others
    for (const section of [day, auction, times])
      for (const [name, { kind }] of fieldsOf(section))
        assert.notInclude(["text", "mode", "doubt", "book"], kind, name)
  })

  it("carries nothing of an auction in LTP frames, which most instruments send most of the time", () => {
    for (const [name, { modes }] of fieldsOf(tickFields.auction)) assert.notInclude(modes ?? [], "ltp", name)
  })

  it("carries in depth frames what it carries in quote frames, and the book", () => {
    const { auction, day, marks, times } = others
    for (const section of [marks, day, auction, times])
      for (const [name, field] of fieldsOf(section))
        assert.strictEqual(isIn(field, "depth"), isIn(field, "quote"), name)
  })

  it("says of every line in the head that every tick has it", () => {
    for (const [name, field] of fieldsOf(head)) {
      assert.isUndefined(field.from, name)
      assert.strictEqual(badField({ ...tick, [name]: undefined }), name)
    }
  })
})
