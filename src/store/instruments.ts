/** The instruments table: symbol to token, per broker. SQL runs when somebody subscribes, never per tick. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Instrument } from "../market/instrument.ts"
import type { StoreError } from "./errors.ts"

export interface InstrumentQuery {
  readonly symbol: string
  readonly exchange: string
}

export class Instruments extends Context.Service<
  Instruments,
  {
    /** One answer per query, in order; undefined where the broker has no such instrument. One statement for all. */
    readonly resolve: (
      broker: string,
      queries: ReadonlyArray<InstrumentQuery>
    ) => Effect.Effect<ReadonlyArray<Instrument | undefined>, StoreError>
    /** Replaces the broker's whole table in one transaction. Returns the number of rows. */
    readonly replace: (
      broker: string,
      instruments: ReadonlyArray<Instrument>
    ) => Effect.Effect<number, StoreError>
    readonly count: (broker: string) => Effect.Effect<number, StoreError>
    /** Symbols that contain the text, best match first. */
    readonly search: (
      broker: string,
      text: string,
      limit: number
    ) => Effect.Effect<ReadonlyArray<Instrument>, StoreError>
  }
>()("algoways/store/Instruments") {}
