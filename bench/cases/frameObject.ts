/**
 * The client's frame as an object: what the frame writer's text must say, put together in the plainest way and
 * without any of its code.
 */
import type { View } from "../../src/frame/marketFrame.ts"
import type { Level, Tick } from "../../src/market/tick.ts"

type Fields = Readonly<Record<string, unknown>>

/** Prices here have at most four decimals; whatever lies behind the eighth is dust. */
const clean = (n: number): number => Number(n.toFixed(8))

const cents = (n: number): number => (Math.sign(n) * Math.round(Math.abs(n) * 100)) / 100

/** An empty slot is no best price. */
const best = (side: "bid" | "ask", level: Level | undefined): Fields =>
  level === undefined || level.price === 0
    ? {}
    : { [`${side}_price`]: level.price, [`${side}_size`]: level.quantity }

const ltpData = ({ ltp, ltq, ltt }: Tick): Fields => ({ ltp, ltq, last_trade_quantity: ltq, ltt })

const quoteData = (t: Tick): Fields => {
  const change = t.ltp === undefined || t.close === undefined ? undefined : clean(t.ltp - t.close)
  return {
    ltp: t.ltp,
    open: t.open,
    high: t.high,
    low: t.low,
    close: t.close,
    volume: t.volume,
    last_trade_quantity: t.ltq,
    last_quantity: t.ltq,
    average_price: t.average_price,
    avg_trade_price: t.average_price,
    total_buy_quantity: t.total_buy_quantity,
    total_sell_quantity: t.total_sell_quantity,
    change,
    change_percent: change === undefined ? undefined : cents((change / Math.abs(t.close!)) * 100),
    ...best("bid", t.depth?.buy[0]),
    ...best("ask", t.depth?.sell[0]),
    oi: t.oi,
    oi_high: t.oi_high,
    oi_low: t.oi_low,
    upper_circuit: t.upper_circuit,
    lower_circuit: t.lower_circuit,
    week52_high: t.week52_high,
    week52_low: t.week52_low,
    indicative_price: t.indicative_price,
    indicative_quantity: t.indicative_quantity,
    reference_price: t.reference_price,
    imbalance: t.imbalance,
    market_imbalance: t.market_imbalance
  }
}

const bookData = ({ depth }: Tick, levels: number): Fields =>
  depth === undefined || levels === 0
    ? {}
    : { depth: { buy: depth.buy.slice(0, levels), sell: depth.sell.slice(0, levels) } }

/** Fields that are undefined have no key once it is JSON. */
export const frameObject = ({ broker, exchange, levels, mode, symbol }: View, tick: Tick): Fields => ({
  type: "market_data",
  symbol,
  exchange,
  mode: { ltp: 1, quote: 2, depth: 3 }[mode],
  data: {
    symbol,
    exchange,
    ...(mode === "ltp" ? ltpData(tick) : quoteData(tick)),
    ...(mode === "depth" ? bookData(tick, levels) : {}),
    ...(mode === "ltp" ? {} : { ltt: tick.ltt, exchange_time: tick.exchange_time }),
    timestamp: tick.received_time
  },
  broker
})
