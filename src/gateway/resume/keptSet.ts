/** One connection's subscriptions as text that outlives it, under the names that the client wrote. Pure. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ClientSubscription } from "../topics/subscriptions.ts"
import { ModeTag, SlowPolicy } from "../messages/words.ts"
import type { ModeChoice, SubscribeBody } from "../messages/requestReader.ts"
import { DEFAULT_DEPTH, named, readMode } from "../messages/requestReader.ts"

/** Names requested with the same mode, depth and options. */
const Group = Schema.Struct({
  tag: ModeTag,
  depth: Schema.optionalKey(Schema.Finite),
  slow: SlowPolicy,
  interval_ms: Schema.Finite,
  names: Schema.Array(Schema.Tuple([Schema.String, Schema.String]))
})

export const SavedSubscriptions = Schema.Struct({
  /** Which connections may take it; see `identityOf`. */
  identity: Schema.String,
  orders: Schema.Boolean,
  groups: Schema.Array(Group),
  /** When its connection ended, if the gateway was still running then. Epoch milliseconds. */
  ended: Schema.optionalKey(Schema.Finite)
})
export type SavedSubscriptions = typeof SavedSubscriptions.Type

export interface Identity {
  readonly keyId: number
  readonly encoding: string
  readonly events: boolean
  readonly snapshot: boolean
  readonly clocks: boolean
  /** The name that the client gives its connection; empty without one. */
  readonly name: string
}

/** The same program again: the same key, encoding, options and name. */
export const identityOf = ({ clocks, encoding, events, keyId, name, snapshot }: Identity): string =>
  JSON.stringify([keyId, encoding, events, snapshot, clocks, name])

/** The key of an identity. */
export const keyIn = (identity: string): string => identity.slice(0, identity.indexOf(","))

export const isEmpty = ({ groups, orders }: SavedSubscriptions): boolean => groups.length === 0 && !orders

/** The set of these subscriptions. */
export const savedSubscriptionsOf = (
  identity: string,
  subscriptions: Iterable<ClientSubscription>,
  orders: boolean
): SavedSubscriptions => {
  const groups = new Map<
    string,
    Omit<typeof Group.Type, "names"> & { names: Array<readonly [string, string]> }
  >()
  for (const { depth, exchange, topicSubscription, symbol, tag } of subscriptions) {
    const { intervalMs, slow } = topicSubscription.options
    const key = `${tag}/${depth}/${slow}/${intervalMs}`
    let group = groups.get(key)
    if (group === undefined) {
      group = { tag, ...(depth === undefined ? {} : { depth }), slow, interval_ms: intervalMs, names: [] }
      groups.set(key, group)
    }
    group.names.push([symbol, exchange])
  }
  return { identity, orders, groups: [...groups.values()] }
}

/** How many subscriptions it has. */
export const countOf = ({ groups }: SavedSubscriptions): number =>
  groups.reduce((sum, { names }) => sum + names.length, 0)

/** The requests that subscribe to the set again. */
export const requestsOf = ({ groups }: SavedSubscriptions): ReadonlyArray<SubscribeBody> =>
  groups.map(({ depth, interval_ms, names, slow, tag }) => ({
    choice: { ...(readMode(tag) as ModeChoice), tag },
    terms: { slow, intervalMs: interval_ms },
    // A suffix of the symbol (`TCS:20`) is already in the depth.
    depth: depth ?? DEFAULT_DEPTH,
    entries: names.map(([symbol, exchange]) => named(symbol, exchange))
  }))

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(SavedSubscriptions))

/** Undefined for anything else, such as a file of another version. */
export const readSavedSubscriptions = (text: string): SavedSubscriptions | undefined => {
  const read = decode(text)
  return Result.isSuccess(read) ? read.success : undefined
}
