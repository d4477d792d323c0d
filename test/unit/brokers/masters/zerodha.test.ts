import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/zerodha.ts"
import { broker } from "../../../../src/brokers/data/zerodha.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const HEADER =
  "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange"
const csv = (...rows: ReadonlyArray<string>): string => [HEADER, ...rows, ""].join("\n")
const one = (row: string): Instrument => {
  const { instruments, rejects, skipped } = parse(csv(row))
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}
const symbolOf = (row: string): string => one(row).symbol

describe("Zerodha's master", () => {
  it("takes the series off a share that has no better one", () => {
    assert.deepStrictEqual(one("738561,2885,RELIANCE,RELIANCE INDUSTRIES,0.0,,0.0,0.05,1,EQ,NSE,NSE"), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE",
      brokerExchange: "NSE",
      token: "738561",
      name: "RELIANCE INDUSTRIES",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.05,
      type: "EQ"
    })
    assert.strictEqual(
      symbolOf("3813889,14898,CENTRALBK-BE,CENTRAL BANK,0,,0,0.05,1,EQ,NSE,NSE"),
      "CENTRALBK"
    )
    assert.strictEqual(one("128083204,500325,RELIANCE,RELIANCE,0,,0,0.05,1,EQ,BSE,BSE").exchange, "BSE")
  })

  it("builds futures and options from name, expiry and strike", () => {
    assert.deepStrictEqual(
      one("11218178,43821,NIFTY24MAR20800CE,NIFTY,0,2024-03-28,20800.0,0.05,50,CE,NFO-OPT,NFO"),
      {
        symbol: "NIFTY28MAR2420800CE",
        exchange: "NFO",
        brokerSymbol: "NIFTY24MAR20800CE",
        brokerExchange: "NFO",
        token: "11218178",
        name: "NIFTY",
        expiry: "2024-03-28",
        strike: 20800,
        lotSize: 50,
        tickSize: 0.05,
        type: "CE"
      }
    )
    const future = one("223798021,874211,SENSEX24APRFUT,SENSEX,0,2024-04-24,0,0.05,10,FUT,BFO-FUT,BFO")
    assert.strictEqual(future.symbol, "SENSEX24APR24FUT")
    assert.notProperty(future, "strike")
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["2562,10,VEDL24APR292.5CE,VEDL,0,2024-04-25,292.5,0.05,2000,CE,NFO-OPT,NFO", "VEDL25APR24292.5CE"],
      ["2563,10,USDINR24MAYFUT,USDINR,0,2024-05-10,0,0.0025,1,FUT,CDS-FUT,CDS", "USDINR10MAY24FUT"],
      [
        "2566,10,USDINR24MAY83.25PE,USDINR,0,2024-05-31,83.25,0.0025,1,PE,BCD-OPT,BCD",
        "USDINR31MAY2483.25PE"
      ],
      ["2567,10,CRUDEOIL24MAYFUT,CRUDEOIL,0,2024-05-20,0,1,100,FUT,MCX-FUT,MCX", "CRUDEOIL20MAY24FUT"],
      ["2572,10,GOLD24MAYFUT,GOLD,0,2024-05-20,0,1,100,FUT,NCO-FUT,NCO", "GOLD20MAY24FUT"]
    ]
    for (const [row, symbol] of rows) assert.strictEqual(symbolOf(row), symbol)
  })

  it("takes an empty name from the trading symbol, monthly and weekly", () => {
    const row = (symbol: string, expiry: string) =>
      `12073986,1,${symbol},,0,${expiry},23500.0,0.05,40,CE,NFO-OPT,NFO`
    assert.strictEqual(symbolOf(row("BANKNIFTY18JAN23500CE", "2018-01-25")), "BANKNIFTY25JAN1823500CE")
    assert.strictEqual(symbolOf(row("NIFTY2432823500CE", "2024-03-28")), "NIFTY28MAR2423500CE")
    assert.strictEqual(symbolOf(row("NIFTY24D0523500CE", "2024-12-05")), "NIFTY05DEC2423500CE")
    const { rejects } = parse(csv(row("NIFTY99X23500CE", "2024-12-05")))
    assert.include(rejects[0]?.reason, "name is empty")
  })

  it.each([
    ["256265", "NIFTY 50", "NSE", "NSE_INDEX", "NIFTY"],
    ["256265", "NIFTY NEXT 50", "NSE", "NSE_INDEX", "NIFTYNXT50"],
    ["260105", "NIFTY BANK", "NSE", "NSE_INDEX", "BANKNIFTY"],
    ["257801", "NIFTY FIN SERVICE", "NSE", "NSE_INDEX", "FINNIFTY"],
    ["288009", "NIFTY MID SELECT", "NSE", "NSE_INDEX", "MIDCPNIFTY"],
    ["264969", "INDIA VIX", "NSE", "NSE_INDEX", "INDIAVIX"],
    ["256777", "NIFTY MIDCAP 100", "NSE", "NSE_INDEX", "NIFTYMIDCAP100"],
    ["265", "SENSEX", "BSE", "BSE_INDEX", "SENSEX"],
    ["521", "SNSX50", "BSE", "BSE_INDEX", "SENSEX50"],
    ["777", "AUTO", "BSE", "BSE_INDEX", "BSEAUTO"],
    ["777", "METAL", "BSE", "BSE_INDEX", "BSEMETAL"],
    ["777", "BSE CG", "BSE", "BSE_INDEX", "BSECAPITALGOODS"],
    ["777", "BSE IT", "BSE", "BSE_INDEX", "BSEINFORMATIONTECHNOLOGY"],
    ["291849", "GIFT NIFTY", "NSEIX", "GLOBAL_INDEX", "GIFTNIFTY"],
    ["289", "DOW JONES", "GLOBAL", "GLOBAL_INDEX", "DOWJONES"],
    ["777", "MCXBULLDEX", "MCX", "MCX_INDEX", "MCXBULLDEX"]
  ])("names index %s %s of %s", (given, name, exchange, common, symbol) => {
    // The low byte of every index is 9.
    const token = (Number(given) & ~0xff) | 9
    const index = one(`${token},1,${name},${name},0,,0,0,0,EQ,INDICES,${exchange}`)
    assert.deepStrictEqual(
      [
        index.symbol,
        index.exchange,
        index.brokerSymbol,
        index.brokerExchange,
        index.type,
        index.lotSize,
        index.tickSize
      ],
      [symbol, common, name, exchange, "INDEX", 1, 0]
    )
  })

  it("agrees with the broker's codes on every exchange that it fills", () => {
    const codes = Object.entries(broker.exchanges).map(([name, { code }]) => [name, Number(code)] as const)
    for (const [name, code] of codes) {
      const row = name.endsWith("_INDEX")
        ? `${256 * 7 + code},1,X,X,0,,0,0,0,EQ,INDICES,${name.replace("_INDEX", "")}`
        : `${256 * 7 + code},1,X24MAYFUT,X,0,2024-05-20,0,1,1,FUT,${name}-FUT,${name}`
      if (name === "NSE" || name === "BSE") continue
      assert.strictEqual(one(row).exchange, name)
    }
  })

  it("counts kinds that it does not carry", () => {
    const { instruments, rejects, skipped } = parse(
      csv(
        "264,1,OLD,OLD,0,,0,0.05,1,EQ,MCXSX,MCXSX",
        "520,1,OLD2,OLD,0,,0,0.05,1,EQ,MCXSX,MCXSX",
        "263,1,GOLD,GOLD,0,,0,1,1,EQ,MCX,MCX",
        "257,1,B,B,0,,0,0.05,1,BOND,NSE,NSE",
        "265,1,X,X,0,,0,0,0,EQ,INDICES,LSE"
      )
    )
    assert.deepStrictEqual([instruments, rejects], [[], []])
    assert.deepStrictEqual(skipped, { BOND: 1, "EQ of MCX": 1, "exchange MCXSX": 2, "index of LSE": 1 })
  })

  it("rejects bad rows by number and reason, and keeps the others", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["x,1,A,A,0,,0,0.05,1,EQ,NSE,NSE", "instrument_token"],
      ["4294967297,1,A,A,0,,0,0.05,1,EQ,NSE,NSE", "instrument_token"],
      ["258,1,A,A,0,,0,0.05,1,EQ,NSE,NSE", "segment 2"],
      ["258,1,IX,IX,0,,0,0,0,EQ,INDICES,NSE", "segment 2"],
      ["257,1,,A,0,,0,0.05,1,EQ,NSE,NSE", "tradingsymbol"],
      ["257,1,A,A,0,,0,-1,1,EQ,NSE,NSE", "tick_size"],
      ["257,1,A,A,0,,0,0.05,0,EQ,NSE,NSE", "lot_size"],
      ["257,1,A,A,0,,0,0.05,,EQ,NSE,NSE", "lot_size"],
      ["258,1,A,A,0,2024-02-30,10,0.05,1,CE,NFO-OPT,NFO", "expiry"],
      ["258,1,A,A,0,,10,0.05,1,FUT,NFO-FUT,NFO", "expiry"],
      ["258,1,A,A,0,2024-02-29,0,0.05,1,CE,NFO-OPT,NFO", "strike"],
      ["258,1,A,A,0,2024-02-29,abc,0.05,1,PE,NFO-OPT,NFO", "strike"],
      ["257,1,A,A", "4 fields"]
    ]
    const good = "738561,2885,RELIANCE,RELIANCE,0.0,,0.0,0.05,1,EQ,NSE,NSE"
    const { instruments, rejects } = parse(csv(good, ...rows.map(([row]) => row)))
    assert.strictEqual(instruments.length, 1)
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      rows.map((_, i) => i + 3)
    )
    for (const [i, [, reason]] of rows.entries()) assert.include(rejects[i]?.reason, reason)
  })

  it("counts MCX's contracts in units, as every other broker does", () => {
    const lot = (name: string, expiry: string, size = 1) =>
      one(`1799,7,${name}26DECFUT,${name},0,${expiry},0,1,${size},FUT,MCX-FUT,MCX`).lotSize
    assert.deepStrictEqual(
      [lot("CRUDEOIL", "2026-12-18"), lot("NATURALGAS", "2026-12-28"), lot("GOLDM", "2027-02-05")],
      [100, 1250, 100]
    )
    assert.deepStrictEqual([lot("MCXBULLDEX", "2026-10-30"), lot("MCXBULLDEX", "2026-11-26")], [30, 15])
    // What is not known stays, and so does a size that the file tells.
    assert.deepStrictEqual([lot("NEWMETAL", "2026-12-18"), lot("CRUDEOIL", "2026-12-18", 50)], [1, 50])
  })

  it("carries neither of two instruments with one name, and says so", () => {
    const { instruments, rejects } = parse(
      csv(
        "257,1,A,FIRST,0,,0,0.05,1,EQ,NSE,NSE",
        "513,1,A,SECOND,0,,0,0.05,1,EQ,NSE,NSE",
        "260,1,A,A,0,,0,1,1,EQ,BSE,BSE"
      )
    )
    assert.deepStrictEqual(
      instruments.map((i) => [i.exchange, i.token]),
      [["BSE", "260"]]
    )
    const reason =
      "NSE:A is 2 instruments, with the tokens 257 (A) and 513 (A): the master does not say which is meant"
    const conflict = { name: "NSE:A", tokens: ["257", "513"] }
    assert.deepStrictEqual(rejects, [
      { row: 2, reason, conflict },
      { row: 3, reason, conflict }
    ])
  })

  it("copes with stray quotes, a byte order mark, other line ends and columns in another order", () => {
    const { instruments } = parse(
      "\uFEFFexchange,segment,instrument_type,lot_size,tick_size,strike,expiry,name,tradingsymbol,instrument_token,extra\r\n" +
        'NSE,NSE,EQ,1,0.05,0,,A "QUOTED" NAME,A,257,x\r\n'
    )
    assert.deepStrictEqual([instruments[0]?.token, instruments[0]?.name], ["257", 'A "QUOTED" NAME'])
    assert.strictEqual(one('257,1,A,"A, LTD",0,,0,0.05,1,EQ,NSE,NSE').name, "A, LTD")
  })

  it.each([
    ["nothing", "", "lacks the columns"],
    ["an error page", "<html><body>502 Bad Gateway</body></html>", "lacks the columns"],
    ["a JSON answer", '{"status":"error","message":"Too many requests"}', "lacks the columns"],
    ["missing columns", "instrument_token,tradingsymbol\n1,A\n", "lacks the columns name, expiry"]
  ])("says what is wrong with %s, and what to do", (_, text, message) => {
    assert.throws(() => parse(text), MalformedMaster, message)
    assert.throws(() => parse(text), MalformedMaster, "api.kite.trade/instruments")
  })
})
