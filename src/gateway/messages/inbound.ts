/**
 * What clients say, as Schemas: the published form of it. `requestReader.ts` reads the same by hand, because it forgives more
 * (`docs/client-protocol.md` lists what), and a test holds the two together.
 */
import * as Schema from "effect/Schema"
import type { SlowPolicy as Policy } from "../delivery/outbox.ts"
import { SlowPolicy } from "./words.ts"

/** Longer than any trading day is no interval. */
export const LONGEST_INTERVAL_MS = 86_400_000

export const LONGEST_RESUME_NAME = 64

export const slowPolicies: ReadonlySet<unknown> = new Set<Policy>(SlowPolicy.literals)

const anything = (description: string) => Schema.optionalKey(Schema.Json.annotate({ description }))
const Text = Schema.NonEmptyString

const requestId = {
  request_id: anything("Comes back in the answer as it is; any JSON value but null, which counts as none")
}

type Fields = Readonly<Record<string, unknown>>
/** A rule between keys, and the same in JSON Schema. */
const rule = <F extends Fields>(words: string, holds: (frame: F) => boolean, jsonSchema: object) =>
  Schema.makeFilter((frame: F) => holds(frame) || words, { toJsonSchema: () => ({ ...jsonSchema }) })

const oneOfKeys = <F extends Fields>(words: string, ...choices: ReadonlyArray<ReadonlyArray<string>>) =>
  rule<F>(words, (frame) => choices.some((keys) => keys.every((key) => frame[key] !== undefined)), {
    anyOf: choices.map((required) => ({ required }))
  })

/** The verb stands in `action`, or in `type` where there is no action. */
const spoken = <V extends Schema.Top>(verb: V) => ({
  action: Schema.optionalKey(verb),
  type: anything("The verb, where there is no action")
})

const verbRule = (...verbs: ReadonlyArray<string>) =>
  rule<Fields>(
    `the verb must stand in action or type: ${verbs.join(", ")}`,
    (frame) => frame["action"] !== undefined || verbs.includes(String(frame["type"])),
    { anyOf: [{ required: ["action"] }, { required: ["type"], properties: { type: { enum: verbs } } }] }
  )

export const Mode = Schema.Union([
  Schema.Literals([1, 2, 3, 4]),
  Schema.String.check(Schema.isPattern(/^\s*(?:[lL][tT][pP]|[qQ][uU][oO][tT][eE]|[dD][eE][pP][tT][hH])\s*$/u))
]).annotate({
  identifier: "Mode",
  description: "1 LTP, 2 Quote, 3 Depth, or the name in any case. 4 is the older number of Depth"
})

const Named = { symbol: Text, exchange: Text }

export const Entry = Schema.Struct(Named).annotate({
  identifier: "Entry",
  description: "An instrument, by its common symbol and exchange. TCS:20 asks for 20 book levels"
})

export const EntryWithMode = Schema.Struct({ ...Named, mode: Schema.optionalKey(Mode) }).annotate({
  identifier: "EntryWithMode",
  description: "An instrument, and which mode of it"
})

const namesRule = oneOfKeys<Fields>(
  "name at least one instrument: symbols, instruments, or symbol and exchange",
  ["symbols"],
  ["instruments"],
  ["symbol", "exchange"]
)

const single = { symbol: Schema.optionalKey(Text), exchange: Schema.optionalKey(Text) }

const levels = (description: string) => Schema.optionalKey(Schema.Finite.annotate({ description }))
const flag = (description: string) => Schema.optionalKey(Schema.Boolean.annotate({ description }))

export const Authenticate = Schema.Struct({
  ...spoken(Schema.Literals(["authenticate", "auth"])),
  api_key: Schema.optionalKey(Text),
  apikey: Schema.optionalKey(Text.annotate({ description: "The same as api_key" })),
  events: flag("Number every frame of the feed, and tell the feed's state and what was lost"),
  snapshot: flag("Send the last known tick behind each subscription"),
  clocks: flag("Put the times of each leg into every tick"),
  resume: Schema.optionalKey(
    Schema.Union([
      Schema.Boolean,
      Schema.NonEmptyString.check(Schema.isMaxLength(LONGEST_RESUME_NAME))
    ]).annotate({
      description:
        "Keep this connection's subscriptions for the next one, and give back those of the last one: by this name, where several connections share a key"
    })
  ),
  ...requestId
})
  .annotate({ description: "Logs in. On a live socket: again, or as another user" })
  .check(verbRule("authenticate", "auth"), oneOfKeys("a key is required", ["api_key"], ["apikey"]))
  .annotate({ identifier: "Authenticate" })

