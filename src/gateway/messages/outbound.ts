/** Everything that the gateway sends, and a check of single frames against it. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { answers } from "./answers.ts"
import { feedFrames, statuses, ticks } from "./feed.ts"

export const outbound = { ...answers, ...feedFrames } as const

export const Outbound = Schema.Union(
  Object.values(outbound) as ReadonlyArray<(typeof outbound)[keyof typeof outbound]>
).annotate({ identifier: "Outbound", description: "Every message of the gateway" })

// Keys that no Schema names would be a message that nobody documented.
const decoder = (schema: Schema.Decoder<unknown>) =>
  Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })

const anyOf = (schemas: Readonly<Record<string, Schema.Decoder<unknown>>>) =>
  decoder(Schema.Union(Object.values(schemas)))

/** By `type`, so that a fault is told in the words of the message that was meant. */
const byType: ReadonlyMap<unknown, ReturnType<typeof decoder>> = new Map<unknown, ReturnType<typeof decoder>>(
  [
    [undefined, decoder(answers.ErrorFrame)],
    ["auth", decoder(answers.AuthAnswer)],
    ["subscribe", decoder(answers.SubscribeAnswer)],
    ["unsubscribe", decoder(answers.UnsubscribeAnswer)],
    ["subscribe_orders", decoder(answers.SubscribeOrdersAnswer)],
    ["unsubscribe_orders", decoder(answers.UnsubscribeOrdersAnswer)],
    ["broker_info", decoder(answers.BrokerInfo)],
    ["supported_brokers", decoder(answers.SupportedBrokers)],
    ["pong", decoder(answers.Pong)],
    ["market_data", anyOf(ticks)],
    ["order_update", decoder(feedFrames.OrderUpdate)],
    ["notice", decoder(feedFrames.Notice)],
    ["status", anyOf(statuses)]
  ]
)

/** Why a frame is none of the published messages; undefined for one that is. */
export const outboundFault = (frame: unknown): string | undefined => {
  if (typeof frame !== "object" || frame === null) return "it is no JSON object"
  const { type } = frame as { readonly type?: unknown }
  const decode = byType.get(type)
  if (decode === undefined) return `there is no message of type ${JSON.stringify(type)}`
  const read = decode(frame)
  return Result.isSuccess(read) ? undefined : read.failure.message.replaceAll(/\s*\n\s*/g, " ")
}
