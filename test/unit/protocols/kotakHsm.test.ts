import { assert, describe, it } from "@effect/vitest"
import { codecOptions, speaking } from "../../../src/brokers/broker.ts"
import { broker as kotak } from "../../../src/brokers/data/kotak.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/kotak-hsm/index.ts"
import type { Codec, Handshake } from "../../../src/protocols/protocol.ts"
import { disagreements } from "../../support/marketState.ts"
import { asked, bytes, field, hex, message, u16, u32 } from "./fyersFrames.ts"
import { makeSdk } from "./hslib.ts"
import { makeLink, secret } from "./link.ts"
import { DEPTH, LTP, NOW, QUOTE, decode, instrument } from "./support.ts"

const broker = speaking(kotak, "kotak-hsm")
const options = codecOptions(broker)
const reliance = instrument("NSE", "RELIANCE", "2885")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const usd = instrument("CDS", "USDINR26APR24FUT", "1402")
const nifty = instrument("NSE_INDEX", "NIFTY", "Nifty 50")
const numbered = instrument("NSE_INDEX", "NIFTYPHARMA", "26025")

const NONE = 0x8000_0000
const accepted = (count?: number): Uint8Array =>
  message(1, [
    count === undefined ? 1 : 2,
    ...field(1, bytes("K")),
    ...(count === undefined ? [] : field(2, u32(count)))
  ])
const refused = (type: number): Uint8Array => message(type, [1, ...field(1, bytes("N"))])
const data = (number: number | undefined, ...records: ReadonlyArray<ReadonlyArray<number>>): Uint8Array =>
  message(6, [...(number === undefined ? [] : u32(number)), ...u16(records.length), ...records.flat()])
const sized = (record: ReadonlyArray<number>) => [...u16(record.length), ...record]
const snapshot = (id: number, name: string, values: ReadonlyArray<number>) =>
  sized([83, ...u32(id), name.length, ...bytes(name), values.length, ...values.flatMap(u32), 1, 52, 1, 49])
const update = (id: number, values: ReadonlyArray<number>) =>
  sized([85, ...u32(id), values.length, ...values.flatMap(u32)])
/** Times, volume, price, and so on, as far as the test needs; the rest is not known. */
const scrip = (ltp: number, multiplier = NONE, precision = NONE): ReadonlyArray<number> => {
  const values = Array.from({ length: 25 }, () => NONE)
  values[2] = 1_711_684_803
  values[4] = 1000
  values[5] = ltp
  values[23] = multiplier
  values[24] = precision
  return values
}

const open = (secrets?: Handshake["secrets"], variant: Readonly<Record<string, unknown>> = {}): Codec =>
  protocol.open({ ...options, variant }, secrets && { url: "", headers: {}, secrets })
const holding = (...instruments: ReadonlyArray<typeof reliance>): Codec => {
  const codec = open()
  codec.request(instruments.map((one) => ({ instrument: one, to: DEPTH })))
  return codec
}

