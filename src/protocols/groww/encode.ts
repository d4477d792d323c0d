/** Market states to Groww's protobuf payloads. What a state does not have, and zeros, are left out. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { Writer } from "../kit/protobuf.ts"
import * as L from "./layout.ts"
import type { Kind } from "./subjects.ts"
import { isIndexPath } from "./subjects.ts"

const LEVELS = 5

const double = (writer: Writer, tag: number, value: number | undefined): void => {
  if (value !== undefined && value !== 0) writer.uint32(tag).double(value)
}

/** @param path of the segment: `fo/nse` */
export const encodePayload = (
  path: string,
  kind: Kind,
  { brokerSymbol }: WireInstrument,
  tick: Tick,
  detailedDivisor: number
): Uint8Array => {
  const writer = new Writer().uint32(L.SYMBOL).string(brokerSymbol)
  if (path.startsWith("fo/")) writer.uint32(L.SEGMENT).uint32(1)
  if (path.endsWith("/nse")) writer.uint32(L.EXCHANGE).uint32(1)
  if (kind === "book") writeBook(writer.uint32(L.BOOK).fork(), tick)
  else if (isIndexPath(path)) {
    writer.uint32(L.INDEX).fork()
    double(writer, L.TIME, tick.exchange_time)
    double(writer, L.VALUE, tick.ltp)
  } else if (kind === "price") {
    writer.uint32(L.PRICE).fork()
    double(writer, L.TIME, tick.exchange_time)
    double(writer, L.LTP, tick.ltp)
  } else writeDetails(writer.uint32(L.PRICE).fork(), tick, detailedDivisor)
  return writer.ldelim().finish()
}

const writeDetails = (writer: Writer, tick: Tick, divisor: number): void => {
  const price = (tag: number, value: number | undefined): void =>
    double(writer, tag, value === undefined ? undefined : value * divisor)
  double(writer, L.TIME, tick.exchange_time)
  price(L.OPEN, tick.open)
  price(L.HIGH, tick.high)
  price(L.LOW, tick.low)
  price(L.CLOSE, tick.close)
  double(writer, L.VOLUME, tick.volume)
  price(L.AVERAGE, tick.average_price)
  price(L.UPPER, tick.upper_circuit)
  price(L.LOWER, tick.lower_circuit)
  price(L.LTP, tick.ltp)
  double(writer, L.OPEN_INTEREST, tick.oi)
}

const writeBook = (writer: Writer, { depth, exchange_time }: Tick): void => {
  double(writer, L.TIME, exchange_time)
  writeSide(writer, L.BUY, depth?.buy ?? [])
  writeSide(writer, L.SELL, depth?.sell ?? [])
}

/** Empty levels are sent as empty messages, as Groww does. */
const writeSide = (writer: Writer, tag: number, levels: ReadonlyArray<Level>): void => {
  for (let i = 0; i < LEVELS; i++) {
    writer
      .uint32(tag)
      .fork()
      .uint32(L.LEVEL_NUMBER)
      .int32(i + 1)
      .uint32(L.LEVEL)
      .fork()
    double(writer, L.LEVEL_PRICE, levels[i]?.price)
    double(writer, L.LEVEL_QUANTITY, levels[i]?.quantity)
    writer.ldelim().ldelim()
  }
}
