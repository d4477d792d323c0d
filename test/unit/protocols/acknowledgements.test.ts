/** Which instruments an acknowledgement or a refusal means, on each wire that tells. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { BrokerRegistry } from "../../../src/brokers/registry.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import { RequestsById } from "../../../src/protocols/kit/requestsById.ts"
import { UnorderedAcks } from "../../../src/protocols/kit/unorderedAcks.ts"
import type { Frame, HttpRequest, Want, WireEvent } from "../../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import type { Link } from "./link.ts"
import { makeLink } from "./link.ts"
import { DEEP, DEPTH, LTP, QUOTE, collecting, NOW } from "./support.ts"

const linkTo = async (feed: string, protocol?: string): Promise<Link> =>
  makeLink(
    await Effect.runPromise(
      BrokerRegistry.use((registry) => registry.feed(feed, protocol)).pipe(
        Effect.provide(BrokerRegistry.layer)
      )
    )
  )

/** `confirmed NSE:SBIN`, `refused NSE:SBIN BSE:SBIN`; events about no subscription are left out. */
const told = (events: ReadonlyArray<WireEvent>): ReadonlyArray<string> =>
  events.flatMap((event) =>
    event.type === "confirmed" || event.type === "refused"
      ? [[event.type, ...(event.instruments ?? []).map(nameOf)].join(" ")]
      : []
  )

/** What a codec makes of frames, apart from what it made before. */
const tellingOf = ({ codec }: Link, ...frames: ReadonlyArray<Frame>): ReadonlyArray<string> => {
  const { found, sink } = collecting()
  for (const frame of frames) codec.decode(frame, NOW, sink)
  return told(found.events)
}

/** Asks without a broker that answers. */
const ask = ({ codec, instrument }: Link, to: Want, ...names: ReadonlyArray<string>) =>
  codec.request(names.map((name) => ({ instrument: instrument(name), to })))

describe("noren: first values", () => {
  it("confirm their scrip once for each subscription, also without a value", async () => {
    const link = await linkTo("shoonya")
    const { token } = link.instrument("NSE:SBIN")
    const scrip = { e: "NSE", tk: token }
    ask(link, QUOTE, "NSE:SBIN")
    const [acknowledged, feed, other] = [
      { t: "tk", ...scrip },
      { t: "tf", ...scrip, lp: "10" },
      { t: "dk", e: "NSE", tk: "999999" }
    ].map((message) => JSON.stringify(message))
    assert.deepStrictEqual(tellingOf(link, acknowledged!, feed!, other!), ["confirmed NSE:SBIN"])
  })
})

describe("deltaexchange: subscriptions", () => {
  const answer = (...channels: ReadonlyArray<unknown>) => JSON.stringify({ type: "subscriptions", channels })
  const symbolOf = (link: Link, name: string) => link.instrument(name).brokerSymbol
  const prices = (...symbols: ReadonlyArray<string>) => ({ name: "ticker", symbols })
  const book = (...symbols: ReadonlyArray<string>) => ({ name: "ob_l2", symbols })
  const refused = { name: "ob_l2", error: "at most 100 symbols" }

  const opened = async () => {
    const link = await linkTo("deltaexchange")
    const names = link.listed.slice(0, 3).map((l) => nameOf(l.instrument))
    return { link, names, symbols: names.map((name) => symbolOf(link, name)) }
  }

  it("confirm by the prices, and by the book where it is wanted", async () => {
    const { link, names, symbols } = await opened()
    ask(link, QUOTE, names[0]!)
    ask(link, DEPTH, names[1]!)
    assert.deepStrictEqual(tellingOf(link, answer(prices(symbols[0]!, symbols[1]!), { name: "trades" })), [
      `confirmed ${names[0]}`
    ])
    assert.deepStrictEqual(tellingOf(link, answer(book(symbols[1]!))), [`confirmed ${names[1]}`])
    assert.deepStrictEqual(tellingOf(link, answer(book(symbols[2]!), "ticker", prices())), [])
  })

  it("refuse a book without naming it: known when it is the only one, or when the others are", async () => {
    const { link, names, symbols } = await opened()
    ask(link, DEPTH, names[0]!)
    assert.deepStrictEqual(tellingOf(link, answer(refused)), [`refused ${names[0]}`])

    ask(link, DEPTH, names[1]!, names[2]!)
    assert.deepStrictEqual(tellingOf(link, answer(refused)), ["refused"])
    assert.deepStrictEqual(tellingOf(link, answer(book(symbols[2]!))), [
      `refused ${names[1]}`,
      `confirmed ${names[2]}`
    ])
    assert.deepStrictEqual(tellingOf(link, answer(refused, { name: "trades", error: "no" })), [
      "refused",
      "refused"
    ])
  })
})

