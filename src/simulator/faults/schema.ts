/** What can go wrong at a simulated broker: the faults by name, as JSON has them and as the typed API takes them. */
import * as Schema from "effect/Schema"

const opt = Schema.optionalKey
const Millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Interval = Schema.Finite.check(Schema.isGreaterThan(0))
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const Count = Schema.Int.check(Schema.isGreaterThan(0))
/** `NSE:RELIANCE` */
const Names = Schema.Array(Schema.NonEmptyString)
const Level = Schema.Literals(["message", "wire"])

const On = Schema.Struct({
  /** Their numbers, as `connections()` has them. */
  connections: opt(Schema.Array(Count)),
  /** So many of all, chosen by the seed. */
  share: opt(Share),
  /** Those that are open when the fault begins, or those that come after. */
  which: opt(Schema.Literals(["existing", "new"])),
  /** Of brokers with several feeds: those that speak this protocol. */
  protocol: opt(Schema.NonEmptyString)
})

const during = {
  /** When it begins, ms after it was handed in; default 0. */
  at: opt(Millis),
  /** How long it lasts, ms; default until it is ended. */
  for: opt(Millis),
  /** Default: all connections. */
  on: opt(On)
}

/** Of what happens to single frames. */
const perFrame = {
  ...during,
  /** Of each frame; default 1. */
  probability: opt(Share),
  /** It ends after so many frames. */
  count: opt(Count),
  /** Ticks and snapshots only, or every frame; default `data`. */
  frames: opt(Schema.Literals(["data", "all"]))
}

/** Of what happens at a moment: when it begins, and with one of these again and again. */
const strikes = {
  ...during,
  every: opt(Interval),
  /** So many ms after each login, those included that are open already. */
  afterLogin: opt(Millis),
  /** After each frame of market data. */
  probability: opt(Share),
  /** It ends after so many connections were struck. */
  count: opt(Count)
}

const named = <const N extends string, const F extends Schema.Struct.Fields>(name: N, fields: F) =>
  Schema.Struct({ fault: Schema.Literal(name), ...fields })

/** By name. */
export const faultSchemas = {
  mute: named("mute", during),
  pingsOnly: named("pingsOnly", during),
  silent: named("silent", during),
  blackHole: named("blackHole", during),
  hang: named("hang", during),
  refuse: named("refuse", {
    ...during,
    status: opt(Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 }))),
    headers: opt(Schema.Record(Schema.String, Schema.String))
  }),
  deadTokens: named("deadTokens", {
    ...during,
    share: opt(Share),
    instruments: opt(Names),
    /** A new subscription brings an instrument back. */
    cure: opt(Schema.Literal("resubscribe"))
  }),
  slowdown: named("slowdown", { ...during, to: opt(Share) }),
  clockSkew: named("clockSkew", { ...during, by: Schema.Finite }),
  refuseSubscriptions: named("refuseSubscriptions", {
    ...during,
    share: opt(Share),
    instruments: opt(Names)
  }),
  symbolCap: named("symbolCap", { ...during, most: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }),
  rateLimit: named("rateLimit", {
    ...during,
    perSecond: Count,
    of: opt(Schema.Literals(["upgrades", "requests"])),
    /** What becomes of a request too many. */
    excess: opt(Schema.Literals(["close", "ignore"]))
  }),
  connectionCap: named("connectionCap", {
    ...during,
    most: Count,
    /** Who has to go: the one that comes, or the oldest. */
    excess: opt(Schema.Literals(["refuse", "displace"])),
    status: opt(Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 })))
  }),
  tokenExpiry: named("tokenExpiry", {
    ...during,
    existing: opt(Schema.Literals(["mute", "close", "keep"])),
    code: opt(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })))
  }),
  close: named("close", {
    ...strikes,
    code: opt(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
    reason: opt(Schema.String.check(Schema.isMaxLength(120)))
  }),
  drop: named("drop", strikes),
  reset: named("reset", strikes),
  displaced: named("displaced", strikes),
  garbage: named("garbage", { ...strikes, bytes: opt(Count), level: opt(Level) }),
  huge: named("huge", { ...strikes, bytes: opt(Count) }),
  duplicate: named("duplicate", { ...perFrame, times: opt(Count) }),
  reorder: named("reorder", { ...perFrame, by: opt(Count) }),
  truncate: named("truncate", { ...perFrame, level: opt(Level) }),
  corrupt: named("corrupt", { ...perFrame, flips: opt(Count), level: opt(Level) }),
  split: named("split", perFrame),
  merge: named("merge", perFrame),
  fragment: named("fragment", { ...perFrame, most: opt(Count) }),
  segment: named("segment", { ...during, most: opt(Count) }),
  coalesce: named("coalesce", { ...during, frames: opt(Count) }),
  drip: named("drip", { ...during, bytes: opt(Count), every: opt(Interval) })
} as const

export type FaultName = keyof typeof faultSchemas
export type FaultOf<N extends FaultName> = (typeof faultSchemas)[N]["Type"]
export type Fault = { readonly [N in FaultName]: FaultOf<N> }[FaultName]
export type Selection = typeof On.Type

export const faultNames = Object.keys(faultSchemas) as ReadonlyArray<FaultName>

/** Faults that are handed in together; times count from then. */
export interface FaultScript {
  /** Of all that is left to chance; default the simulator's. */
  readonly seed?: number
  readonly faults: ReadonlyArray<Fault>
}
