import { encode } from "@msgpack/msgpack"
import { describe, expect, it, vi } from "vitest"
import type { Request } from "../../../../src/gateway/messages/requestReader.ts"
import { noOptIns } from "../../../../src/gateway/delivery/delivery.ts"
import { readFrame, readMode, readPacked } from "../../../../src/gateway/messages/requestReader.ts"

const requestOf = (frame: unknown): Request => {
  const read = readFrame(JSON.stringify(frame))
  if (read.kind !== "request") throw new Error(`not a request: ${JSON.stringify(read)}`)
  return read.request
}

const subscribeBody = (frame: object) => {
  const request = requestOf({ action: "subscribe", ...frame })
  if (request.verb !== "subscribe") throw new Error(request.verb)
  return request.body
}

const unsubscribeBody = (frame: object) => {
  const request = requestOf({ action: "unsubscribe", ...frame })
  if (request.verb !== "unsubscribe") throw new Error(request.verb)
  return request.body
}

const subscribeOf = (frame: object) => {
  const body = subscribeBody(frame)
  if ("code" in body) throw new Error(body.message)
  return body
}

const unsubscribeOf = (frame: object) => {
  const body = unsubscribeBody(frame)
  if ("code" in body) throw new Error(body.message)
  return body
}

const codeOf = (verb: "subscribe" | "unsubscribe", frame: object): string | undefined => {
  const body = verb === "subscribe" ? subscribeBody(frame) : unsubscribeBody(frame)
  return "code" in body ? body.code : undefined
}

const TCS = { symbol: "TCS", exchange: "NSE" }
const INFY = { symbol: "INFY", exchange: "NSE" }

describe("frames that are no requests", () => {
  it.each([
    ["an empty frame", ""],
    ["the bare word ping", "ping"],
    ["the bare word pong", "pong"],
    ["half an object", '{"action":"ping"'],
    ["two objects", '{"action":"ping"}{"action":"ping"}'],
    ["NaN", '{"action":"ping","timestamp":NaN}']
  ])("%s is INVALID_JSON", (_, text) => {
    expect(readFrame(text)).toMatchObject({ kind: "problem", problem: { code: "INVALID_JSON" } })
  })

  it("never shows the text of broken JSON, which may hold a key", () => {
    expect(JSON.stringify(readFrame('{"api_key":"9c1f-secret"'))).not.toContain("secret")
  })

  it.each(["[1,2]", '"hello"', "7", "null", "true"])("%s is SERVER_ERROR", (text) => {
    expect(readFrame(text)).toMatchObject({ kind: "problem", problem: { code: "SERVER_ERROR" } })
  })

  it.each([
    [{}],
    [{ symbol: "TCS" }],
    [{ action: "teleport" }],
    [{ action: 5 }],
    [{ action: {} }],
    [{ action: "__proto__" }],
    [{ action: "constructor" }],
    [{ action: "teleport", type: "ping" }]
  ])("%j is INVALID_ACTION", (frame) => {
    expect(readFrame(JSON.stringify(frame))).toMatchObject({
      kind: "problem",
      problem: { code: "INVALID_ACTION" }
    })
  })

  it("shortens a long verb in the message", () => {
    const read = readFrame(JSON.stringify({ action: "x".repeat(100_000) }))
    expect(read.kind === "problem" && read.problem.message.length).toBeLessThan(100)
  })

  it.each([[{ action: "pong" }], [{ type: "pong" }], [{ action: null, type: "pong" }]])(
    "%j is ignored",
    (frame) => {
      expect(readFrame(JSON.stringify(frame))).toEqual({ kind: "ignored" })
    }
  )
})

