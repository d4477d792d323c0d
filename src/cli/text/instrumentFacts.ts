/** What is known of an instrument: its row, what its broker streams of it, and the same at other brokers. */
import * as Effect from "effect/Effect"
import type { Broker, Limit } from "../../brokers/broker.ts"
import { isExchange } from "../../market/exchange.ts"
import type { Instrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { isCurrent } from "../../store/instruments/masterCheck.ts"

/** The same instrument at another broker. */
export interface Elsewhere {
  readonly broker: string
  readonly token: string
  readonly brokerSymbol: string
  readonly brokerExchange: string
  readonly lotSize: number
  readonly tickSize: number
  /** What is not the same there. */
  readonly differs: ReadonlyArray<"lotSize" | "tickSize">
}

/** A socket of its own for a deep book of these levels. */
export interface DeepLevels {
  readonly levels: number
  readonly subscriptionsPerConnection: Limit
  readonly connectionsPerLogin: Limit
}

export interface InstrumentFacts {
  readonly broker: string
  readonly brokerTitle: string
  readonly instrument: Instrument
  /** Its last day was before today. */
  readonly expired: boolean
  /** Empty: the broker's feed does not have this exchange. */
  readonly modes: ReadonlyArray<Mode>
  /** Empty: no order book, as of indices. */
  readonly depthLevels: ReadonlyArray<number>
  readonly limits: Broker["limits"]
  /** Instruments that a connection may hold in a book deeper than the shallowest. */
  readonly deepBooks?: Limit
  readonly deepFeeds: ReadonlyArray<DeepLevels>
  readonly elsewhere: ReadonlyArray<Elsewhere>
}

/** @param today `YYYY-MM-DD` in India */
export const shownInstrument = Effect.fn("shownInstrument")(function* (
  broker: Broker,
  instrument: Instrument,
  today: string
) {
  const everywhere = yield* (yield* Instruments).everywhere(instrument)
  const capability = broker.exchanges[instrument.exchange]
  const facts: InstrumentFacts = {
    broker: broker.name,
    brokerTitle: broker.title,
    instrument,
    expired: !isCurrent(instrument, today),
    modes: capability === undefined ? [] : broker.modes,
    depthLevels: capability?.depthLevels ?? [],
    limits: broker.limits,
    ...(capability?.deepBooks === undefined ? {} : { deepBooks: capability.deepBooks }),
    deepFeeds: (broker.deepFeeds ?? [])
      .filter(({ exchanges }) => exchanges.includes(instrument.exchange))
      .map(({ levels, limits }) => ({ levels, ...limits })),
    elsewhere: everywhere
      .filter((other) => other.broker !== broker.name)
      .map(({ broker: name, brokerExchange, brokerSymbol, lotSize, tickSize, token }) => ({
        broker: name,
        token,
        brokerSymbol,
        brokerExchange,
        lotSize,
        tickSize,
        differs: [
          ...(lotSize === instrument.lotSize ? [] : ["lotSize" as const]),
          ...(tickSize === instrument.tickSize ? [] : ["tickSize" as const])
        ]
      }))
  }
  return facts
})

const SUGGESTIONS = 5
/** Fewer letters are the beginning of anything. */
const LEAST_LETTERS = 3

/** What may have been meant by a name that does not exist: the same elsewhere, else what begins like it. */
export const nearMatches = Effect.fn("nearMatches")(function* (
  broker: string,
  { exchange, symbol }: { readonly exchange: string; readonly symbol: string },
  today: string
) {
  const table = yield* Instruments
  const spans = isExchange(exchange) ? [{ exchanges: [exchange] }, {}] : [{}]
  for (let letters = symbol.length; letters >= Math.min(LEAST_LETTERS, symbol.length); letters--) {
    for (const span of spans) {
      const text = symbol.slice(0, letters)
      if (text === "") return []
      const near = yield* table.search(broker, { text, limit: SUGGESTIONS, today, ...span })
      if (near.length > 0) return near
    }
  }
  return []
})