export const Subscribe = Schema.Struct({
  ...spoken(Schema.Literal("subscribe")),
  symbols: Schema.optionalKey(Schema.Array(Entry)),
  instruments: Schema.optionalKey(Schema.Array(Entry).annotate({ description: "The same as symbols" })),
  ...single,
  mode: Schema.optionalKey(Mode),
  depth: levels("Wanted book levels in Depth mode; 5 without it"),
  depth_level: levels("The same as depth"),
  slow: Schema.optionalKey(SlowPolicy),
  interval_ms: Schema.optionalKey(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: LONGEST_INTERVAL_MS })).annotate({
      description: "At most one frame in so many milliseconds, always with the last value; 0: every one"
    })
  ),
  ...requestId
})
  .annotate({ description: "Asks for instruments in one mode, Quote where it names none" })
  .check(verbRule("subscribe"), namesRule)
  .annotate({ identifier: "Subscribe" })

export const Unsubscribe = Schema.Struct({
  ...spoken(Schema.Literal("unsubscribe")),
  symbols: Schema.optionalKey(Schema.Array(EntryWithMode)),
  instruments: Schema.optionalKey(
    Schema.Array(EntryWithMode).annotate({ description: "The same as symbols" })
  ),
  ...single,
  mode: Schema.optionalKey(Mode),
  ...requestId
})
  .annotate({
    description:
      "Gives instruments back, held or not: in the entry's own mode, else in the message's, else in all that are held"
  })
  .check(verbRule("unsubscribe"), namesRule)
  .annotate({ identifier: "Unsubscribe" })

const everything = "unsubscribe_all"

export const UnsubscribeAll = Schema.Struct({
  ...spoken(Schema.Literals([everything, "unsubscribe"])),
  ...requestId
})
  .annotate({ description: "Gives everything back" })
  .check(
    rule<Fields>(
      "the verb must be unsubscribe_all in action or type",
      (frame) => frame["action"] === everything || frame["type"] === everything,
      {
        anyOf: [
          { required: ["action"], properties: { action: { enum: [everything] } } },
          { required: ["type"], properties: { type: { enum: [everything] } } }
        ]
      }
    )
  )
  .annotate({ identifier: "UnsubscribeAll" })

const plain = <const V extends string>(verb: V, identifier: string, description: string) =>
  Schema.Struct({ ...spoken(Schema.Literal(verb)), ...requestId })
    .annotate({ description })
    .check(verbRule(verb))
    .annotate({ identifier })

export const SubscribeOrders = plain(
  "subscribe_orders",
  "SubscribeOrders",
  "Asks for the account's order updates"
)
export const UnsubscribeOrders = plain("unsubscribe_orders", "UnsubscribeOrders", "Ends order updates")
export const GetBrokerInfo = plain(
  "get_broker_info",
  "GetBrokerInfo",
  "Asks for the account's broker and whether it is connected"
)
export const GetSupportedBrokers = plain(
  "get_supported_brokers",
  "GetSupportedBrokers",
  "Asks for the brokers that there are. Needs no login"
)

export const Ping = Schema.Struct({
  ...spoken(Schema.Literal("ping")),
  timestamp: anything("Comes back as client_timestamp"),
  _pingId: anything("Comes back"),
  ...requestId
})
  .annotate({ description: "Asks for a pong. Needs no login" })
  .check(verbRule("ping"))
  .annotate({ identifier: "Ping" })

export const ClientPong = Schema.Struct(spoken(Schema.Literal("pong")))
  .annotate({ description: "Needs no answer and gets none" })
  .check(verbRule("pong"))
  .annotate({ identifier: "ClientPong" })

export const inbound = {
  Authenticate,
  Subscribe,
  Unsubscribe,
  UnsubscribeAll,
  SubscribeOrders,
  UnsubscribeOrders,
  GetBrokerInfo,
  GetSupportedBrokers,
  Ping,
  ClientPong
} as const

export const Inbound = Schema.Union(
  Object.values(inbound) as ReadonlyArray<(typeof inbound)[keyof typeof inbound]>
).annotate({ identifier: "Inbound", description: "Every message of a client" })
export type Inbound = typeof Inbound.Type

type KeyOf<T> = T extends unknown ? keyof T : never
/** The keys that any message, or an entry of its list, may have: the only ones that are read. */
export type InboundKey = KeyOf<Inbound> | keyof typeof EntryWithMode.Type
