/**
 * The fields of a tick, and of the frames that clients get: one line each.
 *
 * All else derives from this table: the Tick Schema and its type (`tick.ts`), the rules and the compiled check (`tickRules.ts`,
 * `tickCheck.ts`), the frame's layout and its field readers (`frame/frameLayout.ts`), the MessagePack keys
 * (`frame/msgpackKeys.ts`), and the published message Schemas (`gateway/messages/tickData.ts`). So a new field is a new line here,
 * and then in the codecs that carry it.
 *
 * A line's key is the field's name in the tick and in frames. The order of the lines is the order in the frame, which clients
 * may rely on: put a new field at the end of its section.
 */
import type { Mode } from "./mode.ts"

/** Why a price is doubted: too far from the last one, or outside the day's circuit limits. */
export const doubts = ["jump", "circuit"] as const

/** What may be in a field. `tickRules.ts` has the rule of each kind. */
export type Kind =
  /** Not empty. */
  | "text"
  | "mode"
  /** One of `doubts`. */
  | "doubt"
  /** Rupees, or the quote currency. No zero: nothing trades at 0. */
  | "price"
  | "percent"
  /** A whole number, 0 or more. */
  | "quantity"
  /** A whole number: a surplus on either side. */
  | "signedQuantity"
  /** Epoch milliseconds, UTC. */
  | "time"
  | "book"

export interface Field {
  readonly kind: Kind
  /** The modes whose frames carry it; quote and depth, where none are named. */
  readonly modes?: ReadonlyArray<Mode>
  /** A key of frames alone: another name for this field of the tick. */
  readonly from?: string
  /** A key of frames alone: the frame writer computes it. */
  readonly computed?: true
  /** For the published message Schemas. */
  readonly description?: string
}

export type Section = Readonly<Record<string, Field>>

const EVERY_MODE = ["ltp", "quote", "depth"] as const

/** Whose prices they are. Every tick has these; frames have the names in their head. */
const head = {
  symbol: { kind: "text" },
  exchange: { kind: "text" },
  /** The richest mode that the packet can serve. */
  mode: { kind: "mode" },
  /** When our socket delivered the wire frame. */
  received_time: { kind: "time" }
} as const satisfies Section

const marks = {
  /** Why its `ltp` is doubted; only where the plausibility guard marks (session/ticks/plausibility.ts). */
  implausible: {
    kind: "doubt",
    modes: EVERY_MODE,
    description: "Why ltp is doubted, where the operator chose to mark doubtful prices"
  }
} as const satisfies Section

const day = {
  /** Last traded price. */
  ltp: { kind: "price", modes: EVERY_MODE },
  /** Last traded quantity. */
  ltq: { kind: "quantity", modes: ["ltp"], description: "Of the last trade" },
  open: { kind: "price" },
  high: { kind: "price" },
  low: { kind: "price" },
  /** The previous session's close. */
  close: { kind: "price", description: "Of the previous session" },
  volume: { kind: "quantity" },
  last_trade_quantity: {
    kind: "quantity",
    from: "ltq",
    modes: EVERY_MODE,
    description: "Of the last trade"
  },
  /** The name that the Python SDK reads. */
  last_quantity: { kind: "quantity", from: "ltq", description: "Of the last trade" },
  /** Volume-weighted average price of the day. */
  average_price: { kind: "price" },
  /** The name that the Python SDK reads. */
  avg_trade_price: { kind: "price", from: "average_price", description: "The same as average_price" },
  total_buy_quantity: { kind: "quantity" },
  total_sell_quantity: { kind: "quantity" },
  change: { kind: "price", computed: true, description: "ltp less close" },
  change_percent: { kind: "percent", computed: true },
  bid_price: { kind: "price", computed: true },
  bid_size: { kind: "quantity", computed: true },
  ask_price: { kind: "price", computed: true },
  ask_size: { kind: "quantity", computed: true },
  /** Open interest, and its extremes of the day. */
  oi: { kind: "quantity", description: "Open interest" },
  oi_high: { kind: "quantity" },
  oi_low: { kind: "quantity" },
  upper_circuit: { kind: "price" },
  lower_circuit: { kind: "price" },
  week52_high: { kind: "price" },
  week52_low: { kind: "price" }
} as const satisfies Section

/**
 * What a tick has in an auction only; outside one these fields are absent. Most wires do not say that the auction is over: packets just
 * no longer carry them. So what one packet said of them is never kept beside the next one.
 */
const auction = {
  /** Where the auction would match now. */
  indicative_price: { kind: "price", description: "In an auction: where it would match now" },
  /** How much it would match there. */
  indicative_quantity: { kind: "quantity", description: "In an auction: how much it would match" },
  /** What the auction's price band is measured from. */
  reference_price: { kind: "price", description: "In an auction: what its price band is measured from" },
  /** What would be left unmatched: more to buy is positive, more to sell negative. */
  imbalance: {
    kind: "signedQuantity",
    description: "In an auction: what would be left, more to buy positive and more to sell negative"
  },
  /** The same of the orders at the market price alone. */
  market_imbalance: {
    kind: "signedQuantity",
    description: "In an auction: imbalance of the orders at the market price"
  }
} as const satisfies Section

const book = {
  depth: { kind: "book", modes: ["depth"] }
} as const satisfies Section

const times = {
  /** Last trade time. */
  ltt: { kind: "time", modes: EVERY_MODE, description: "Time of the last trade, epoch milliseconds" },
  /** The exchange's own clock for this update. */
  exchange_time: { kind: "time", description: "The exchange's clock, epoch milliseconds" },
  timestamp: {
    kind: "time",
    from: "received_time",
    modes: EVERY_MODE,
    description: "When the gateway's feed received it, epoch milliseconds"
  }
} as const satisfies Section

export const tickFields = { head, marks, day, auction, book, times }
export type TickFields = typeof tickFields

/** The lines of a section, as fields of any kind. */
export const fieldsOf = (section: Section): ReadonlyArray<readonly [name: string, field: Field]> =>
  Object.entries(section)

/** Whether it is a field of the tick, not of frames alone. */
export const isOwn = ({ computed, from }: Field): boolean => computed === undefined && from === undefined

/** Whether frames of this mode carry it. */
export const isIn = ({ modes = ["quote", "depth"] }: Field, mode: Mode): boolean => modes.includes(mode)
