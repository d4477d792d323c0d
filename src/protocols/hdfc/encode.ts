/** Market states to HDFC's packets. What a state does not have is left out, as proto3 leaves out zeros. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import type { Writer } from "../kit/protobuf.ts"
import { putDouble, putInt64, putMessage, putText } from "../kit/protobuf.ts"
import type { ScripType } from "./layout.ts"
import * as L from "./layout.ts"

/** The packet type of an exchange's complete packets, by its prefix. */
const typeOf: ReadonlyMap<string, number> = new Map(
  L.PACKET_TYPES.flatMap(({ kind, prefix }, type) =>
    prefix === undefined || kind === "refresh" ? [] : [[prefix, type] as const]
  )
)

/** @param writer of a `GenericDTOList` */
export const writePacket = (
  writer: Writer,
  prefix: string,
  { brokerSymbol, token }: WireInstrument,
  tick: Tick,
  scripType: ScripType,
  sequence: number
): void => {
  const type = typeOf.get(prefix) ?? 0
  putMessage(writer, L.PACKET, (packet) => {
    putInt64(packet, L.INSTRUMENT_ID, Number(token))
    if (L.PACKET_TYPES[type]!.kind === "index") {
      putMessage(packet, L.INDEX, (index) => writeIndex(index, brokerSymbol, tick, scripType))
    } else putMessage(packet, L.MARKET, (market) => writeMarket(market, tick, scripType))
    putInt64(packet, L.SEQUENCE, sequence)
    putInt64(packet, L.PACKET_TIME, tick.exchange_time)
    putInt64(packet, L.PACKET_TYPE, type)
  })
}

export const writeHeartbeat = (writer: Writer): void =>
  putMessage(writer, L.PACKET, (packet) => putInt64(packet, L.PACKET_TYPE, L.HEARTBEAT_TYPE))

const writeMarket = (writer: Writer, tick: Tick, type: ScripType): void => {
  putDouble(writer, L.LTP, tick.ltp)
  if (type === "LTP") return
  putInt64(writer, L.LTT, tick.ltt)
  putDouble(writer, L.OPEN, tick.open)
  putDouble(writer, L.HIGH, tick.high)
  putDouble(writer, L.CLOSE, tick.close)
  putDouble(writer, L.LOW, tick.low)
  putInt64(writer, L.VOLUME, tick.volume)
  putInt64(writer, L.LTQ, tick.ltq)
  putDouble(writer, L.AVERAGE, tick.average_price)
  const { depth } = tick
  if (depth !== undefined) {
    putMessage(writer, L.BOOK, (book) => {
      for (const level of depth.buy.slice(0, L.LEVELS)) writeLevel(book, level, true)
      for (const level of depth.sell.slice(0, L.LEVELS)) writeLevel(book, level, false)
    })
  }
  putInt64(writer, L.TOTAL_BUY, tick.total_buy_quantity)
  putInt64(writer, L.TOTAL_SELL, tick.total_sell_quantity)
  putDouble(writer, L.LOWER_CIRCUIT, tick.lower_circuit)
  putDouble(writer, L.UPPER_CIRCUIT, tick.upper_circuit)
  putInt64(writer, L.OPEN_INTEREST, tick.oi)
}

const writeLevel = (writer: Writer, { orders, price, quantity }: Level, isBuy: boolean): void =>
  putMessage(writer, L.LEVEL, (level) => {
    putInt64(level, L.LEVEL_QUANTITY, quantity)
    putDouble(level, L.LEVEL_PRICE, price)
    putInt64(level, L.LEVEL_ORDERS, orders)
    putInt64(level, L.LEVEL_IS_BUY, isBuy ? 1 : 0)
  })

const writeIndex = (writer: Writer, name: string, tick: Tick, type: ScripType): void => {
  putText(writer, L.INDEX_NAME, name)
  putDouble(writer, L.INDEX_VALUE, tick.ltp)
  if (type === "ALL") {
    putDouble(writer, L.INDEX_HIGH, tick.high)
    putDouble(writer, L.INDEX_LOW, tick.low)
    putDouble(writer, L.INDEX_OPEN, tick.open)
    putDouble(writer, L.INDEX_CLOSE, tick.close)
    putDouble(writer, L.INDEX_YEAR_HIGH, tick.week52_high)
    putDouble(writer, L.INDEX_YEAR_LOW, tick.week52_low)
  }
  putInt64(writer, L.INDEX_TIME, tick.exchange_time)
}
