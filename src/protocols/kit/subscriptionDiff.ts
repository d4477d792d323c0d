/**
 * What a request changes on the wire, and in which order. Codecs differ in where they keep a subscription, in the kinds of
 * packets that a want asks for (modes, channels, topics), in the wire's order, and in the text; the rest is here.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Change, Outbound, Want } from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import type { GivenUp } from "./givenUp.ts"
import type { LocalRefusals } from "./localRefusals.ts"
import { chunks } from "./text.ts"

/** Where an instrument's subscription is kept, which is all that tells it from others on the wire. */
export interface Place<K, S> {
  readonly id: K
  /** Of the table that it is kept in. */
  readonly givenUp: GivenUp<K, S>
}

/** A connection's subscription; codecs add what they remember with it. */
export interface Subscribed {
  readonly instrument: WireInstrument
}

export interface SubscriptionRules<K, S extends Subscribed, X, Kind> {
  /** Takes what cannot be asked for; absent where everything can. */
  readonly unasked?: LocalRefusals
  /** Where an instrument belongs, or why it cannot be asked for. */
  readonly placeOf: (instrument: WireInstrument) => (Place<K, S> & X) | string
  /** What a subscription has on the wire. */
  readonly kinds: (subscription: S, place: Place<K, S> & X) => ReadonlyArray<Kind>
  /** @param held what there is of the instrument: what it has told may be kept, or the object itself */
  readonly make: (instrument: WireInstrument, to: Want, held: S | undefined, place: Place<K, S> & X) => S
  /** Forgets what is kept beside the table. */
  readonly drop?: (subscription: S, place: Place<K, S> & X) => void
  /** Why an instrument cannot have the place of another one. Absent: it takes the place over. */
  readonly clash?: (instrument: WireInstrument, other: WireInstrument) => string | undefined
}

/** A place that a request touches, before and after it. */
export interface PlaceChange<S, P, Kind> {
  /** The same place for both, as the last instrument has it, and as the first one had it. */
  readonly place: P
  readonly placeBefore: P
  readonly before: S | undefined
  readonly now: S | undefined
  readonly was: ReadonlyArray<Kind>
  readonly is: ReadonlyArray<Kind>
  /** Asked for even where it is subscribed. */
  readonly anew: boolean
  /** False for what is given up once more. */
  readonly inUse: boolean
}

/** Records the changes in the tables that the places name, and returns what they touched. */
export const applyChanges = <K, S extends Subscribed, X, Kind extends string | number>(
  changes: ReadonlyArray<Change>,
  { clash, drop, kinds, make, placeOf, unasked }: SubscriptionRules<K, S, X, Kind>
): ReadonlyArray<PlaceChange<S, Place<K, S> & X, Kind>> => {
  type P = Place<K, S> & X
  interface Touched {
    place: P
    readonly placeBefore: P
    readonly before: S | undefined
    readonly was: ReadonlyArray<Kind>
    readonly inUse: boolean
    anew: boolean
  }
  const touched: Array<Touched> = []
  const byPlace = new Map<GivenUp<K, S>, Map<K, Touched>>()
  for (const change of changes) {
    const { instrument, to } = change
    const place = placeOf(instrument)
    if (typeof place === "string") {
      unasked?.add(instrument, place)
      continue
    }
    const { givenUp, id } = place
    const before = givenUp.before(id, change)
    const why = before && clash?.(instrument, before.instrument)
    if (why !== undefined) {
      // An end of the other one is none of this one's.
      if (to !== undefined) unasked?.add(instrument, why)
      continue
    }
    let ofTable = byPlace.get(givenUp)
    if (ofTable === undefined) byPlace.set(givenUp, (ofTable = new Map<K, Touched>()))
    let one = ofTable.get(id)
    if (one === undefined) {
      const was = before === undefined ? [] : kinds(before, place)
      one = { place, placeBefore: place, before, was, inUse: givenUp.inUse(id) !== undefined, anew: false }
      ofTable.set(id, one)
      touched.push(one)
    }
    one.place = place
    if (isSubscribe(change)) one.anew = true
    if (to !== undefined) givenUp.put(id, make(instrument, to, before ?? earlier(one, instrument), place))
    else if (before !== undefined) {
      givenUp.drop(id)
      drop?.(before, place)
    }
  }
  return touched.map((one) => {
    const now = one.place.givenUp.inUse(one.place.id)
    return { ...one, now, is: now === undefined ? [] : kinds(now, one.place) }
  })
}