describe("verbs", () => {
  it.each([
    [{ action: "ping" }, "ping"],
    [{ type: "ping" }, "ping"],
    [{ action: "", type: "ping" }, "ping"],
    [{ action: null, type: "ping" }, "ping"],
    [{ action: "ping", type: "subscribe" }, "ping"],
    [{ action: " Ping " }, "ping"],
    [{ action: "AUTH" }, "authenticate"],
    [{ action: "authenticate" }, "authenticate"],
    [{ type: "unsubscribe_all" }, "unsubscribe_all"],
    [{ action: "unsubscribe", type: "unsubscribe_all" }, "unsubscribe_all"],
    [{ action: "unsubscribe_all", symbols: [TCS] }, "unsubscribe_all"],
    [{ action: "subscribe_orders" }, "subscribe_orders"],
    [{ action: "unsubscribe_orders" }, "unsubscribe_orders"],
    [{ action: "get_broker_info" }, "get_broker_info"],
    [{ action: "get_supported_brokers" }, "get_supported_brokers"]
  ])("%j is %s", (frame, verb) => {
    expect(requestOf(frame).verb).toBe(verb)
  })

  it.each([
    [{ api_key: "a" }, "a"],
    [{ apikey: "b" }, "b"],
    [{ api_key: "a", apikey: "b" }, "a"],
    [{ api_key: "", apikey: "b" }, "b"],
    [{ api_key: null }, undefined],
    [{ api_key: "" }, undefined],
    [{}, undefined],
    [{ api_key: 12 }, "12"]
  ])("the key of %j is %s", (frame, key) => {
    expect(requestOf({ action: "auth", ...frame })).toEqual({
      verb: "authenticate",
      key,
      optIns: noOptIns
    })
  })

  it("keeps what a ping wants back as JSON text", () => {
    expect(requestOf({ action: "ping", timestamp: { a: [1] }, _pingId: "p" })).toEqual({
      verb: "ping",
      timestamp: '{"a":[1]}',
      pingId: '"p"'
    })
    expect(requestOf({ action: "ping", timestamp: null })).toMatchObject({ timestamp: undefined })
    expect(requestOf({ action: "ping", timestamp: 0 })).toMatchObject({ timestamp: "0" })
  })
})

describe("request_id", () => {
  it.each([["a-1"], [42], [0], [false], [""], [{ n: [1, null] }]])("%j is kept as JSON text", (id) => {
    const read = readFrame(JSON.stringify({ action: "ping", request_id: id }))
    expect(read).toMatchObject({ requestId: JSON.stringify(id) })
  })

  it("is kept for errors too, and null is none", () => {
    expect(readFrame('{"action":"teleport","request_id":7}')).toMatchObject({
      kind: "problem",
      requestId: "7"
    })
    expect(readFrame('{"action":"ping","request_id":null}')).toMatchObject({ requestId: undefined })
    expect(readFrame('{"action":"ping"}')).toMatchObject({ requestId: undefined })
  })

  it("that holds more than its entries can is not parsed either, in text and in MessagePack", () => {
    const parse = vi.spyOn(JSON, "parse")
    const frame = (count: number) => ({
      action: "subscribe",
      mode: 1,
      symbols: Array.from({ length: count }, () => ({ a: [] })),
      request_id: "7"
    })
    for (const [count, code] of [
      [100, undefined],
      [200, "INVALID_PARAMETERS"]
    ] as const) {
      const text = JSON.stringify(frame(count))
      parse.mockClear()
      const read = readFrame(text, 100)
      const packed = readPacked(encode(frame(count)), 100)
      expect(parse.mock.calls.length).toBe(code === undefined ? 1 : 0)
      for (const { kind, ...rest } of [read, packed]) {
        expect(kind).toBe(code === undefined ? "request" : "problem")
        if (code !== undefined) expect(rest).toMatchObject({ problem: { code, limit: "entries" } })
      }
    }
    parse.mockRestore()
  })

  it("that nests deeper than any message needs is not even parsed", () => {
    const nested = (levels: number) =>
      readFrame(`{"action":"ping","request_id":${"[".repeat(levels)}${"]".repeat(levels)}}`)
    expect(nested(20)).toMatchObject({ kind: "request", requestId: "[".repeat(20) + "]".repeat(20) })
    for (const levels of [40, 200_000]) {
      expect(nested(levels)).toMatchObject({ kind: "problem", problem: { code: "INVALID_JSON" } })
    }
    // Brackets in a string close nothing.
    const disguised = `{"action":"ping","note":"${"]}".repeat(500)}","request_id":${"[".repeat(500)}${"]".repeat(500)}}`
    expect(readFrame(disguised)).toMatchObject({ kind: "problem", problem: { code: "INVALID_JSON" } })
    expect(readFrame(`{"action":"ping","note":"${"[{".repeat(500)}"}`)).toMatchObject({ kind: "request" })
  })
})

