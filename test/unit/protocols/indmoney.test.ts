/** What INDstocks' documentation asks for beyond the golden frames: one segment a frame, modes apart, tokens shared. */
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/indmoney.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { protocol } from "../../../src/protocols/indmoney/index.ts"
import type { Want } from "../../../src/protocols/protocol.ts"
import { loginOf } from "../../../src/simulator/index.ts"
import { LoginFailed, makeLink } from "./link.ts"

const LTP: Want = { mode: "ltp", depth: 0 }
const QUOTE: Want = { mode: "quote", depth: 0 }

describe("requests", () => {
  it("carry one segment each, with the prefix of our exchange and not of the parent venue", async () => {
    const link = await makeLink(broker)
    const future = link.listed.find(
      (l) => l.listing.type === "FUT" && l.listing.exchange === "NFO"
    )!.instrument
    const instruments = [
      link.instrument("NSE:RELIANCE"),
      future,
      link.instrument("NSE:SBIN"),
      link.instrument("NSE_INDEX:NIFTY")
    ]
    link.request(instruments.map((instrument) => ({ instrument, to: LTP })))
    const [reliance, nfo, sbin, nifty] = instruments.map((i) => i.token)
    assert.deepStrictEqual(
      link.outbound.map((f) => JSON.parse(String(f))),
      [
        { action: "subscribe", mode: "ltp", instruments: [`NSE:${reliance}`, `NSE:${sbin}`] },
        { action: "subscribe", mode: "ltp", instruments: [`NFO:${nfo}`] },
        { action: "subscribe", mode: "ltp", instruments: [`NIDX:${nifty}`] }
      ]
    )
  })

  it("subscribe the new mode before they give the old one back", async () => {
    const link = await makeLink(broker)
    const instrument = link.instrument("NSE:SBIN")
    link.request([{ instrument, to: LTP }])
    link.request([{ instrument, from: LTP, to: QUOTE }])
    link.request([{ instrument, from: QUOTE }])
    assert.deepStrictEqual(
      link.outbound.map((f) => JSON.parse(String(f))).map((r) => `${r.action} ${r.mode}`),
      ["subscribe ltp", "subscribe quote", "unsubscribe ltp", "unsubscribe quote"]
    )
    assert.deepStrictEqual(link.server.holds(instrument), [])
  })
})

it("instruments with equal tokens keep apart, and a bare token of two is nobody's", () => {
  const codec = protocol.open(codecOptions(broker))
  const one = {
    symbol: "PNB",
    exchange: "NSE",
    token: "7",
    brokerExchange: "NSE",
    brokerSymbol: "PNB"
  } as const
  const two = { ...one, symbol: "X", exchange: "NFO" } as const
  assert.strictEqual(protocol.exclusive(one), protocol.exclusive(two))
  codec.request([{ instrument: one, to: LTP }])
  codec.request([{ instrument: two, to: LTP }])
  const symbols: Array<string> = []
  const rejects: Array<string> = []
  const deliver = (instrument: string) =>
    codec.decode(JSON.stringify({ mode: "ltp", instrument, timestamp: 1, data: { ltp: 5 } }), 1, {
      tick: (i) => symbols.push(i.symbol),
      reject: (cause) => rejects.push(cause),
      event: () => {},
      send: () => {}
    })
  deliver("7")
  deliver("NFO:7")
  codec.request([{ instrument: two }])
  deliver("7")
  assert.deepStrictEqual(symbols, ["X", "PNB"])
  assert.deepStrictEqual(rejects, ["not_subscribed"])
})

it("a quote keeps the newest price, whichever mode told it", async () => {
  const link = await makeLink(broker)
  const instrument = link.instrument("NSE:SBIN")
  link.codec.request([{ instrument, to: QUOTE }])
  const deliver = (mode: string, data: object) =>
    link.deliver(JSON.stringify({ mode, instrument: instrument.token, timestamp: 1_711_611_461_472, data }))
  deliver("quote", { ltp: 5, open: 4, volume: 7, oi: -1 })
  deliver("ltp", { ltp: 6 })
  deliver("quote", { open: 4.5, volume: 7.5 })
  const [first, ltp, last] = link.ticks.map(({ tick }) => tick)
  assert.isUndefined(first!.oi)
  assert.isUndefined(ltp!.open)
  assert.deepStrictEqual([last!.ltp, last!.open, last!.volume], [6, 4.5, 7])
  assert.deepStrictEqual(link.leftOut, ["oi", "volume"])
})

it("an index goes by another name where the settings say so, on both sides", async () => {
  const plain = (await makeLink(broker)).instrument("NSE_INDEX:NIFTY")
  const link = await makeLink({ ...broker, variant: { names: { [`NIDX:${plain.token}`]: "NIDX:26000" } } })
  link.subscribe("NSE_INDEX:NIFTY", LTP)
  assert.deepStrictEqual(JSON.parse(String(link.outbound[0])).instruments, ["NIDX:26000"])
  assert.strictEqual(JSON.parse(String(link.inbound[0])).instrument, "26000")
  assert.strictEqual(link.ticks[0]!.instrument.symbol, "NIFTY")
  link.request([{ instrument: link.instrument("NSE_INDEX:NIFTY"), from: LTP }])
  assert.deepStrictEqual(link.server.holds(link.instrument("NSE_INDEX:NIFTY")), [])
  assert.throws(() => protocol.open({ codes: {}, batch: 1, variant: { names: "26000" } }), /"names"/)
})

it("the token travels alone, and a refusal is one of the login", async () => {
  const credentials = loginOf({
    apiKey: "",
    apiSecret: "",
    authToken: " tok ",
    feedToken: "",
    clientCode: ""
  })
  const { headers, url } = protocol.handshake({ endpoint: "wss://p", credentials })
  assert.deepStrictEqual([url, headers], ["wss://p", { authorization: "tok" }])
  const failed = await makeLink(broker, { accepted: credentials }).catch((error: unknown) => error)
  assert.instanceOf(failed, LoginFailed)
  assert.strictEqual(protocol.refusal({ status: 401, headers: {} })._tag, "AuthRejected")
  assert.strictEqual(protocol.refusal({ status: 429, headers: {} })._tag, "RateLimited")
})