/** What is given up and wanted again in one request keeps what is known of it. */
const earlier = <S extends Subscribed>(
  { before, inUse }: { readonly before: S | undefined; readonly inUse: boolean },
  instrument: WireInstrument
): S | undefined =>
  inUse && before !== undefined && nameOf(before.instrument) === nameOf(instrument) ? before : undefined

/** The last word on each instrument, for codecs that would lose more than they keep by each of its changes. */
export const lastWords = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> => [
  ...new Map(changes.map((change) => [nameOf(change.instrument), change])).values()
]

/**
 * The wire's order.
 *
 * - `overlap`: what nobody wants any more makes room first; then an instrument gets its new kinds before it gives up those that
 *   they replace, so that no tick is missed. For kinds that are independent of each other.
 * - `oldFirst`: all that goes, then what comes. For kinds that count against a limit, or that do not stand side by side.
 * - `newFirst`: what comes, then all that goes.
 */
export type WireOrder = "overlap" | "oldFirst" | "newFirst"

export interface StepRules {
  readonly order: WireOrder
  /** What is asked for once more is given up before: the broker would count it twice, or refuse it. */
  readonly renews?: boolean
  /** An instrument has one kind at a time, and asking for another replaces it. */
  readonly replaces?: boolean
}

export type Action = "subscribe" | "unsubscribe"

export interface StepItem<S, P, Kind> {
  readonly kind: Kind
  readonly place: P
  /** The one that it is asked for, or that it is given up of. */
  readonly subscription: S
}

export interface Step<S, P, Kind> {
  readonly action: Action
  readonly items: ReadonlyArray<StepItem<S, P, Kind>>
}

/** What to ask for, step by step. */
export const stepsOf = <S, P, Kind>(
  changes: ReadonlyArray<PlaceChange<S, P, Kind>>,
  { order, renews = false, replaces = false }: StepRules
): ReadonlyArray<Step<S, P, Kind>> => {
  const gone: Array<StepItem<S, P, Kind>> = []
  const added: Array<StepItem<S, P, Kind>> = []
  const replaced = order === "overlap" ? [] : gone
  for (const { anew, before, is, now, place, placeBefore, was } of changes) {
    const renewed = renews && anew && now !== undefined
    const ended = renewed ? was : was.filter((kind) => !is.includes(kind))
    if (now !== undefined) {
      const whole = anew || (replaces && ended.length > 0)
      for (const kind of is) {
        if (whole || !was.includes(kind)) added.push({ kind, place, subscription: now })
      }
    }
    if (before === undefined || (replaces && now !== undefined)) continue
    const left = renewed || now === undefined ? gone : replaced
    for (const kind of ended) left.push({ kind, place: placeBefore, subscription: before })
  }
  const coming = { action: "subscribe", items: added } as const
  const going = { action: "unsubscribe", items: gone } as const
  if (order === "newFirst") return [coming, going]
  return order === "oldFirst" ? [going, coming] : [going, coming, { action: "unsubscribe", items: replaced }]
}

export interface FrameRules<Kind> extends StepRules {
  /** In the wire's order, or as they appear; a frame is of one kind. */
  readonly kinds?: ReadonlyArray<Kind>
  /** Instruments in one frame. */
  readonly batch: number | ((kind: Kind) => number)
}

/** @param write the frame, or none where the wire needs none */
export const subscriptionFrames = <S, P, Kind>(
  changes: ReadonlyArray<PlaceChange<S, P, Kind>>,
  rules: FrameRules<Kind>,
  write: (action: Action, kind: Kind, items: ReadonlyArray<StepItem<S, P, Kind>>) => Outbound | undefined
): ReadonlyArray<Outbound> => {
  const { batch, kinds } = rules
  const frames: Array<Outbound> = []
  for (const { action, items } of stepsOf(changes, rules)) {
    for (const kind of kinds ?? new Set(items.map((item) => item.kind))) {
      const own = items.filter((item) => item.kind === kind)
      for (const part of chunks(own, typeof batch === "number" ? batch : batch(kind))) {
        const frame = write(action, kind, part)
        if (frame !== undefined) frames.push(frame)
      }
    }
  }
  return frames
}

/** For wires on which an instrument is subscribed or not. */
export const WHOLE: ReadonlyArray<"whole"> = ["whole"]
