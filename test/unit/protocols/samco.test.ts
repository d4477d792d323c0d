/** What Samco's documentation asks for beyond the golden frames: requests on the wire, and the merge of two streams. */
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/samco.ts"
import { protocol } from "../../../src/protocols/samco/index.ts"
import { SamcoServerCodec } from "../../../src/protocols/samco/server.ts"
import { numberIn, quantityIn, tradeTime, wordClock } from "../../../src/protocols/samco/layout.ts"
import type { Want } from "../../../src/protocols/protocol.ts"
import { loginOf } from "../../../src/simulator/index.ts"
import { mend } from "../../../src/session/ticks/guard.ts"
import { LoginFailed, makeLink } from "./link.ts"

const LTP: Want = { mode: "ltp", depth: 0 }
const DEPTH: Want = { mode: "depth", depth: 5 }
const RELIANCE = "NSE:RELIANCE"
const SBIN = "NSE:SBIN"
const NIFTY = "NSE_INDEX:NIFTY"

const requests = (sent: ReadonlyArray<unknown>) =>
  sent.map((text) => {
    assert.match(String(text), /\}\n$/, "every request ends with a newline")
    const { data, request_type, response_format, streaming_type } = JSON.parse(String(text)).request
    assert.strictEqual(response_format, "json")
    return `${request_type} ${streaming_type} ${data.symbols.map((s: { symbol: string }) => s.symbol).join()}`
  })

describe("requests", () => {
  it("count a book as a stream of its own, where there is one", async () => {
    const link = await makeLink(broker)
    const costs = [SBIN, NIFTY].map((name) => protocol.cost(DEPTH, link.instrument(name)))
    assert.deepStrictEqual([...costs, protocol.cost(LTP, link.instrument(SBIN))], [2, 1, 1])
  })

  it("restate the whole list of a stream, and open the book's stream only for depth", async () => {
    const link = await makeLink(broker)
    link.subscribe(RELIANCE, LTP)
    link.subscribe(SBIN, DEPTH)
    link.subscribe(NIFTY, DEPTH)
    const [r, s, n] = [RELIANCE, SBIN, NIFTY].map((name) => link.instrument(name).token)
    assert.deepStrictEqual(requests(link.outbound), [
      `subscribe quote ${r}`,
      `subscribe quote ${r},${s}`,
      `subscribe quote2 ${s}`,
      `subscribe quote ${r},${s},${n}`
    ])
  })

  it("drop the book alone on a downgrade, both on an unsubscribe", async () => {
    const link = await makeLink(broker)
    const instrument = link.instrument(SBIN)
    link.request([{ instrument, to: DEPTH }])
    link.outbound.length = 0
    link.request([{ instrument, from: DEPTH, to: LTP }])
    link.request([{ instrument, from: LTP }])
    assert.deepStrictEqual(requests(link.outbound), [
      `unsubscribe quote2 ${instrument.token}`,
      `unsubscribe quote ${instrument.token}`
    ])
    assert.deepStrictEqual(link.server.holds(instrument), [])
    assert.deepStrictEqual(protocol.open().request([{ instrument }]), [], "nothing held, nothing asked")
  })

  it("wait for their newline, as the real server does", () => {
    const server = new SamcoServerCodec()
    const instrument = {
      symbol: "SBIN",
      exchange: "NSE",
      token: "3045_NSE",
      brokerExchange: "NSE",
      brokerSymbol: "SBIN-EQ"
    } as const
    const [request] = protocol.open().request([{ instrument, to: LTP }])
    const text = String(request).trimEnd()
    assert.deepStrictEqual(server.receive(text, () => instrument).touched, [])
    assert.deepStrictEqual(server.receive("\n", () => instrument).touched, [instrument])
  })
})

describe("login", () => {
  it("sends the session token decoded, and knows a refusal", async () => {
    const credentials = loginOf({
      apiKey: "",
      apiSecret: "",
      authToken: "a%2Bb%3D",
      feedToken: "",
      clientCode: ""
    })
    const { headers } = protocol.handshake({ endpoint: "wss://s", credentials })
    assert.strictEqual(headers["x-session-token"], "a+b=")
    const [source] = broker.instrumentMaster.sources.slice(1)
    assert.strictEqual(source!.headers!(credentials)["x-session-token"], "a+b=", "the index API's too")
    assert.strictEqual(protocol.refusal({ status: 403, headers: {} })._tag, "AuthRejected")
    assert.strictEqual(protocol.refusal({ status: 429, headers: {} })._tag, "RateLimited")
    assert.strictEqual(protocol.refusal({ status: 502, headers: {} })._tag, "ConnectionRefused")
    const failed = await makeLink(broker, { accepted: credentials }).catch((error: unknown) => error)
    assert.instanceOf(failed, LoginFailed)
  })
})