describe("modes", () => {
  it.each([
    [1, "ltp", 1],
    [2, "quote", 2],
    [3, "depth", 3],
    [4, "depth", 4],
    [2.0, "quote", 2],
    ["ltp", "ltp", 1],
    ["QUOTE", "quote", 2],
    [" dePth ", "depth", 3]
  ])("%j is %s, tagged %i", (value, mode, tag) => {
    expect(readMode(value)).toEqual({ mode, tag })
  })

  it.each([[0], [5], [9], [2.5], [-1], ["1"], [""], ["FULL"], ["__proto__"], [null], [true], [{}], [[1]]])(
    "%j is none",
    (value) => {
      expect(readMode(value)).toBeUndefined()
      expect(codeOf("subscribe", { ...TCS, mode: value })).toBe("INVALID_MODE")
      expect(codeOf("unsubscribe", { ...TCS, mode: value })).toBe("INVALID_MODE")
    }
  )

  it("is Quote when a subscribe names none", () => {
    expect(subscribeOf(TCS).choice).toEqual({ mode: "quote", tag: 2 })
  })

  it("names the value that was not understood", () => {
    expect(subscribeBody({ ...TCS, mode: "FULL" })).toMatchObject({
      message: expect.stringContaining('"FULL"')
    })
  })

  it("is looked at before the symbols", () => {
    expect(codeOf("subscribe", { mode: "NOPE" })).toBe("INVALID_MODE")
  })
})

describe("instruments of a subscribe", () => {
  const names = (frame: object) =>
    subscribeOf(frame).entries.map((e) => (e.ok ? `${e.exchange}:${e.symbol}` : `failed ${e.symbol}`))

  it.each([
    ["the single form", TCS, ["NSE:TCS"]],
    ["symbols", { symbols: [TCS, INFY] }, ["NSE:TCS", "NSE:INFY"]],
    ["instruments", { instruments: [INFY] }, ["NSE:INFY"]],
    ["symbols before the single form", { symbols: [INFY], ...TCS }, ["NSE:INFY"]],
    ["symbols before instruments", { symbols: [INFY], instruments: [TCS] }, ["NSE:INFY"]],
    ["empty symbols, then instruments", { symbols: [], instruments: [TCS] }, ["NSE:TCS"]],
    ["empty symbols, then the single form", { symbols: [], ...TCS }, ["NSE:TCS"]],
    ["null symbols, then the single form", { symbols: null, ...TCS }, ["NSE:TCS"]],
    ["the same twice", { symbols: [TCS, TCS] }, ["NSE:TCS", "NSE:TCS"]],
    ["incomplete entries", { symbols: [{ symbol: "TCS" }, { exchange: "NSE" }, INFY] }, ["NSE:INFY"]],
    ["incomplete entries only", { symbols: [{ symbol: "TCS" }, { symbol: "", exchange: "NSE" }] }, []],
    ["a mode inside an entry", { symbols: [{ ...TCS, mode: "nonsense" }] }, ["NSE:TCS"]],
    ["unknown keys", { ...TCS, colour: "red" }, ["NSE:TCS"]]
  ])("%s", (_, frame, expected) => {
    expect(names(frame)).toEqual(expected)
  })

  it("fails bad entries alone", () => {
    const { entries } = subscribeOf({
      symbols: ["TCS", null, 7, [TCS], { symbol: 5, exchange: "NSE" }, INFY]
    })
    expect(entries.map((e) => e.ok)).toEqual([false, false, false, false, false, true])
    expect(entries[0]).toMatchObject({ message: expect.stringContaining('Entry 1 is "TCS"') })
    expect(entries[4]).toMatchObject({
      symbol: "5",
      exchange: "NSE",
      message: expect.stringContaining("symbol")
    })
  })

  it.each([
    ["nothing", {}],
    ["no exchange", { symbol: "TCS" }],
    ["no symbol", { exchange: "NSE" }],
    ["empty lists", { symbols: [], instruments: [] }],
    ["a list that is text", { symbols: "NSE:TCS" }],
    ["a list that is an object", { symbols: TCS }],
    ["a symbol that is no text", { symbol: ["TCS"], exchange: "NSE" }],
    ["an exchange that is no text", { symbol: "TCS", exchange: 1 }]
  ])("%s is INVALID_PARAMETERS", (_, frame) => {
    expect(codeOf("subscribe", frame)).toBe("INVALID_PARAMETERS")
    expect(codeOf("unsubscribe", frame)).toBe("INVALID_PARAMETERS")
  })

  it("leaves names of the prototype alone", () => {
    const read = readFrame('{"action":"subscribe","__proto__":{"symbol":"TCS","exchange":"NSE"},"mode":1}')
    expect(read).toMatchObject({ request: { body: { code: "INVALID_PARAMETERS" } } })
    expect(({} as { symbol?: string }).symbol).toBeUndefined()
  })

  it.each([
    ["TCS", "NSE", "TCS", "NSE", undefined],
    ["TCS:20", "NSE", "TCS", "NSE", 20],
    ["TCS:30", "NSE", "TCS", "NSE", 30],
    ["TCS:50", "nse", "TCS", "NSE", 50],
    ["TCS:7", "NSE", "TCS:7", "NSE", undefined],
    [":20", "NSE", ":20", "NSE", undefined],
    ["TCS", " nse_index ", "TCS", "NSE_INDEX", undefined]
  ])("%s on %s means %s on %s", (symbol, exchange, realSymbol, realExchange, suffixDepth) => {
    expect(subscribeOf({ symbol, exchange }).entries).toEqual([
      { ok: true, symbol, exchange, instrument: { symbol: realSymbol, exchange: realExchange }, suffixDepth }
    ])
  })
})

