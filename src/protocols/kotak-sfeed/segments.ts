/**
 * The segments of one connection: what is subscribed in each, and the scale of its prices, which the server tells when the
 * connection begins. Packets carry the segment as a number, requests as a name.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { isObject } from "../kit/text.ts"
import type { Auction } from "./auction.ts"
import type { Topic } from "./layout.ts"
import { SEGMENT_IDS, USUAL_DIVIDER, isIndex, plainName } from "./layout.ts"

export interface Subscription {
  readonly instrument: WireInstrument
  /** As it is asked for: `nse_cm|2885`, `nse_cm|Nifty 50`. */
  readonly key: string
  readonly topic: Topic
  /** It has packets of its own, and goes out with the pictures that follow. Undefined outside auctions. */
  auction: Auction | undefined
}

export class Segment {
  readonly name: string
  /** From when its times are counted, epoch milliseconds. */
  readonly epoch: number
  /** 0: the server told one that cannot be understood, and no price of the segment can be read. */
  divider = USUAL_DIVIDER
  readonly byToken = new Map<number, Subscription>()
  readonly indexByNumber = new Map<number, Subscription>()
  readonly indexByName = new Map<string, Subscription>()

  constructor(name: string, epoch: number) {
    this.name = name
    this.epoch = epoch
  }

  /** By its number, else by its name: the server may have numbers of its own for them. */
  index(number: number, name: () => string): Subscription | undefined {
    return this.indexByNumber.get(number) ?? this.indexByName.get(plainName(name()))
  }
}

/** Names that packets may have for an index: the one it is asked for by, else the broker's symbol, without its suffix. */
const nameOfIndex = ({ brokerSymbol, token }: WireInstrument, number: number | undefined): string =>
  plainName(number === undefined ? token : brokerSymbol.replace(/-IN$/, ""))

export class Segments {
  readonly #byName = new Map<string, Segment>()
  /** By the number in packets, which is signed and small. */
  readonly #byId: Array<Segment | undefined> = []
  readonly #epochs: ReadonlyMap<string, number>

  constructor(epochs: ReadonlyMap<string, number>) {
    this.#epochs = epochs
    for (const [name, id] of Object.entries(SEGMENT_IDS)) this.#byId[id] = this.named(name)
  }

  named(name: string): Segment {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const segment = new Segment(name, this.#epochs.get(name) ?? 0)
    this.#byName.set(name, segment)
    return segment
  }

  byId(id: number): Segment | undefined {
    return id < 0 ? undefined : this.#byId[id]
  }

  /** @param number the token, where it is one; indices go by names too */
  put(segment: Segment, number: number | undefined, subscription: Subscription): void {
    const { instrument, key } = subscription
    if (!isIndex(instrument)) {
      segment.byToken.set(number!, subscription)
      return
    }
    if (number !== undefined) segment.indexByNumber.set(number, subscription)
    const name = nameOfIndex(instrument, number)
    const namesake = segment.indexByName.get(name)
    // One that was asked for by this very name has more right to it than one whose symbol it is.
    if (number !== undefined && namesake !== undefined && namesake.key !== key) return
    segment.indexByName.set(name, subscription)
  }

  remove(segment: Segment, number: number | undefined, { instrument, key }: Subscription): void {
    if (!isIndex(instrument)) {
      segment.byToken.delete(number!)
      return
    }
    if (number !== undefined) segment.indexByNumber.delete(number)
    const name = nameOfIndex(instrument, number)
    if (segment.indexByName.get(name)?.key === key) segment.indexByName.delete(name)
  }

  /** Takes `exchanges` of a login's answer: `{"nse_cm": {"value": 1, "divider": 100}}`. A later answer wins for what it names. */
  tell(exchanges: Readonly<Record<string, unknown>>): void {
    for (const [name, told] of Object.entries(exchanges)) {
      if (!isObject(told)) continue
      const { divider, value } = told
      const segment = this.named(name)
      segment.divider = dividerIn(divider)
      if (typeof value === "number" && Number.isInteger(value) && value > 0 && value <= 127) {
        this.#byId[value] = segment
      }
    }
  }
}

/** Prices have up to seven decimals (currency): what is no power of ten, or beyond, would give prices that nobody could tell from real ones. */
const DIVIDERS: ReadonlySet<unknown> = new Set([
  1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000
])

const dividerIn = (told: unknown): number => {
  if (told === undefined || told === null || told === 0) return USUAL_DIVIDER
  return DIVIDERS.has(told) ? (told as number) : 0
}
