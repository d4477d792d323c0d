/** What the gateway reads of a client is what the published messages say, and what is forgiven on top. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as FastCheck from "fast-check"
import type { Step } from "../../../../src/gateway/conformance/caseFile.ts"
import { fill } from "../../../../src/gateway/conformance/frames.ts"
import { Inbound, inbound } from "../../../../src/gateway/messages/inbound.ts"
import { readMessage } from "../../../../src/gateway/messages/requestReader.ts"
import { forgiven } from "../../../support/forgiven.ts"
import type { Json } from "../../../support/forgiven.ts"
import { faultBySchema } from "../../../support/messageSchemas.ts"
import { caseFile } from "../../../system/support/testGateway.ts"

const schemas = Object.fromEntries(
  Object.entries(inbound).map(([name, schema]) => [name, Schema.is(schema as Schema.Schema<unknown>)])
)
const isInbound = Schema.is(Inbound)

const messageOf: Readonly<Record<string, keyof typeof inbound>> = {
  authenticate: "Authenticate",
  subscribe: "Subscribe",
  unsubscribe: "Unsubscribe",
  unsubscribe_all: "UnsubscribeAll",
  subscribe_orders: "SubscribeOrders",
  unsubscribe_orders: "UnsubscribeOrders",
  get_broker_info: "GetBrokerInfo",
  get_supported_brokers: "GetSupportedBrokers",
  ping: "Ping"
}

/** The message that the gateway took a frame for; undefined for what it refuses as a whole. */
const taken = (frame: unknown): keyof typeof inbound | undefined => {
  const read = readMessage(frame)
  if (read.kind === "ignored") return "ClientPong"
  if (read.kind === "problem") return undefined
  const { request } = read
  if (request.verb === "authenticate" && request.key === undefined) return undefined
  if ("body" in request && "code" in request.body) return undefined
  return messageOf[request.verb]
}

const agree = (frame: Json): void => {
  const published = forgiven(frame)
  const name = taken(frame)
  const told = JSON.stringify(frame)
  if (name === undefined) {
    assert.isFalse(isInbound(published), `refused, but published: ${told}`)
    assert.isDefined(faultBySchema("Inbound", published), `refused, but valid JSON Schema: ${told}`)
  } else {
    assert.isTrue(schemas[name]!(published), `taken for ${name}, but not published: ${told}`)
    assert.isUndefined(faultBySchema(name, published), told)
  }
}

const names = FastCheck.constantFrom<unknown>("TCS", "TCS:20", "M&M", " ", "", null, 7, 0, ["TCS"], false)
const exchanges = FastCheck.constantFrom<unknown>("NSE", " nse ", "", null, {}, 5)
const oddModes: ReadonlyArray<unknown> = [0, 5, 2.5, -1, "1", "", "full", null, true, [], {}]
const modes = FastCheck.constantFrom<unknown>(1, 2, 3, 4, "ltp", " dePth ", "QUOTE\n", ...oddModes)
const some = (values: Record<string, FastCheck.Arbitrary<unknown>>) =>
  FastCheck.record(values, { requiredKeys: [] })
const good = FastCheck.constant({ symbol: "INFY", exchange: "NSE" })
const entries = FastCheck.oneof(
  good,
  some({ symbol: names, exchange: exchanges, mode: modes }),
  FastCheck.constantFrom<unknown>(null, "TCS", 5, [])
)
const lists = FastCheck.oneof(
  { weight: 5, arbitrary: FastCheck.array(entries, { maxLength: 4 }) },
  { weight: 1, arbitrary: FastCheck.constantFrom<unknown>(null, "", "TCS", {}, 0, 1) }
)
const oddVerbs: ReadonlyArray<unknown> = ["Subscribe", " UNSUBSCRIBE ", "teleport", "", null, 0, 5, {}]
const verbs = FastCheck.constantFrom<unknown>(...Object.keys(messageOf), "auth", "pong", ...oddVerbs)
const anything = FastCheck.constantFrom<unknown>(null, "", 0, false, true, "x", 5, -1, 1e9, {}, [1])

