/** The scanner of everyday XTS events reads what `JSON.parse` reads, or gives up. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { fullMessage } from "../../../src/protocols/xts/encode.ts"
import type { Fields } from "../../../src/protocols/xts/fields.ts"
import { makeFields, numberKeys, pick, rowKeys } from "../../../src/protocols/xts/fields.ts"
import { readFrame } from "../../../src/protocols/xts/frames.ts"
import { parseLoosely } from "../../../src/protocols/xts/full.ts"
import type { MessageCode } from "../../../src/protocols/xts/layout.ts"
import { DEPTH, LTP, OPEN_INTEREST, TOUCHLINE, messageCodes } from "../../../src/protocols/xts/layout.ts"
import { objectOf } from "../../../src/protocols/xts/messages.ts"
import { Scanner } from "../../../src/protocols/xts/scan.ts"

const fields = makeFields()
const scanner = new Scanner(fields)

const copyOf = ({ numbers, ...rest }: Fields) => ({ ...rest, numbers: [...numbers] })

/** Whether it took the frame; what it took must be what `JSON.parse` and `pick` make of it. */
const takes = (frame: string): boolean => {
  if (!scanner.scan(frame)) return false
  const scanned = copyOf(fields)
  const packet = readFrame(frame)
  const event = packet.type === "event" ? parseLoosely(packet.text) : undefined
  assert.isArray(event, frame)
  assert.lengthOf(event as Array<unknown>, 2, frame)
  const [name, payload] = event as [unknown, unknown]
  assert.strictEqual(name, `${scanner.code}-json-full`)
  const message = objectOf(payload)
  assert.isDefined(message, frame)
  const picked = makeFields()
  pick(scanner.code, message!, picked)
  assert.deepStrictEqual(scanned, copyOf(picked), frame)
  return true
}

const eventOf = (code: number, message: string): string =>
  `42${JSON.stringify([`${code}-json-full`, message])}`

const level = { price: 1449.45, quantity: 8277, orders: 34 }
const tick = {
  symbol: "RELIANCE",
  exchange: "NSE",
  mode: "depth",
  received_time: 1_711_665_638_000,
  exchange_time: 1_711_665_638_000,
  ltt: 1_711_665_637_000,
  ltp: 1449.45,
  ltq: 487,
  open: 1425.15,
  high: 1458.9,
  low: 1413.8,
  close: 1431.5,
  volume: 21_955_239,
  average_price: 1436.35,
  oi: 7,
  depth: { buy: [level], sell: [level, { ...level, price: 1449.5 }] }
} as const
const everyday = (code: number): string =>
  eventOf(
    code,
    fullMessage(
      code as MessageCode,
      { exchangeSegment: 1, exchangeInstrumentID: 2885 },
      tick,
      999_069_560_326_038
    )
  )
const touchline = everyday(TOUCHLINE)
const depth = everyday(DEPTH)

/** JSON text of a number. */
const plainText = FastCheck.oneof(
  FastCheck.integer().map(String),
  FastCheck.double({ min: 0.001, max: 1e15, noNaN: true }).map((n) => JSON.stringify(n)),
  FastCheck.tuple(FastCheck.integer(), FastCheck.nat(9999)).map((parts) => parts.join(".")),
  FastCheck.tuple(FastCheck.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), FastCheck.nat()).map((parts) =>
    parts.join(".")
  )
)
/** What comes in the place of one, or is not even JSON. */
const oddText = FastCheck.oneof(
  FastCheck.constantFrom(
    "-0",
    "01",
    "1.",
    ".5",
    "-",
    "1e5",
    "9".repeat(400),
    "NaN",
    "-Infinity",
    "null",
    "true",
    "[NaN]"
  ),
  FastCheck.jsonValue().map((value) => JSON.stringify(value))
)
const valueText = FastCheck.oneof({ weight: 30, arbitrary: plainText }, { weight: 1, arbitrary: oddText })

const objectOfText = (keys: ReadonlyArray<string>, value: FastCheck.Arbitrary<string>) => {
  const key = FastCheck.oneof(
    { weight: 9, arbitrary: FastCheck.constantFrom(...keys) },
    FastCheck.string({ maxLength: 4 })
  )
  const members = FastCheck.array(FastCheck.tuple(key, value), { minLength: 1, maxLength: 5 })
  return FastCheck.tuple(members, FastCheck.integer({ min: 0, max: 9 })).map(([some, chance]) => {
    // A key twice is rare.
    const kept = chance === 0 ? some : [...new Map(some)]
    return `{${kept.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`
  })
}

