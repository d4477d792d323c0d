/** Market states to Nubra's messages. What a state does not have is left out, as proto3 leaves out zeros. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { Writer, putInt64, putMessage, putMillisAsNanos, putText } from "../kit/protobuf.ts"
import type { Channel } from "./layout.ts"
import * as L from "./layout.ts"
import { nameOnWire } from "./names.ts"

export type State = readonly [WireInstrument, Tick]

const types: Readonly<Record<Channel, string>> = {
  [L.INDEX]: L.INDEX_BATCH,
  [L.BUCKET]: L.BUCKET_BATCH,
  [L.BOOK]: L.BOOK_BATCH,
  [L.GREEKS]: L.GREEKS_BATCH
}

/** @param word of an instrument's exchange */
export const encodeBatch = (
  channel: Channel,
  states: ReadonlyArray<State>,
  levels: number,
  word: (instrument: WireInstrument) => string
): Uint8Array => {
  const writer = new Writer()
  putMessage(writer, L.ANY, (any) => {
    putText(any, L.TYPE_URL, `${L.TYPE_PREFIX}${types[channel]}`)
    putMessage(any, L.VALUE, (batch) => {
      putMillisAsNanos(batch, L.BATCH_TIME, states[0]?.[1].exchange_time)
      for (const [instrument, tick] of states) {
        const isByNumber = channel === L.BOOK || channel === L.GREEKS
        const tag = isByNumber || L.isIndexExchange(instrument.exchange) ? L.ELEMENTS : L.MORE_ELEMENTS
        putMessage(batch, tag, (element) => {
          if (channel === L.INDEX) writeIndex(element, instrument, tick, word(instrument))
          else if (channel === L.BUCKET) writeBucket(element, instrument, tick, word(instrument))
          else if (channel === L.BOOK) writeBook(element, instrument, tick, levels)
          else writeGreeks(element, instrument, tick)
        })
      }
    })
  })
  return writer.finish()
}

const putPrice = (writer: Writer, tag: number, value: number | undefined): void =>
  putInt64(writer, tag, value === undefined ? undefined : value * L.PAISE)

const writeIndex = (writer: Writer, instrument: WireInstrument, tick: Tick, word: string): void => {
  putText(writer, L.INDEX_NAME, nameOnWire(instrument))
  putMillisAsNanos(writer, L.INDEX_TIME, tick.exchange_time)
  putPrice(writer, L.INDEX_VALUE, tick.ltp)
  putPrice(writer, L.INDEX_HIGH, tick.high)
  putPrice(writer, L.INDEX_LOW, tick.low)
  putInt64(writer, L.INDEX_VOLUME, tick.volume)
  putPrice(writer, L.INDEX_PREVIOUS_CLOSE, tick.close)
  putText(writer, L.INDEX_EXCHANGE, word)
  putInt64(writer, L.INDEX_OPEN_INTEREST, tick.oi)
}

const writeBucket = (writer: Writer, instrument: WireInstrument, tick: Tick, word: string): void => {
  putText(writer, L.BUCKET_NAME, nameOnWire(instrument))
  putText(writer, L.BUCKET_EXCHANGE, word)
  putInt64(writer, L.BUCKET_INTERVAL, L.ONE_DAY)
  putMillisAsNanos(writer, L.BUCKET_TIME, tick.exchange_time)
  putPrice(writer, L.BUCKET_OPEN, tick.open)
  putPrice(writer, L.BUCKET_HIGH, tick.high)
  putPrice(writer, L.BUCKET_LOW, tick.low)
  putPrice(writer, L.BUCKET_CLOSE, tick.ltp)
  putInt64(writer, L.BUCKET_DAY_VOLUME, tick.volume)
}

const writeBook = (writer: Writer, { token }: WireInstrument, tick: Tick, levels: number): void => {
  const side = (tag: number, all: ReadonlyArray<Level>): void => {
    for (const { orders, price, quantity } of all.slice(0, levels)) {
      putMessage(writer, tag, (level) => {
        putPrice(level, L.LEVEL_PRICE, price)
        putInt64(level, L.LEVEL_QUANTITY, quantity)
        putInt64(level, L.LEVEL_ORDERS, orders)
      })
    }
  }
  putInt64(writer, L.BOOK_INSTRUMENT, Number(token))
  putMillisAsNanos(writer, L.BOOK_TIME, tick.exchange_time)
  side(L.BOOK_BIDS, tick.depth?.buy ?? [])
  side(L.BOOK_ASKS, tick.depth?.sell ?? [])
  putPrice(writer, L.BOOK_LTP, tick.ltp)
  putInt64(writer, L.BOOK_LTQ, tick.ltq)
  putInt64(writer, L.BOOK_VOLUME, tick.volume)
  putInt64(writer, L.BOOK_REF, Number(token))
}

const writeGreeks = (writer: Writer, { token }: WireInstrument, tick: Tick): void => {
  putInt64(writer, L.GREEKS_INSTRUMENT, Number(token))
  putMillisAsNanos(writer, L.GREEKS_TIME, tick.exchange_time)
  putPrice(writer, L.GREEKS_LTP, tick.ltp)
  putInt64(writer, L.GREEKS_OPEN_INTEREST, tick.oi)
  putInt64(writer, L.GREEKS_VOLUME, tick.volume)
  putInt64(writer, L.GREEKS_REF, Number(token))
}
