/** Which security a cash symbol means, at every broker: the same whatever the order of the master's rows. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Broker, MasterFile, ParsedMaster } from "../../../../src/brokers/broker.ts"
import { builtInBrokers } from "../../../../src/brokers/registry.ts"
import { nameOf } from "../../../../src/market/instrument.ts"

/** As NSE lists them. */
interface Listed {
  readonly root: string
  readonly series: string
  readonly token: number
}

const listed: ReadonlyArray<Listed> = [
  { root: "ELECTCAST", series: "W1", token: 18116 },
  { root: "ELECTCAST", series: "EQ", token: 928 },
  { root: "MOTHERSON", series: "D1", token: 25510 },
  { root: "MOTHERSON", series: "EQ", token: 4204 },
  { root: "AARTISURF", series: "EQ", token: 19233 },
  { root: "AARTISURF", series: "P1", token: 12121 },
  { root: "CENTRALBK", series: "BE", token: 14898 },
  { root: "THRICE", series: "SM", token: 31 },
  { root: "THRICE", series: "BZ", token: 32 },
  { root: "THRICE", series: "BE", token: 33 },
  { root: "SMECO", series: "SM", token: 9999 },
  { root: "SMETRADE", series: "ST", token: 9998 },
  { root: "SMEBROKE", series: "SZ", token: 9997 },
  { root: "ONLYDEBT", series: "N1", token: 501 },
  { root: "ONLYDEBT", series: "N2", token: 502 },
  { root: "PARTLY", series: "E1", token: 601 },
  { root: "BAJAJ-AUTO", series: "EQ", token: 16669 }
]

const expected: Readonly<Record<string, number>> = {
  "NSE:ELECTCAST": 928,
  "NSE:ELECTCAST-W1": 18116,
  "NSE:MOTHERSON": 4204,
  "NSE:MOTHERSON-D1": 25510,
  "NSE:AARTISURF": 19233,
  "NSE:AARTISURF-P1": 12121,
  "NSE:CENTRALBK": 14898,
  "NSE:THRICE": 33,
  "NSE:THRICE-BZ": 32,
  "NSE:THRICE-SM": 31,
  "NSE:SMECO": 9999,
  "NSE:SMETRADE": 9998,
  "NSE:SMEBROKE": 9997,
  "NSE:ONLYDEBT-N1": 501,
  "NSE:ONLYDEBT-N2": 502,
  "NSE:PARTLY-E1": 601,
  "NSE:BAJAJ-AUTO": 16669
}

/** A master's file out of rows, and what makes a row. */
interface Format {
  readonly row: (listed: Listed) => string | object
  readonly files: (rows: ReadonlyArray<string | object>) => ReadonlyArray<MasterFile>
  /** The number of the exchange in a token of the broker. */
  readonly numberOf?: (token: string) => number
}

const csv =
  (name: string, ...header: ReadonlyArray<string>): Format["files"] =>
  (rows) => [{ name, text: [...header, ...rows].join("\n") }]
const json =
  (name: string): Format["files"] =>
  (rows) => [{ name, text: JSON.stringify(rows) }]

const xts: Format = {
  row: ({ root, series, token }) =>
    `NSECM|${token}|8|${root}|${root}-${series}|${series}|${root}-${series}|1|2|1|100|0.05|1|1|${root}|INE000A01018|1|1|${root}`,
  files: csv("master.txt")
}
const noren: Format = {
  row: ({ root, series, token }) => `NSE,${token},1,${root},${root}-${series},${series},0.05,`,
  files: csv("NSE_symbols.txt", "Exchange,Token,LotSize,Symbol,TradingSymbol,Instrument,TickSize,")
}
const angelLike = (long: "symbol" | "name", short: "symbol" | "name"): Format => ({
  row: ({ root, series, token }) => ({
    token: String(token),
    [long]: `${root}-${series}`,
    [short]: root,
    expiry: "",
    strike: "-1",
    lotsize: "1",
    instrumenttype: "",
    exch_seg: "NSE",
    tick_size: "5"
  }),
  files: json("master.json")
})
const dhan: Format = {
  row: ({ root, series, token }) =>
    `NSE,E,${token},EQUITY,0,${root},1,${root} Ltd,,,,5,NA,ES,${series},${root}`,
  files: csv(
    "api-scrip-master.csv",
    "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME"
  )
}