describe.each([
  ["fyers", "fyers-hsm"],
  ["kotak", "kotak-hsm"]
])("%s over %s: answers without a name", (feed, protocol) => {
  const K = Uint8Array.of(0, 6, 4, 1, 1, 0, 1, 0x4b)
  const N = Uint8Array.of(0, 6, 4, 1, 1, 0, 1, 0x4e)

  it("confirm what is open when all of it is answered, and refuse it when all of it is", async () => {
    const link = await linkTo(feed, protocol)
    ask(link, QUOTE, "NSE:SBIN")
    assert.deepStrictEqual(tellingOf(link, K), ["confirmed NSE:SBIN"])
    // Prices and book are requests of their own.
    ask(link, DEPTH, "NSE:SBIN", "NSE:RELIANCE")
    assert.deepStrictEqual(tellingOf(link, K), [])
    assert.deepStrictEqual(tellingOf(link, K), ["confirmed NSE:SBIN NSE:RELIANCE"])
    ask(link, QUOTE, "NSE:INFY")
    assert.deepStrictEqual(tellingOf(link, N), ["refused NSE:INFY"])
    assert.deepStrictEqual(tellingOf(link, K, N), ["refused"])
  })

  it("say nothing of any one when they differ", async () => {
    const link = await linkTo(feed, protocol)
    ask(link, DEPTH, "NSE:SBIN")
    assert.deepStrictEqual(tellingOf(link, N, K), ["refused"])
    ask(link, QUOTE, "NSE:INFY")
    link.codec.request([{ instrument: link.instrument("NSE:INFY"), from: QUOTE }])
    assert.deepStrictEqual(tellingOf(link, K), [], "given up meanwhile")
  })
})

describe("kotak-sfeed: acknowledgements", () => {
  const told1109 = (more: object) => JSON.stringify({ message_code: 1109, ...more })

  it("confirm by the key that was asked with, in each of their shapes", async () => {
    const link = await linkTo("kotak")
    const keyOf = (name: string) => `nse_cm|${link.instrument(name).token}`
    ask(link, QUOTE, "NSE:SBIN", "NSE:INFY", "NSE_INDEX:NIFTY", "NSE:RELIANCE")
    const guide = { [keyOf("NSE:SBIN")]: { cas_status: 1, trading_symbols: "SBIN-EQ" } }
    assert.deepStrictEqual(
      tellingOf(
        link,
        told1109({ error_code: 0, description: "SUBSCRIBED", data: guide }),
        told1109({ message: "Subscribed", trading_symbols: { [keyOf("NSE:INFY")]: "INFY-EQ" } }),
        told1109({ tradingSymbols: { "nse_cm|Nifty 50": "Nifty 50-IN", "nse_cm|1": "GONE", "": "" } }),
        told1109({ error_code: 0, data: {} }),
        told1109({})
      ),
      ["confirmed NSE:SBIN", "confirmed NSE:INFY", "confirmed NSE_INDEX:NIFTY"]
    )
  })

  it("refuse what an error names, and nobody when it names nobody", async () => {
    const link = await linkTo("kotak")
    ask(link, DEPTH, "NSE:SBIN")
    const { token } = link.instrument("NSE:SBIN")
    assert.deepStrictEqual(
      tellingOf(
        link,
        told1109({ error_code: 5, description: "INVALID TOKEN", data: { [`nse_cm|${token}`]: {} } }),
        told1109({ error_code: 5, description: "INVALID TOKEN", data: {} })
      ),
      ["refused NSE:SBIN", "refused"]
    )
  })

  it("mean nobody where an index and a share have the same number", async () => {
    const link = await linkTo("kotak")
    const share = { ...link.instrument("NSE:SBIN"), token: "26000" }
    const index = { ...link.instrument("NSE_INDEX:NIFTY"), token: "26000" }
    const data = { "nse_cm|26000": "X" }
    link.codec.request([
      { instrument: share, to: QUOTE },
      { instrument: index, to: QUOTE }
    ])
    assert.deepStrictEqual(tellingOf(link, told1109({ trading_symbols: data })), [])
    link.codec.request([{ instrument: index, from: QUOTE }])
    assert.deepStrictEqual(tellingOf(link, told1109({ trading_symbols: data })), ["confirmed NSE:SBIN"])
  })
})