describe("depth", () => {
  it.each([
    [{}, 5],
    [{ depth: 20 }, 20],
    [{ depth_level: 20 }, 20],
    [{ depth: 5, depth_level: 20 }, 5],
    [{ depth: null, depth_level: 20 }, 20],
    [{ depth: 0 }, 0],
    [{ depth: "20" }, { unusable: '"20"' }],
    [{ depth: [] }, { unusable: "[]" }]
  ])("of %j is %j", (frame, depth) => {
    expect(subscribeOf({ ...TCS, mode: 3, ...frame }).depth).toEqual(depth)
  })
})

describe("the mode of an unsubscribe", () => {
  const modesOf = (frame: object) =>
    unsubscribeOf(frame).entries.map((e) => (e.ok ? (e.mode ?? "all") : "failed"))

  it.each([
    ["single form", { ...TCS, mode: 1 }, ["ltp"]],
    ["single form without one", TCS, ["all"]],
    [
      "own modes",
      {
        symbols: [
          { ...TCS, mode: 1 },
          { ...INFY, mode: "Depth" }
        ]
      },
      ["ltp", "depth"]
    ],
    ["own mode before the common one", { symbols: [{ ...TCS, mode: 1 }, INFY], mode: 3 }, ["ltp", "depth"]],
    ["common mode", { symbols: [TCS, INFY], mode: "LTP" }, ["ltp", "ltp"]],
    ["no mode at all", { symbols: [TCS, INFY] }, ["all", "all"]],
    ["a bad own mode fails alone", { symbols: [{ ...TCS, mode: "x" }, INFY] }, ["failed", "all"]],
    ["a bad common mode that nobody needs", { symbols: [{ ...TCS, mode: 1 }], mode: "x" }, ["ltp"]],
    ["mode 4", { ...TCS, mode: 4 }, ["depth"]]
  ])("%s", (_, frame, expected) => {
    expect(modesOf(frame)).toEqual(expected)
  })

  it("is INVALID_MODE when an entry needs a bad common one", () => {
    expect(codeOf("unsubscribe", { symbols: [{ ...TCS, mode: 1 }, INFY], mode: "x" })).toBe("INVALID_MODE")
  })
})

describe("terms and opt-ins", () => {
  it("are read where they are given, and off where not", () => {
    const read = readFrame('{"action":"auth","api_key":"a","events":true,"snapshot":1,"clocks":"yes"}')
    expect(read).toMatchObject({ request: { optIns: { events: true, snapshot: false, clocks: false } } })
    const terms = (more: object) => {
      const inbound = readFrame(
        JSON.stringify({ action: "subscribe", symbol: "A", exchange: "NSE", ...more })
      )
      return inbound.kind === "request" && inbound.request.verb === "subscribe"
        ? inbound.request.body
        : undefined
    }
    expect(terms({})).toMatchObject({ terms: { slow: "conflate", intervalMs: 0 } })
    expect(terms({ slow: "close", interval_ms: 250 })).toMatchObject({
      terms: { slow: "close", intervalMs: 250 }
    })
    expect(terms({ slow: "never" })).toMatchObject({ code: "INVALID_PARAMETERS" })
    expect(terms({ interval_ms: -5 })).toMatchObject({ code: "INVALID_PARAMETERS" })
  })
})