describe("times", () => {
  it("are read in UTC where the frame has them so, else in IST", () => {
    const noon = Date.UTC(2024, 2, 28, 12, 5, 9)
    assert.strictEqual(wordClock(noon), "28 Mar 2024, 12:05:09 PM")
    assert.strictEqual(tradeTime(wordClock(noon), "28 Mar 2024, 01:00:00 PM"), noon)
    assert.strictEqual(tradeTime("", "28 Mar 2024, 05:35:09 PM"), noon)
    assert.strictEqual(tradeTime(undefined, "28/03/2024 17:35:09"), noon)
    assert.strictEqual(tradeTime("28 Mar 2024, 12:00:00 AM"), Date.UTC(2024, 2, 28))
    assert.isUndefined(tradeTime("", "-", "yesterday"))
    assert.isUndefined(tradeTime("01 Jan 1970, 12:00:00 AM", "01 Jan 1980, 05:30:00 AM"), "the clocks' zeros")
    assert.isUndefined(tradeTime("31 Feb 2024, 01:00:00 PM", "28/13/2024 17:35:09", "28/03/2024 25:00:00"))
  })
})

it("numbers are decimal texts, quantities whole ones; all else is absent", () => {
  assert.deepStrictEqual(["2941.40", "-37.63", " 5 ", ".5"].map(numberIn), [2941.4, -37.63, 5, 0.5])
  for (const text of ["", " ", "-", "NaN", "Infinity", "0x10", "1,000", "1e999", null, true]) {
    assert.isUndefined(numberIn(text), String(text))
  }
  assert.deepStrictEqual(["7000", "7000.00", "0", "-5", "7.5", "9007199254740993", ""].map(quantityIn), [
    7000,
    7000,
    0,
    undefined,
    undefined,
    undefined,
    undefined
  ])
})

it("a book may lack one side, never both", async () => {
  const link = await makeLink(broker)
  const instrument = link.instrument(RELIANCE)
  link.codec.request([{ instrument, to: DEPTH }])
  const bidValues = [{ no: "2", price: "10.00", qty: "5" }]
  const deliver = (sides: object) =>
    link.deliver(JSON.stringify({ symbol: instrument.token, ...sides, streaming_type: "quote2" }))
  deliver({ bidValues, askValues: "" })
  deliver({ tbq: "5" })
  assert.deepStrictEqual(
    link.ticks.map(({ tick }) => tick.depth),
    [{ buy: [{ price: 10, quantity: 5, orders: 2 }], sell: [] }]
  )
  assert.match(link.rejects.at(-1)!, /says nothing/)
})

it("a symbol that is given up is forgotten, with what was known of it", async () => {
  const link = await makeLink(broker)
  const instrument = link.instrument(RELIANCE)
  link.request([{ instrument, to: DEPTH }])
  link.request([{ instrument, from: DEPTH }])
  link.ticks.length = 0
  const frame = `{"sym":"${instrument.token}","ltp":"10.00","streaming_type":"quote"}`
  link.deliver(frame)
  assert.deepStrictEqual(link.ticks, [])
  assert.match(link.rejects.at(-1)!, /^not_subscribed/)
  link.request([{ instrument, to: LTP }])
  link.ticks.length = 0
  link.deliver(frame)
  assert.strictEqual(link.ticks[0]!.tick.ltp, 10)
})

it("a number that is no count is left out, and the known one stays; a text without a number is a blank", async () => {
  const link = await makeLink(broker)
  const instrument = link.instrument(RELIANCE)
  link.codec.request([{ instrument, to: DEPTH }])
  const quote = (fields: object) =>
    link.deliver(JSON.stringify({ sym: instrument.token, ...fields, streaming_type: "quote" }))
  quote({ ltp: "10.00", vol: "700", oI: "-" })
  quote({ ltp: "10.05", vol: "-5", tBQ: "1.5", tSQ: "NaN" })
  const bidValues = [{ no: "2", price: "10.00", qty: "-5" }]
  link.deliver(JSON.stringify({ symbol: instrument.token, bidValues, taq: "-1", streaming_type: "quote2" }))
  assert.deepStrictEqual(
    link.ticks.map(({ tick }) => [tick.ltp, tick.volume, tick.total_buy_quantity, tick.total_sell_quantity]),
    [
      [10, 700, undefined, undefined],
      [10.05, 700, undefined, undefined],
      [10.05, 700, undefined, undefined]
    ]
  )
  assert.deepStrictEqual(link.leftOut, ["volume", "total_buy_quantity", "total_sell_quantity"])
  // A book with such a level is the guard's to leave out.
  const leftOut: Array<string> = []
  const mended = mend(link.ticks.at(-1)!.tick, (field) => void leftOut.push(field))
  assert.deepStrictEqual([leftOut, mended?.depth, mended?.mode], [["depth"], undefined, "quote"])
})
