/** The broker's side of 5paisa's feed, for the simulator and for tests: the same requests, the same texts. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { NOTHING } from "../serverProtocol.ts"
import { ServedKinds } from "../kit/servedKinds.ts"
import { isObject, parseObject, reveal } from "../kit/text.ts"
import { textCodes } from "../kit/variant.ts"
import type { Service } from "./layout.ts"
import { ASK, BID, SERVICES, keyOf } from "./layout.ts"

/** How the real server declines is UNCONFIRMED: a refused upgrade or an immediate close. */
const UNAUTHORISED: Refusal = { status: 401, headers: {} }

export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const value = new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("Value1")
  return value === `${reveal(accepted.authToken)}|${reveal(accepted.clientCode)}` ? undefined : UNAUTHORISED
}

const NO_DATE = "/Date(-62135596800000)/"
const date = (ms: number | undefined): string => (ms === undefined ? NO_DATE : `/Date(${ms})/`)

export class FivePaisaServerCodec implements ServerCodec {
  readonly #held = new ServedKinds<string, Service>()
  readonly #codes: Readonly<Record<string, string>>

  constructor(options: CodecOptions) {
    this.#codes = textCodes("fivepaisa", options.codes)
  }

  receive(frame: Frame, find: FindByToken): Received {
    const request = typeof frame === "string" ? parseObject(frame) : undefined
    const service = SERVICES.find((s) => s === request?.["Method"])
    const data = request?.["MarketFeedData"]
    // Nothing is acknowledged, and nothing is complained about.
    if (service === undefined || !Array.isArray(data)) return NOTHING
    const touched: Array<WireInstrument> = []
    for (const item of data) {
      if (!isObject(item)) continue
      const segment = `${String(item["Exch"])}${String(item["ExchType"])}`
      const instrument = find(String(item["ScripCode"]), segment)
      if (instrument === undefined) continue
      const key = keyOf(segment, instrument.token)
      if (request?.["Operation"] === "Subscribe") {
        this.#held.add(key, service)
        touched.push(instrument)
      } else this.#held.remove(key, service)
    }
    return { answers: [], touched }
  }

  #servicesOf({ exchange, token }: WireInstrument): ReadonlySet<Service> {
    return this.#held.of(keyOf(this.#codes[exchange] ?? "", token))
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    const services = this.#servicesOf(instrument)
    return [
      ...(services.has("MarketFeedV3") ? [{ mode: "quote", depth: 0 } as const] : []),
      ...(services.has("MarketDepthService") ? [{ mode: "depth", depth: 5 } as const] : [])
    ]
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const feeds: Array<unknown> = []
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const services = this.#servicesOf(instrument)
      if (services.size === 0) continue
      const code = this.#codes[instrument.exchange] ?? ""
      const identity = { Exch: code[0], ExchType: code[1], Token: Number(instrument.token) }
      if (services.has("MarketFeedV3")) feeds.push({ ...identity, ...feed(tick) })
      if (services.has("GetScripInfoForFuture") && tick.oi !== undefined) {
        const { oi, oi_high = oi, oi_low = oi } = tick
        frames.push(JSON.stringify({ ...identity, OpenInterest: oi, DayHiOI: oi_high, DayLoOI: oi_low }))
      }
      if (services.has("MarketDepthService") && tick.depth !== undefined) {
        frames.push(JSON.stringify({ ...identity, ...book(tick) }))
      }
    }
    return feeds.length === 0 ? frames : [JSON.stringify(feeds), ...frames]
  }
}

const feed = (tick: Tick) => ({
  LastRate: tick.ltp ?? 0,
  LastQty: tick.ltq ?? 0,
  TotalQty: tick.volume ?? 0,
  High: tick.high ?? 0,
  Low: tick.low ?? 0,
  OpenRate: tick.open ?? 0,
  PClose: tick.close ?? 0,
  AvgRate: tick.average_price ?? 0,
  Time: 0,
  BidQty: tick.depth?.buy[0]?.quantity ?? 0,
  BidRate: tick.depth?.buy[0]?.price ?? 0,
  OffQty: tick.depth?.sell[0]?.quantity ?? 0,
  OffRate: tick.depth?.sell[0]?.price ?? 0,
  TBidQ: tick.total_buy_quantity ?? 0,
  TOffQ: tick.total_sell_quantity ?? 0,
  TickDt: date(tick.ltt),
  ChgPcnt: tick.close === undefined ? 0 : (100 * ((tick.ltp ?? tick.close) - tick.close)) / tick.close
})

const rows = (levels: ReadonlyArray<Level>, flag: number) =>
  Array.from({ length: 5 }, (_, i) => ({
    Quantity: levels[i]?.quantity ?? 0,
    Price: levels[i]?.price ?? 0,
    NumberOfOrders: levels[i]?.orders ?? 0,
    BbBuySellFlag: flag
  }))

const book = (tick: Tick) => ({
  TBidQ: tick.total_buy_quantity ?? 0,
  TOffQ: tick.total_sell_quantity ?? 0,
  Details: [...rows(tick.depth?.buy ?? [], BID), ...rows(tick.depth?.sell ?? [], ASK)],
  TimeStamp: 0,
  Time: date(tick.exchange_time)
})