const formats: Readonly<Record<string, Format>> = {
  aliceblue: {
    row: ({ root, series, token }) =>
      `NSE,nse_cm,${root},${token},${root} Ltd,${root}-${series},${series},1,0.05`,
    files: csv(
      "NSE.csv",
      "Exch,Exchange Segment,Symbol,Token,Instrument Name,Trading Symbol,Group Name,Lot Size,Tick Size"
    )
  },
  angel: angelLike("symbol", "name"),
  arrow: {
    row: ({ root, series, token }) =>
      `${token},NSECM,${root},${root}-${series},${root},${root} Ltd,${series},INE000A01018,,,0,0.05,1`,
    files: csv(
      "all.csv",
      "Token,ExchSeg,Symbol,TradingSymbol,Underlying,FullName,Series,ISIN,Expiry,OptionType,StrikePrice,TickSize,LotSize"
    )
  },
  definedge: {
    row: ({ root, series, token }) => `NSE,${token},${root},${root}-${series},${series},,5,1,,,2,1`,
    files: csv("allmaster.csv")
  },
  dhan,
  firstock: {
    row: ({ root, series, token }) => `NSE,${token},1,${root}-${series},${root} Ltd,INE000A01018,0.05,100`,
    files: csv("NSE.csv", "Exchange,Token,LotSize,TradingSymbol,CompanyName,ISIN,TickSize,FreezeQty")
  },
  fivepaisa: {
    row: ({ root, series, token }) =>
      `N,C,${token},${root},,EQ,0,${root} LTD,0.05,1,0,1,${root},Y,INE000A01018,x,${series}`,
    files: csv(
      "ScripMaster.csv",
      "Exch,ExchType,ScripCode,Name,Expiry,ScripType,StrikeRate,FullName,TickSize,LotSize,QtyLimit,Multiplier,SymbolRoot,BOCOAllowed,ISIN,ScripData,Series"
    )
  },
  flattrade: {
    row: ({ root, series, token }) => `NSE,${token},1,${root},${root}-${series},${series}`,
    files: csv("NSE_Equity.csv", "Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument")
  },
  fyers: {
    row: ({ root, series, token }) =>
      `101000000${String(token).padStart(5, "0")},${root} LTD,0,1,0.05,INE000A01018,0915-1530,2026-09-09,,NSE:${root}-${series},10,10,${token},${root},${token},-1.0,XX,1,None,1,3.7`,
    files: csv("NSE_CM.csv"),
    numberOf: (token) => Number(token.slice(9))
  },
  groww: {
    row: ({ root, series, token }) =>
      `NSE,${token},${root},${root} Ltd,EQ,CASH,${series},INE000A01018,,,,1,0.05`,
    files: csv(
      "instrument.csv",
      "exchange,exchange_token,trading_symbol,name,instrument_type,segment,series,isin,underlying_symbol,expiry_date,strike_price,lot_size,tick_size"
    )
  },
  hdfcsecurities: {
    // The class of a security id: EQNR is a share, EQTT one in trade to trade; others end in their series and NR.
    row: ({ root, series, token }) =>
      `NSE,${root.slice(0, 6).padEnd(6, "X")}${series === "BE" ? "EQTT" : `${series}NR`},EQUITY,,0,,1,5,${token},${root}${series === "EQ" || series === "BE" ? "" : `-${series}`},`,
    files: csv(
      "security-master.csv",
      "exchange,security_id,instrument_segment,expiry_date,strike_price,option_type,lot_size,tick_size,exch_security_id,symbol_name,underline_symbol"
    )
  },
  hdfcsky: {
    row: ({ root, series, token }) =>
      `${token},${root}-${series},${root} Ltd,1,01-Jan-0001,0,0.05,1,EQUITY,XX,${series},NSE,INE000A01018`,
    files: csv(
      "CompactScrip.csv",
      "exchange_token,trading_symbol,company_name,close_price,expiry,strike,tick_size,lot_size,instrument_name,option_type,segment,exchange,isin"
    )
  },
  iiflcapital: {
    row: ({ root, series, token }) =>
      `NSEEQ,${token},,${root},${root} Ltd,${root}-${series},EQUITY,,,,1,0.05`,
    files: csv(
      "NSEEQ.csv",
      "Exchange,Instrument ID,Underlying Instrument ID,Underlying Instrument Symbol,Underlying Instrument Name,Trading Symbol,Instrument Type,Option Type,Strike Price,Expiry,Lot Size,Tick Size"
    )
  },
  indmoney: {
    row: ({ root, series, token }) =>
      `NSE,E,${token},EQUITY,0,${root},1,${root} Ltd,,,,0.05,,ES,${series},${root}`,
    files: csv(
      "equity.csv",
      "EXCH,SEGMENT,SECURITY_ID,INSTRUMENT_NAME,EXPIRY_CODE,TRADING_SYMBOL,LOT_UNITS,CUSTOM_SYMBOL,EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE,EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SERIES,SYMBOL_NAME"
    )
  },
  kotak: {
    row: ({ root, series, token }) =>
      `${token},${series},nse_cm,,${root},${root}-${series},,INE000A01018,${root} Ltd,5,1,,2,-1`,
    files: csv(
      "nse_cm-v1.csv",
      "pSymbol,pGroup,pExchSeg,pInstType,pSymbolName,pTrdSymbol,pOptionType,pISIN,pDesc,dTickSize ,lLotSize,lExpiryDate ,lPrecision ,dStrikePrice;"
    )
  },
  motilal: {
    row: ({ root, series, token }) => `1,NSE,${token},${root} ${series},1,${root},EQUITY,0,0,${series},0.05`,
    files: csv(
      "NSE.csv",
      "exchange,exchangename,scripcode,scripname,marketlot,scripshortname,instrumentname,expirydate,strikeprice,optiontype,ticksize"
    )
  },
  mstock: angelLike("name", "symbol"),
  nubra: {
    row: ({ root, series, token }) => ({
      ref_id: token,
      stock_name: `${root}-${series}`,
      derivative_type: "STOCK",
      tick_size: 5,
      lot_size: 1,
      exchange: "NSE"
    }),
    files: (rows) => [
      { name: "NSE.json", text: JSON.stringify({ refdata: rows }) },
      { name: "indexes.csv", text: "EXCHANGE,INDEX_SYMBOL,ZANSKAR_INDEX_SYMBOL,INDEX_NAME" }
    ]
  },
  paytm: {
    row: ({ root, series, token }) => `${token},${root},${root} Ltd,${series},0.05,1,ES,E,NSE,,,,,`,
    files: csv(
      "security_master.csv",
      "security_id,symbol,name,series,tick_size,lot_size,instrument_type,segment,exchange,upper_limit,lower_limit,expiry_date,strike_price,freeze_quantity"
    )
  },
  pocketful: {
    row: ({ root, series, token }) =>
      `${token},${root}-${series},${root} Ltd,1,,0,0.05,1,${series},XX,${series},NSE`,
    files: csv(
      "NSECompactScrip.csv",
      "exchange_token,trading_symbol,company_name,close_price,expiry,strike,tick_size,lot_size,instrument_name,option_type,segment,exchange"
    )
  },
  samco: {
    row: ({ root, series, token }) => `NSE,${token}_NSE,${root}-${series},${root} Ltd,EQ,1,0.05,,`,
    files: csv(
      "ScripMaster.csv",
      "exchange,symbolCode,tradingSymbol,name,instrument,lotSize,tickSize,expiryDate,strikePrice"
    ),
    numberOf: (token) => Number.parseInt(token, 10)
  },
  tradejini: {
    row: ({ root, series, token }) => `EQT_${root}_${series}_NSE,${token},${root},1,0.05,${root},${root} Ltd`,
    files: csv("Securities.csv", "id,excToken,dispName,lot,tick,symbol,desc")
  },
  upstox: {
    row: ({ root, series, token }) => ({
      // The ISIN is the token of the wire; its last digits stand in for the exchange's number here.
      instrument_key: `NSE_EQ|INE0000${String(token).padStart(5, "0")}`,
      segment: "NSE_EQ",
      trading_symbol: root,
      name: `${root} LTD`,
      instrument_type: series,
      tick_size: 5,
      lot_size: 1
    }),
    files: json("complete.json"),
    numberOf: (token) => Number(token.slice(-5))
  },
  zerodha: {
    // The low byte is the segment.
    row: ({ root, series, token }) =>
      `${token * 256 + 1},${token},${root}${series === "EQ" ? "" : `-${series}`},${root} LTD,0,,0,0.05,1,EQ,NSE,NSE`,
    files: csv(
      "instruments.csv",
      "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange"
    ),
    numberOf: (token) => Math.floor(Number(token) / 256)
  },
  dhan_sandbox: dhan,
  shoonya: noren,
  tradesmart: noren,
  zebu: noren,
  compositedge: xts,
  fivepaisaxts: xts,
  ibulls: xts,
  iifl: xts,
  jainamxts: xts,
  rmoney: xts,
  wisdom: xts
}

