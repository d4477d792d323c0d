/** The numbers of the values in Kotak's topics. Source: the official Python SDK. */
import type { Fields } from "../hsm/fields.ts"
import { five, slot } from "../hsm/fields.ts"

/** @param epoch from when times are counted, epoch milliseconds */
export const fieldsOf = (epoch: number): Fields => ({
  // 0 and 1 are times of the server's own, 25 and 26 what the SDK computes.
  sf: {
    epoch,
    exchangeTime: slot(2),
    ltt: slot(3),
    volume: slot(4),
    ltp: slot(5),
    ltq: slot(6),
    totalBuy: slot(7),
    totalSell: slot(8),
    bid: slot(9),
    ask: slot(10),
    bidQuantity: slot(11),
    askQuantity: slot(12),
    average: slot(13),
    low: slot(14),
    high: slot(15),
    lowerCircuit: slot(16),
    upperCircuit: slot(17),
    week52High: slot(18),
    week52Low: slot(19),
    open: slot(20),
    close: slot(21),
    oi: slot(22),
    multiplier: slot(23),
    precision: slot(24)
  },
  if: {
    epoch,
    ltp: slot(2),
    close: slot(3),
    exchangeTime: slot(4),
    high: slot(5),
    low: slot(6),
    open: slot(7),
    multiplier: slot(8),
    precision: slot(9)
  },
  dp: {
    buy: { price: five(2), quantity: five(12), orders: five(22) },
    sell: { price: five(7), quantity: five(17), orders: five(27) },
    multiplier: slot(32),
    precision: slot(33),
    dropEmpty: true
  },
  count: { sf: 25, if: 10, dp: 34 },
  lite: { sf: 0, if: 0, dp: 0 }
})
