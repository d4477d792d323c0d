/** What is subscribed on one connection, found by what a message says: segment, then instrument id. */
import type { WireInstrument } from "../../market/instrument.ts"
import { SubscriptionTable } from "../kit/givenUp.ts"
import type { MessageCode } from "./layout.ts"
import { indexOf, messageCodes } from "./layout.ts"
import type { Known } from "./ticks.ts"

/** Ids beyond this cannot be told apart as numbers. */
export const MAX_ID = Number.MAX_SAFE_INTEGER

export interface Subscription {
  instrument: WireInstrument
  codes: ReadonlyArray<MessageCode>
  /** The last word of each kind of message, in the order of `messageCodes`. */
  readonly known: Array<Known | undefined>
}

export const makeSubscription = (
  instrument: WireInstrument,
  codes: ReadonlyArray<MessageCode>
): Subscription => ({
  instrument,
  codes,
  known: messageCodes.map(() => undefined)
})

export const knownOf = ({ known }: Subscription, code: MessageCode): Known | undefined => known[indexOf[code]]

export const remember = ({ known }: Subscription, code: MessageCode, word: Known): void => {
  known[indexOf[code]] = word
}

/** One map per known segment, in the place of its number. Equal ids live in several segments. */
export type Subscriptions = ReadonlyArray<SubscriptionTable<number, Subscription> | undefined>

const SEGMENTS = 256

export const makeSubscriptions = (segments: ReadonlyMap<number, unknown>): Subscriptions =>
  Array.from({ length: SEGMENTS }, (_, segment) =>
    segments.has(segment) ? new SubscriptionTable<number, Subscription>() : undefined
  )
