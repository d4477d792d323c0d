/** An instrument as its broker lists it, with what there is to send of it. */
import type { WireInstrument } from "../market/instrument.ts"
import type { Tick } from "../market/tick.ts"

export type Pair = readonly [WireInstrument, Tick]