const frames = some({
  action: verbs,
  type: verbs,
  api_key: anything,
  apikey: anything,
  events: anything,
  snapshot: anything,
  clocks: anything,
  symbols: lists,
  instruments: lists,
  symbol: names,
  exchange: exchanges,
  mode: modes,
  depth: anything,
  depth_level: anything,
  slow: FastCheck.constantFrom<unknown>("conflate", "drop-oldest", "close", "Close", null, 1),
  interval_ms: FastCheck.constantFrom<unknown>(0, 250, 0.5, 86_400_000, 86_400_001, -1, "1", null),
  timestamp: anything,
  _pingId: anything,
  request_id: anything,
  other: anything
})

/** Mostly of a shape that is taken: a random frame is refused for its verb or its names nearly always. */
const likely = FastCheck.tuple(
  FastCheck.constantFrom("authenticate", "subscribe", "unsubscribe"),
  FastCheck.array(FastCheck.oneof(good, entries), { minLength: 1, maxLength: 3 }),
  frames
).map(([action, symbols, rest]) => {
  const { action: _a, symbols: _s, ...more } = rest as Json
  return { action, symbols, ...more }
})

const anyFrame = FastCheck.oneof(frames, likely) as FastCheck.Arbitrary<Json>

/** The frame that a step sends; undefined for a step that sends none, or one that is no JSON object. */
const sent = (step: Step): Json | undefined => {
  const { $binary, $on, $text, frame } = step
  if (typeof $text === "string") {
    try {
      const json: unknown = JSON.parse(String(fill($text, {})))
      return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Json) : undefined
    } catch {
      return undefined
    }
  }
  if ($binary !== undefined) return fill($binary, {}) as Json
  if (typeof $on === "string") return fill(frame, {}) as Json
  const isWord = (key: string): boolean => key.startsWith("$") && key !== "$pipeline"
  return Object.keys(step).some(isWord) ? undefined : (fill(step, {}) as Json)
}

describe("inbound messages", () => {
  it("are read as published, in every frame of the conversations", () => {
    const files = ["client-protocol-cases.json", "client-protocol-more-cases.json"].map(caseFile)
    const steps = files.flatMap(({ cases }) => cases.flatMap(({ send }) => send))
    const all = steps.map(sent).filter((frame) => frame !== undefined)
    assert.isAbove(all.length, 250)
    assert.isAbove(all.filter((frame) => taken(frame) === undefined).length, 20)
    for (const frame of all) agree(frame)
  })

  it("are read as published, whatever comes", () => {
    let accepted = 0
    FastCheck.assert(
      FastCheck.property(anyFrame, (frame) => {
        if (taken(frame) !== undefined) accepted++
        agree(frame)
      }),
      { numRuns: 20_000, seed: 20_261_128 }
    )
    // Both sides of the border are tried.
    assert.isAbove(accepted, 3000)
    assert.isBelow(accepted, 17_000)
  })

  it("need no forgiveness when they are as published", () => {
    const published: ReadonlyArray<Json> = [
      { action: "authenticate", api_key: "k", events: true, snapshot: false, clocks: true, request_id: 1 },
      { type: "auth", apikey: "k" },
      { action: "subscribe", symbols: [{ symbol: "A", exchange: "NSE" }], mode: "Quote", depth: 5 },
      { action: "subscribe", instruments: [{ symbol: "A", exchange: "NSE" }], type: "ltp", depth_level: 20 },
      { action: "unsubscribe", symbol: "A", exchange: "NSE", mode: 3 },
      { action: "unsubscribe", type: "unsubscribe_all" }
    ]
    for (const frame of published) {
      assert.deepStrictEqual(forgiven(frame), frame)
      assert.isDefined(taken(frame))
      assert.isTrue(isInbound(frame), JSON.stringify(frame))
    }
  })
})