describe("the login", () => {
  const begin = (authToken: string, feedToken?: string) =>
    protocol.handshake({
      endpoint: broker.endpoint,
      credentials: {
        authToken: secret(authToken),
        ...(feedToken === undefined ? {} : { feedToken: secret(feedToken) })
      }
    })

  it("is the first message, with the SDK's bytes, and nothing in the upgrade", () => {
    const made = begin(" tradingtoken ", "thesid")
    assert.deepStrictEqual(made, {
      url: "wss://mlhsm.kotaksecurities.com",
      headers: {},
      secrets: { token: "tradingtoken", sid: "thesid" }
    })
    const sdk = makeSdk()
    sdk.send({ type: "cn", Authorization: "tradingtoken", Sid: "thesid" })
    assert.deepStrictEqual(hex(open((made as Handshake).secrets).hello!()), hex(sdk.sent))
    assert.deepStrictEqual(hex(sdk.sent), [
      "0023010301000c74726164696e67746f6b656e0200067468657369640300064a535f415049"
    ])
  })

  it("takes both out of one text, and does without neither", () => {
    assert.deepInclude(begin("token:::sid:::https://base:::access"), {
      secrets: { token: "token", sid: "sid" }
    })
    assert.deepInclude(begin("token:::sid", "own"), { secrets: { token: "token", sid: "own" } })
    const made = begin("token")
    assert.isTrue("_tag" in made && made._tag === "AuthRejected")
  })

  it("is ready after K, rejected after N, and useless after an answer without a status", () => {
    assert.isTrue(open().awaitsReady)
    assert.deepStrictEqual(decode(open(), accepted()).events, [{ type: "ready" }])
    const tag = (frame: Uint8Array) => {
      const [event] = decode(open(), frame).events
      return event?.type === "failure" ? event.failure._tag : event?.type
    }
    assert.strictEqual(tag(refused(1)), "AuthRejected")
    assert.strictEqual(tag(message(1, [0])), "ProtocolViolation")
    assert.strictEqual(protocol.refusal({ status: 403, headers: {} })._tag, "AuthRejected")
    assert.strictEqual(protocol.refusal({ status: 429, headers: {} })._tag, "RateLimited")
    assert.strictEqual(protocol.refusal({ status: 502, headers: {} })._tag, "ConnectionRefused")
  })

  it.each([
    ["authToken", { authToken: "another", feedToken: "demo-feed-token" }],
    ["feedToken", { authToken: "demo-access-token", feedToken: "another" }]
  ])("fails at the simulated server with another %s", async (_, login) => {
    const link = await makeLink(broker, {
      accepted: { authToken: secret(login.authToken), feedToken: secret(login.feedToken) }
    })
    const [event] = link.events
    assert.isTrue(event?.type === "failure" && event.failure._tag === "AuthRejected")
    link.subscribe("NSE:SBIN", QUOTE)
    assert.deepStrictEqual(link.ticks, [])
    assert.deepInclude(link.events.at(-1), { type: "refused", code: "11011" })
  })
})

describe("requests", () => {
  it("ask for prices and book in depth mode, each kind by itself", () => {
    const codec = open()
    assert.deepStrictEqual(
      asked(codec.request([reliance, nifty, future].map((one) => ({ instrument: one, to: DEPTH })))),
      ["4 if|nse_cm|Nifty 50", "4 sf|nse_cm|2885 sf|nse_fo|2885", "4 dp|nse_cm|2885 dp|nse_fo|2885"]
    )
    assert.deepStrictEqual(asked(codec.request([{ instrument: future, from: DEPTH, to: LTP }])), [
      "5 dp|nse_fo|2885"
    ])
    assert.deepStrictEqual(asked(codec.request([{ instrument: future, from: LTP, to: QUOTE }])), [])
    assert.deepStrictEqual(asked(codec.request([{ instrument: reliance, from: DEPTH }])), [
      "5 sf|nse_cm|2885",
      "5 dp|nse_cm|2885"
    ])
  })

  it("ask for an index that is known by its number alone like for a share, but never for its book", () => {
    assert.deepStrictEqual(asked(open().request([{ instrument: numbered, to: DEPTH }])), [
      "4 sf|nse_cm|26025"
    ])
  })

  it("hold a hundred topics each", () => {
    const changes = Array.from({ length: 230 }, (_, i) => ({
      instrument: instrument("NSE", `S${i}`, String(1000 + i)),
      to: DEPTH
    }))
    const counts = open()
      .request(changes)
      .map((frame) => (frame as Uint8Array)[8]!)
    assert.deepStrictEqual(counts, [100, 100, 30, 100, 100, 30])
  })

  it("name what Kotak has no topic for", () => {
    const codec = open()
    const wrong = [instrument("NSE", "ODD", "28|85"), instrument("NCDEX", "GUAR", "1")]
    assert.deepStrictEqual(codec.request(wrong.map((one) => ({ instrument: one, to: QUOTE }))), [])
    assert.deepStrictEqual(
      decode(codec, accepted()).events.map((e) => e.type),
      ["refused", "refused", "ready"]
    )
  })

  it("count topics", () => {
    assert.deepStrictEqual(
      [protocol.cost(DEPTH, reliance), protocol.cost(QUOTE, reliance), protocol.cost(DEPTH, nifty)],
      [2, 1, 1]
    )
  })

  it("have no heartbeat of the protocol's own", () => {
    assert.isUndefined(open().heartbeat)
    assert.isDefined(broker.heartbeat.pingEveryMs)
  })
})