const row = objectOfText([...rowKeys, "BuyBackMarketMaker"], valueText)
const rows = FastCheck.array(row, { minLength: 1, maxLength: 3 }).map((some) => `[${some.join(",")}]`)
const inTouchline = [...numberKeys.slice(4), "PercentChange"]
const nested = objectOfText([...inTouchline, "ExchangeTimeStamp"], FastCheck.oneof(valueText, row))
const message = FastCheck.tuple(
  objectOfText([...numberKeys.slice(0, 4), "MessageCode"], valueText),
  FastCheck.oneof(
    objectOfText(inTouchline, valueText),
    nested.map((text) => `{"Touchline":${text}}`)
  ),
  FastCheck.oneof(
    FastCheck.constant('{"Bids":[]}'),
    rows.map((text) => `{"Asks":${text}}`)
  )
).map((parts) => `{${parts.map((text) => text.slice(1, -1)).join(",")}}`)

describe("xts: the scanner", () => {
  it.each([LTP, TOUCHLINE, DEPTH, OPEN_INTEREST])("takes the everyday message %i", (code) => {
    assert.isTrue(takes(everyday(code)))
    assert.strictEqual(scanner.code, code)
  })

  it("takes NaN where nobody reads, a touchline at the root, and many decimals", () => {
    assert.isTrue(takes(touchline.replace("null", "NaN")))
    assert.isTrue(takes(eventOf(1501, '{"ExchangeSegment":1,"ExchangeInstrumentID":5,"Close":-10.5}')))
    assert.isTrue(takes(touchline.replace("1436.35", "1436.3500000000001364")))
    assert.isTrue(
      takes(touchline.replace('\\"BookType', '\\"Nested\\":{\\"a\\":{\\"b\\":\\"u\\"}},\\"BookType'))
    )
  })

  it.each([
    ["a key twice", touchline.replace("Open", "Close")],
    ["a key of a row twice", depth.replace("BuyBackMarketMaker", "Size")],
    ["a touchline in two places", touchline.replace("BookType", "Close")],
    ["no number", touchline.replace("487,", "null,")],
    ["an exponent", touchline.replace("1436.35", "1e3")],
    ["a blank", touchline.replace(",", ", ")],
    ["a leading zero", touchline.replace("1436.35", "01436.35")],
    ["an escape", touchline.replace("High", "\\\\u0048igh")],
    ["another code", touchline.replace("1501", "1505")],
    ["an acknowledgement", touchline.replace("42[", "421[")],
    ["a third part", touchline.replace(/\]$/, ",1]")],
    ["something behind the end", `${touchline} `],
    ["a message that is no text", '42["1501-json-full",{"Close":5}]'],
    ["an array for the touchline", eventOf(1501, '{"Touchline":[{"Close":5}]}')],
    ["an object for the bids", eventOf(1502, '{"Bids":{"Price":5}}')],
    ["a letter beyond ASCII", touchline.replace("null", '\\"ü\\"')],
    ["a huge text", touchline.replace("null", `\\"${"x".repeat(70_000)}\\"`)],
    ["nothing", ""]
  ])("leaves %s to JSON.parse", (_what, text) => {
    assert.isFalse(scanner.scan(text))
  })

  it("agrees with JSON.parse on any message", () => {
    let taken = 0
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom(...messageCodes), message, (code, text) => {
        if (takes(eventOf(code, text))) taken++
      }),
      { numRuns: 3000 }
    )
    assert.isAbove(taken, 100)
  })

  it("agrees with JSON.parse on whatever becomes of a frame", () => {
    const letter = FastCheck.constantFrom(...'{}[]",:\\-.0123456789eENaN \u007f\u0000é')
    const change = FastCheck.tuple(
      FastCheck.nat(depth.length),
      FastCheck.nat(3),
      FastCheck.string({ unit: letter, maxLength: 3 })
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let text = depth
        for (const [at, cut, put] of changes) text = text.slice(0, at) + put + text.slice(at + cut)
        takes(text)
      }),
      { numRuns: 5000 }
    )
    for (let end = 0; end <= depth.length; end++) takes(depth.slice(0, end))
  })
})