describe("iifl-mqtt: SUBACK", () => {
  it("grants and refuses by topic; open interest alone refuses nobody", async () => {
    const link = await linkTo("iiflcapital")
    const future = link.listed.find((l) => l.instrument.symbol.endsWith("FUT"))!.instrument
    link.codec.request([{ instrument: link.instrument("NSE:SBIN"), to: LTP }])
    link.codec.request([{ instrument: future, to: QUOTE }])
    assert.deepStrictEqual(tellingOf(link, Uint8Array.of(0x90, 3, 0, 1, 0)), ["confirmed NSE:SBIN"])
    assert.deepStrictEqual(tellingOf(link, Uint8Array.of(0x90, 4, 0, 2, 0, 0x80)), [
      "refused",
      `confirmed ${nameOf(future)}`
    ])
    assert.deepStrictEqual(tellingOf(link, Uint8Array.of(0x90, 3, 0, 1, 0)), [], "answered before")
  })

  it("of the broker's side refuses what does not exist", async () => {
    const link = await linkTo("iiflcapital")
    const unknown: WireInstrument = { ...link.instrument("NSE:SBIN"), symbol: "GONE", token: "4294967" }
    link.request([
      { instrument: unknown, to: LTP },
      { instrument: link.instrument("NSE:SBIN"), to: LTP }
    ])
    assert.deepStrictEqual(told(link.events), ["refused NSE:GONE", "confirmed NSE:SBIN"])
    const [event] = link.events.filter((e) => e.type === "refused")
    assert.strictEqual(event!.instruments![0], unknown)
  })
})

describe("xts: answers to requests", () => {
  const requestsOf = (link: Link, to: Want, ...names: ReadonlyArray<string>): ReadonlyArray<HttpRequest> =>
    ask(link, to, ...names).filter(isHttpRequest)
  const reply = ({ codec }: Link, request: HttpRequest, type: "success" | "error", code = "") => {
    const { found, sink } = collecting()
    const body = JSON.stringify({ type, code, description: "d", result: {} })
    codec.answered!(request, { status: type === "success" ? 200 : 400, headers: {}, body }, NOW, sink)
    return { events: told(found.events), sent: found.sent.filter(isHttpRequest) }
  }

  it("confirm a batch, and name what is refused of it; open interest alone refuses nobody", async () => {
    const link = await linkTo("iifl")
    const future = nameOf(link.listed.find((l) => l.instrument.symbol.endsWith("FUT"))!.instrument)
    const [prices, interest] = requestsOf(link, QUOTE, "NSE:SBIN", future)
    assert.deepStrictEqual(reply(link, prices!, "success").events, [`confirmed NSE:SBIN ${future}`])
    assert.deepStrictEqual(reply(link, interest!, "error").events, ["refused"])

    const [two] = requestsOf(link, LTP, "NSE:INFY", "NSE:RELIANCE")
    const { events, sent } = reply(link, two!, "error", "e-session-0002")
    assert.deepStrictEqual(events, [])
    assert.deepStrictEqual(reply(link, sent[0]!, "error", "e-session-0002").events, ["confirmed NSE:INFY"])
    assert.deepStrictEqual(reply(link, sent[1]!, "error", "e-session-0009").events, ["refused NSE:RELIANCE"])
  })

  it("give up before they ask once more, and never undo that by a late repetition", async () => {
    const link = await linkTo("iifl")
    const names = ["NSE:SBIN", "NSE:INFY"]
    requestsOf(link, LTP, ...names)
    const again = requestsOf(link, LTP, ...names)
    assert.deepStrictEqual(
      again.map((r) => r.method),
      ["PUT", "POST"]
    )
    // Refused, or too early: what is wanted now is not given up any more.
    assert.deepStrictEqual(reply(link, again[0]!, "error", "e-session-0001").sent, [])
    assert.deepStrictEqual(reply(link, again[0]!, "error", "e-apirl-0004").sent, [])
    link.codec.request([{ instrument: link.instrument(names[0]!), from: LTP }])
    const [repeated] = reply(link, again[1]!, "error", "e-apirl-0004").sent
    assert.include(repeated?.body, link.instrument(names[1]!).token)
    assert.notInclude(repeated?.body, `:${link.instrument(names[0]!).token}}`)
  })
})

describe("smartstream: errors", () => {
  it("mean what their request asked for, as far as it is still wanted", async () => {
    const link = await linkTo("angel")
    const idOf = (frame: unknown) => (JSON.parse(String(frame)) as { correlationID: string }).correlationID
    const error = (correlationID: string) => JSON.stringify({ correlationID, errorCode: "E1002" })
    const [first] = ask(link, LTP, "NSE:SBIN", "NSE:INFY")
    const [second] = ask(link, QUOTE, "NSE:RELIANCE")
    const [gone] = link.codec.request([{ instrument: link.instrument("NSE:INFY"), from: LTP }])
    assert.deepStrictEqual(tellingOf(link, error(idOf(first))), ["refused NSE:SBIN"])
    assert.deepStrictEqual(tellingOf(link, error(idOf(second)), error(idOf(second))), [
      "refused NSE:RELIANCE",
      "refused"
    ])
    assert.deepStrictEqual(tellingOf(link, error(idOf(gone)), error("")), ["refused", "refused"])
  })
})