describe("data messages", () => {
  it("are numbered and acknowledged where the server asks for it", () => {
    const found = decode(
      holding(reliance),
      accepted(2),
      data(9, snapshot(7, "sf|nse_cm|2885", scrip(100))),
      ...[10, 11, 12].map((n) => data(n, update(7, scrip(100 + n))))
    )
    assert.strictEqual(found.ticks.length, 4)
    assert.deepStrictEqual(hex(found.sent), ["000903010100040000000a", "000903010100040000000c"])
  })

  it("have no numbers otherwise", () => {
    for (const answer of [accepted(), accepted(0)]) {
      const found = decode(
        holding(reliance),
        answer,
        data(undefined, snapshot(7, "sf|nse_cm|2885", scrip(1)))
      )
      assert.strictEqual(found.ticks.length, 1)
      assert.deepStrictEqual(found.sent, [])
    }
  })

  it("find topics of any 32-bit number, and follow a scale that changes", () => {
    const found = decode(
      holding(reliance),
      accepted(),
      data(undefined, snapshot(0xffff_fff0, "sf|nse_cm|2885", scrip(15_025, 1, 2))),
      data(undefined, update(0xffff_fff0, scrip(15_026).slice(0, 6))),
      data(undefined, update(0xffff_fff0, scrip(1_502_700, 1, 4)))
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => t.ltp),
      [150.25, 150.26, 150.27]
    )
  })

  it("go on behind a record that cannot be read", () => {
    const codec = holding(reliance)
    const cut = [...u16(7), 85, ...u32(7), 9, 0]
    const lying = sized([83, ...u32(8), 200, 1, 2, 3])
    const found = decode(
      codec,
      data(
        undefined,
        snapshot(7, "sf|nse_cm|2885", scrip(100)),
        cut,
        sized([1, 2]),
        lying,
        sized([90, ...u32(7), 0]),
        update(7, [NONE, NONE, NONE, NONE, NONE, 101])
      )
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => t.ltp),
      [1, 1.01]
    )
    assert.deepStrictEqual(found.causes, ["truncated", "truncated", "truncated", "unknown_packet"])
  })

  it("end at a record that says it is longer than the message", () => {
    const codec = holding(reliance)
    decode(codec, data(undefined, snapshot(7, "sf|nse_cm|2885", scrip(100))))
    const found = decode(
      codec,
      data(undefined, [0xff, 0xff, 85], update(7, [])),
      data(undefined, update(7, []))
    )
    assert.deepStrictEqual(found.causes, ["truncated"])
    assert.deepStrictEqual(found.ticks, [])
  })
})

describe("topics", () => {
  it("of equal tokens stay apart by their segment", () => {
    const found = decode(
      holding(reliance, future),
      data(undefined, snapshot(1, "sf|nse_cm|2885", scrip(100)), snapshot(2, "sf|nse_fo|2885", scrip(200))),
      data(undefined, update(1, scrip(101)), update(2, scrip(201)))
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => [t.exchange, t.ltp]),
      [
        ["NSE", 1],
        ["NFO", 2],
        ["NSE", 1.01],
        ["NFO", 2.01]
      ]
    )
    assert.deepStrictEqual([...new Set(found.refreshes)], [refreshes.quote])
  })

  it("have their scale among their values, and may change it", () => {
    const found = decode(
      holding(usd),
      data(undefined, snapshot(1, "sf|cde_fo|1402", scrip(836_350, 1, 4))),
      data(undefined, update(1, [NONE, NONE, NONE, NONE, NONE, 836_375])),
      data(undefined, update(1, scrip(8364, 1, 2))),
      data(undefined, update(1, scrip(8364, 0, 2))),
      data(undefined, snapshot(1, "sf|cde_fo|1402", scrip(1, 1, NONE)))
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => t.ltp),
      [83.635, 83.6375, 83.64, 0.01]
    )
    assert.deepStrictEqual(found.causes, ["unusable_scale"])
  })

  it("without a usable scale say so until a change brings one", () => {
    const codec = holding(usd)
    const found = decode(
      codec,
      data(undefined, snapshot(1, "sf|cde_fo|1402", scrip(836_350, 0, 4))),
      data(undefined, update(1, [NONE, NONE, NONE, NONE, NONE, 836_375])),
      data(undefined, update(1, scrip(836_400, 1, 4))),
      data(undefined, update(1, scrip(836_400, 0, 4))),
      data(undefined, update(1, [NONE, NONE, NONE, NONE, NONE, 836_425]))
    )
    assert.deepStrictEqual(
      found.causes,
      Array.from({ length: 4 }, () => "unusable_scale")
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => t.ltp),
      [83.64]
    )
  })

  it("of a book leave levels without a price out", () => {
    const book = Array.from({ length: 34 }, (_, i) => i + 1)
    book[2] = 0
    book[9] = NONE
    book[32] = 1
    book[33] = 2
    const found = decode(holding(reliance), data(undefined, snapshot(3, "dp|nse_cm|2885", book)))
    assert.deepStrictEqual(found.refreshes, [modeBit.depth])
    const { buy, sell } = found.ticks[0]!.depth!
    assert.deepStrictEqual(buy[0], { price: 0.04, quantity: 14, orders: 24 })
    assert.deepStrictEqual([buy.length, sell.length], [4, 4])
  })

  it("end with the subscription, with what was known of them", () => {
    const codec = holding(reliance)
    decode(codec, data(undefined, snapshot(1, "sf|nse_cm|2885", scrip(100))))
    codec.request([{ instrument: reliance, from: DEPTH }])
    const late = data(undefined, update(1, scrip(101)))
    assert.deepStrictEqual(decode(codec, late).causes, ["not_subscribed"])
    codec.request([{ instrument: reliance, to: QUOTE }])
    assert.deepStrictEqual(decode(codec, late).causes, ["not_subscribed"])
  })

  it("may count times from 1980", () => {
    const codec = open(undefined, { timesSince: "1980" })
    codec.request([{ instrument: reliance, to: QUOTE }])
    const values = [...scrip(100)]
    values[2] = 1_711_684_803 - 315_513_000
    const [tick] = decode(codec, data(undefined, snapshot(1, "sf|nse_cm|2885", values))).ticks
    assert.strictEqual(tick?.exchange_time, 1_711_684_803_000)
  })
})