const parserOf = async (name: string) => {
  const { broker } = (await import(`../../../../src/brokers/data/${name}.ts`)) as {
    readonly broker: Broker
  }
  return broker.instrumentMaster.load()
}

const shuffles = <A>(rows: ReadonlyArray<A>) => fc.shuffledSubarray([...rows], { minLength: rows.length })

const named = ({ instruments }: ParsedMaster, { numberOf = Number }: Format) =>
  Object.fromEntries(
    instruments.filter((i) => i.exchange === "NSE").map((i) => [nameOf(i), numberOf(i.token)])
  )

describe("a cash symbol", () => {
  it("is tried at every broker that has shares", () => {
    // Crypto has no series.
    assert.deepStrictEqual(
      builtInBrokers.filter((name) => !(name in formats)),
      ["deltaexchange"]
    )
  })

  it.each(Object.keys(formats))(
    "means the ordinary share at %s, and the others have names of their own",
    async (name) => {
      const format = formats[name]!
      const parse = await parserOf(name)
      fc.assert(
        fc.property(shuffles(listed), (rows) => {
          const parsed = parse(format.files(rows.map(format.row)))
          assert.deepStrictEqual([parsed.rejects, parsed.skipped], [[], {}])
          assert.deepEqual(named(parsed, format), expected)
          for (const { series, symbol, type } of parsed.instruments) {
            if (type === "INDEX") continue
            assert.isTrue(
              series !== undefined && (!/-[A-Z]\w$/.test(symbol) || symbol.endsWith(`-${series}`)),
              symbol
            )
          }
        }),
        { numRuns: 20 }
      )
    }
  )

  it.each(Object.keys(formats))(
    "is nobody's at %s when two instruments claim it, and that is said",
    async (name) => {
      const format = formats[name]!
      const parse = await parserOf(name)
      const rows = [
        { root: "CLAIMED", series: "EQ", token: 71 },
        { root: "CLEAR", series: "EQ", token: 73 },
        { root: "CLAIMED", series: "EQ", token: 72 }
      ].map(format.row)
      for (const order of [rows, rows.toReversed()]) {
        const parsed = parse(format.files(order))
        assert.deepEqual(named(parsed, format), { "NSE:CLEAR": 73 })
        assert.strictEqual(parsed.rejects.length, 2)
        for (const { reason } of parsed.rejects)
          assert.match(reason, /NSE:CLAIMED is 2 instruments, with the tokens .* and /)
      }
    }
  )

  it.each(Object.keys(formats))("is no test of the exchange at %s", async (name) => {
    const format = formats[name]!
    const parse = await parserOf(name)
    const rows = [
      { root: "011NSETEST", series: "EQ", token: 14747 },
      { root: "CLEAR", series: "EQ", token: 73 }
    ]
    const parsed = parse(format.files(rows.map(format.row)))
    assert.deepEqual(named(parsed, format), { "NSE:CLEAR": 73 })
    assert.deepStrictEqual([parsed.rejects, parsed.skipped], [[], { "test of NSE": 1 }])
  })
})