describe("upstox: failures", () => {
  it("mean what their request asked for; without thirty levels it is served all the same", async () => {
    const link = await linkTo("upstox")
    const guidOf = (frame: unknown) =>
      (JSON.parse(new TextDecoder().decode(frame as Uint8Array)) as { guid: string }).guid
    const failed = (guid: string) => JSON.stringify({ guid, method: "sub", status: "failed", error: "no" })
    const [shallow] = ask(link, QUOTE, "NSE:SBIN")
    const deep = link.codec
      .request([{ instrument: link.instrument("NSE:INFY"), to: { mode: "depth", depth: 30 } }])
      .at(-1)
    assert.deepStrictEqual(tellingOf(link, failed(guidOf(shallow)), failed(guidOf(deep)), failed("x")), [
      "refused NSE:SBIN",
      "refused",
      "refused"
    ])
  })
})

describe("errors that name an instrument", () => {
  it("groww: by its subject", async () => {
    const link = await linkTo("groww")
    ask(link, LTP, "NSE:SBIN")
    const subject = `/ld/eq/nse/price.${link.instrument("NSE:SBIN").token}`
    const violation = (what: string) =>
      Buffer.from(`-ERR 'Permissions Violation for Subscription to ${what}'\r\n`)
    assert.deepStrictEqual(
      tellingOf(link, violation(`"${subject}"`), violation(subject), violation("/ld/eq/nse/price.1")),
      ["refused NSE:SBIN", "refused NSE:SBIN", "refused"]
    )
  })

  it("groww: a subject asked for once more has one subscription, under another number", async () => {
    const link = await linkTo("groww")
    const { token } = link.instrument("NSE:SBIN")
    ask(link, LTP, "NSE:SBIN")
    const sent = ask(link, LTP, "NSE:SBIN").map((frame) => new TextDecoder().decode(frame as Uint8Array))
    assert.deepStrictEqual(sent, ["UNSUB 1\r\n", `SUB /ld/eq/nse/price.${token} 2\r\n`])
  })

  it("arrow: by its token", async () => {
    const link = await linkTo("arrow")
    ask(link, LTP, "NSE:SBIN")
    const error = (message: string) => JSON.stringify({ status: "error", message })
    const { token } = link.instrument("NSE:SBIN")
    assert.deepStrictEqual(
      tellingOf(link, error(`invalid token ${token}`), error("invalid token 1"), error("too many")),
      ["refused NSE:SBIN", "refused", "refused"]
    )
  })
})

describe("kite: a token asked for once more", () => {
  it("is given up first, because it would count twice", async () => {
    const link = await linkTo("zerodha")
    const token = Number(link.instrument("NSE:SBIN").token)
    ask(link, QUOTE, "NSE:SBIN")
    assert.deepStrictEqual(
      ask(link, QUOTE, "NSE:SBIN").map((frame) => JSON.parse(String(frame)) as unknown),
      [
        { a: "unsubscribe", v: [token] },
        { a: "subscribe", v: [token] },
        { a: "mode", v: ["quote", [token]] }
      ]
    )
  })
})

describe("smartstream: the limit", () => {
  it("is not used up by asking once more", async () => {
    const link = await linkTo("angel")
    for (let i = 0; i < 1100; i++) link.request([{ instrument: link.instrument("NSE:SBIN"), to: DEEP }])
    link.request([{ instrument: link.instrument("NSE:INFY"), to: QUOTE }])
    assert.deepStrictEqual(told(link.events), [])
    // A change that fits takes the new modes before it gives up the old ones.
    const actions = link.codec
      .request([{ instrument: link.instrument("NSE:SBIN"), from: DEEP, to: LTP }])
      .map((frame) => (JSON.parse(String(frame)) as { action: number }).action)
    assert.deepStrictEqual(actions, [1, 0, 0])
  })
})

describe("what the codecs remember", () => {
  it("is bounded: a wire that does not answer settles nothing, and costs nothing", () => {
    const outstanding = new UnorderedAcks<number>()
    assert.deepStrictEqual(outstanding.answered(true), [], "an answer to nothing")
    for (let i = 0; i < 256; i++) outstanding.ask([i])
    for (let i = 0; i < 255; i++) assert.deepStrictEqual(outstanding.answered(true), [])
    assert.strictEqual(outstanding.answered(true).length, 256)
    for (let i = 0; i < 257; i++) outstanding.ask([i])
    outstanding.ask([1])
    assert.deepStrictEqual(outstanding.answered(true), [])
    assert.deepStrictEqual(outstanding.accepted(new Set([1])), [])
  })

  it("is bounded: the oldest request goes", () => {
    const asked = new RequestsById<number, string>()
    for (let i = 0; i < 65; i++) asked.remember(i, `request ${i}`)
    assert.isUndefined(asked.take(0))
    assert.strictEqual(asked.take(64), "request 64")
    assert.isUndefined(asked.take(64))
  })
})
