/** A file of conversation cases: what it may hold. Its own `format` says what the words mean. */
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { messageOf } from "../../kit/messageOf.ts"

const Milliseconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Index = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Matcher = Schema.Unknown

export const TickStep = Schema.Struct({
  symbol: Schema.String,
  exchange: Schema.String,
  level: Schema.Literals(["LTP", "QUOTE", "DEPTH"]),
  data: Schema.Record(Schema.String, Schema.Unknown),
  /** Without it: every account that has the symbol subscribed. */
  account: Schema.optionalKey(Schema.String)
})
export type TickStep = typeof TickStep.Type

export const OrderStep = Schema.StructWithRest(Schema.Struct({ user_id: Schema.String }), [
  Schema.Record(Schema.String, Schema.Unknown)
])
export type OrderStep = typeof OrderStep.Type

/** What becomes of a user's feed. `no_broker` and `unavailable`: no session. `unreachable`: nobody answers for it. */
export const FeedStep = Schema.Struct({
  user_id: Schema.String,
  state: Schema.Literals([
    "connected",
    "connecting",
    "reconnecting",
    "waiting_for_login",
    "no_broker",
    "unavailable",
    "unreachable"
  ]),
  /** The user's broker from now on. */
  broker: Schema.optionalKey(Schema.String),
  /** False: nobody publishes the user's order updates. */
  orders: Schema.optionalKey(Schema.Boolean),
  /** Whether the user's keys give subscriptions back to clients that do not ask for it. */
  resume: Schema.optionalKey(Schema.Boolean)
})
export type FeedStep = typeof FeedStep.Type

export const Step = Schema.StructWithRest(
  Schema.Struct({
    $pipeline: Schema.optionalKey(Schema.Boolean),
    $tick: Schema.optionalKey(TickStep),
    $order: Schema.optionalKey(OrderStep),
    $feed: Schema.optionalKey(FeedStep),
    $wait_ms: Schema.optionalKey(Milliseconds)
  }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
export type Step = typeof Step.Type

export const Expectation = Schema.Struct({
  after: Index,
  on: Schema.optionalKey(Schema.String),
  frame: Schema.optionalKey(Matcher),
  none: Schema.optionalKey(Matcher),
  closed: Schema.optionalKey(
    Schema.Struct({ code: Schema.optionalKey(Matcher), reason: Schema.optionalKey(Matcher) })
  ),
  pong: Schema.optionalKey(Schema.Literal(true)),
  within_ms: Schema.optionalKey(Milliseconds),
  max_bytes: Schema.optionalKey(Schema.Finite),
  text: Schema.optionalKey(Schema.String)
})
export type Expectation = typeof Expectation.Type

export const ClientCase = Schema.Struct({
  name: Schema.NonEmptyString,
  title: Schema.optionalKey(Schema.String),
  level: Schema.optionalKey(Schema.String),
  in_order: Schema.optionalKey(Schema.Boolean),
  send: Schema.Array(Step),
  expect: Schema.Array(Expectation)
})
export type ClientCase = typeof ClientCase.Type

const Key = Schema.Struct({
  value: Schema.String,
  /** Absent: nobody's key. */
  user_id: Schema.optionalKey(Schema.String),
  broker: Schema.optionalKey(Schema.NullOr(Schema.String)),
  verify_delay_ms: Schema.optionalKey(Milliseconds),
  broker_start_fails: Schema.optionalKey(Schema.Boolean)
})

export const Fixture = Schema.Struct({
  auth_grace_seconds: Schema.optionalKey(Schema.Finite),
  valid_brokers: Schema.optionalKey(Schema.Array(Schema.String)),
  keys: Schema.Record(Schema.String, Key),
  /** By exchange; `other` for those that are not named. */
  depth_levels: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.Finite))),
  known_depth_levels: Schema.optionalKey(Schema.Array(Schema.Finite)),
  symbols_per_upstream_connection: Schema.optionalKey(Schema.Int),
  upstream_connections: Schema.optionalKey(Schema.Int)
})
export type Fixture = typeof Fixture.Type

export const CaseFile = Schema.Struct({ fixture: Fixture, cases: Schema.Array(ClientCase) })
export type CaseFile = typeof CaseFile.Type

export class CaseFileUnusable extends Schema.TaggedError<CaseFileUnusable>()("CaseFileUnusable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `The case file ${this.path} cannot be used: ${this.detail}. It must be JSON in the format of test/cases/client-protocol-cases.json.`
  }
}

const decode = Schema.decodeUnknownEffect(CaseFile)

export const readCaseFile = Effect.fn("readCaseFile")(
  function* (path: string) {
    const json = yield* Effect.tryPromise({
      try: async () => JSON.parse(await readFile(path, "utf8")) as unknown,
      catch: messageOf
    })
    return yield* Effect.mapError(decode(json), (error) => error.message)
  },
  (effect, path) => Effect.mapError(effect, (detail) => new CaseFileUnusable({ path, detail }))
)
