import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { broker } from "../../../../src/brokers/data/deltaexchange.ts"
import { parse } from "../../../../src/brokers/masters/deltaexchange.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const perpetual = {
  id: 27,
  symbol: "BTCUSD",
  description: "Bitcoin Perpetual",
  contract_type: "perpetual_futures",
  settlement_time: null,
  strike_price: null,
  tick_size: "0.5",
  contract_value: "0.001",
  underlying_asset: { id: 2, symbol: "BTC" },
  trading_status: "operational",
  product_specs: {}
}
const page = (...result: ReadonlyArray<unknown>) => ({
  name: "products.json",
  text: JSON.stringify({ success: true, result, meta: { after: null } })
})
const one = (changed: object): Instrument => {
  const { instruments, rejects, skipped } = parse([page({ ...perpetual, ...changed })])
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("Delta Exchange's products", () => {
  it("carries perpetual futures under the wire's symbol", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "BTCUSDFUT",
      exchange: "CRYPTO",
      brokerSymbol: "BTCUSD",
      brokerExchange: "DELTAIN",
      token: "27",
      name: "BTC",
      lotSize: 0.001,
      tickSize: 0.5,
      type: "FUT"
    })
  })

  it.each<readonly [string, string, object, object]>([
    [
      "futures",
      "BTCUSD28Feb2025",
      { settlement_time: "2025-02-28T12:00:00Z" },
      { symbol: "BTC28FEB25FUT", expiry: "2025-02-28", type: "FUT" }
    ],
    [
      "call_options",
      "C-BTC-80000-280225",
      { settlement_time: "2025-02-28T12:00:00Z", strike_price: "80000" },
      { symbol: "BTC28FEB2580000CE", expiry: "2025-02-28", strike: 80_000, type: "CE" }
    ],
    [
      "put_options",
      "P-XRP-2.75-280225",
      { settlement_time: "2025-02-28T12:00:00Z", strike_price: 2.75, underlying_asset: { symbol: "XRP" } },
      { symbol: "XRP28FEB252.75PE", strike: 2.75, type: "PE" }
    ],
    ["spot", "BTC_INR", {}, { symbol: "BTCINR", type: "EQ" }]
  ])("names %s: %s", (contract_type, symbol, changed, expected) => {
    const found = one({ contract_type, symbol, ...changed })
    assert.deepInclude(found, expected)
    assert.strictEqual(found.brokerSymbol, symbol)
  })

  it.each(["move_options", "spreads", "interest_rate_swaps", "options_combos", "turbo_call_options"])(
    "takes %s for no future",
    (contract_type) => {
      const { instruments, rejects, skipped } = parse([page({ ...perpetual, contract_type })])
      assert.deepStrictEqual([instruments, rejects, skipped], [[], [], { [contract_type]: 1 }])
    }
  )

  it("reads all pages, skips what is not traded, and says what is wrong", () => {
    const option = { ...perpetual, contract_type: "call_options", settlement_time: "2025-02-28T12:00:00Z" }
    const { instruments, rejects, skipped } = parse([
      page(perpetual, { ...perpetual, id: 28, symbol: "OLD", trading_status: "disrupted_cancel_only" }),
      page(
        { ...perpetual, id: 3136, symbol: "ETHUSD" },
        "text",
        { ...perpetual, id: "x" },
        { ...perpetual, symbol: "" },
        { ...perpetual, symbol: "A", tick_size: "" },
        { ...perpetual, symbol: "A", contract_value: "0" },
        { ...option, symbol: "A", strike_price: null },
        { ...option, symbol: "A", strike_price: "1", settlement_time: "28-02-2025" },
        { ...option, symbol: "A", strike_price: "1", underlying_asset: null },
        { ...perpetual, contract_type: "futures", symbol: "A" },
        perpetual
      )
    ])
    assert.deepStrictEqual(
      instruments.map((i) => i.symbol),
      ["BTCUSDFUT", "ETHUSDFUT"]
    )
    assert.deepStrictEqual(skipped, { "repeated row": 1, "trading_status disrupted_cancel_only": 1 })
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      [4, 5, 6, 7, 8, 9, 10, 11, 12]
    )
  })

  it("refuses what is no page, and names the remedy", () => {
    for (const text of ["", "[]", '{"success":false,"error":{"code":"x"}}']) {
      assert.throws(() => parse([{ name: "products.json", text }]), MalformedMaster, /v2\/products/)
    }
    assert.throws(() => parse([]), MalformedMaster)
  })

  it("follows the pages until there is none", () => {
    const [{ next }] = broker.instrumentMaster.sources as [(typeof broker.instrumentMaster.sources)[0]]
    const url = "https://api.india.delta.exchange/v2/products?page_size=500&states=live"
    assert.strictEqual(next!('{"result":[],"meta":{"after":"g3Q=/+"}}'), `${url}&after=g3Q%3D%2F%2B`)
    for (const text of ['{"meta":{"after":null}}', '{"meta":{}}', "{}", "", '{"meta":{"after":""}}']) {
      assert.isUndefined(next!(text), text)
    }
  })
})