describe("the simulated server", () => {
  it("serves the market in snapshots and updates, and the client acknowledges", async () => {
    const link = await makeLink(broker)
    const names = link.listed.map((l) => `${l.instrument.exchange}:${l.instrument.symbol}`)
    for (const name of names) link.subscribe(name, DEPTH)
    for (let i = 0; i < 60; i++) link.step(40)
    assert.deepStrictEqual(link.rejects, [])
    for (const name of names) {
      const own = link.ticks.filter((t) => `${t.instrument.exchange}:${t.instrument.symbol}` === name)
      const price = own.findLast((t) => t.tick.ltp !== undefined)!.tick
      assert.deepStrictEqual(disagreements(price, link.state(name), 0), [], name)
      const book = own.findLast((t) => t.tick.depth !== undefined)?.tick
      if (book === undefined) assert.include(name, "_INDEX")
      else assert.deepStrictEqual(disagreements({ ...price, ...book }, link.state(name), 5), [], name)
    }
    const acks = link.outbound.filter((f) => (f as Uint8Array)[2] === 3)
    const messages = link.inbound.filter((f) => (f as Uint8Array)[2] === 6)
    assert.strictEqual(acks.length, Math.floor(messages.length / 20))
  })

  it("takes a subscription back, and passes over topics that it does not have", () => {
    const server = serverProtocol.open(options, {
      request: { url: "", headers: {} },
      accepted: () => ({ authToken: secret("t"), feedToken: secret("s") }),
      instruments: [reliance, nifty]
    })
    const receive = (frame: unknown) => server.receive(frame as Uint8Array)
    receive(open({ token: "t", sid: "s" }).hello!()[0])
    const codec = open()
    const [index, quote, book] = codec.request([
      { instrument: reliance, to: DEPTH },
      { instrument: nifty, to: DEPTH }
    ])
    assert.deepStrictEqual(receive(index).touched, [nifty])
    assert.deepStrictEqual(receive(quote).touched, [reliance])
    assert.deepStrictEqual(receive(book).touched, [reliance])
    assert.strictEqual(server.holds(reliance).length, 2)
    for (const frame of codec.request([{ instrument: reliance, from: DEPTH, to: QUOTE }])) receive(frame)
    assert.deepStrictEqual(server.holds(reliance), [{ mode: "quote", depth: 0 }])
    for (const frame of codec.request([{ instrument: reliance, from: QUOTE }])) receive(frame)
    assert.deepStrictEqual(server.holds(reliance), [])
    assert.deepStrictEqual(receive(open().request([{ instrument: future, to: QUOTE }])[0]).touched, [])
    const tick = { symbol: "NIFTY", exchange: "NSE_INDEX", mode: "quote", received_time: NOW } as const
    assert.strictEqual(server.encode([[nifty, { ...tick, ltp: 5 }]]).length, 1)
    assert.deepStrictEqual(server.encode([[nifty, { ...tick, ltp: 5 }]]), [], "nothing has changed")
  })
})
