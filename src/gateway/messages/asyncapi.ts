/** The client protocol as an AsyncAPI 3.0 document: its messages, and which of them answers which. */
import type * as JsonSchema from "effect/JsonSchema"
import { toDocumentDraft07 } from "effect/JsonSchema"
import type { answers } from "./answers.ts"
import { feedFrames } from "./feed.ts"
import { inbound } from "./inbound.ts"
import { messagesDocument } from "./jsonSchema.ts"
import { outbound } from "./outbound.ts"

type InboundName = keyof typeof inbound
type AnswerName = Exclude<keyof typeof answers, "ErrorFrame">

/** What a request is answered with, when it is not answered with an error. */
const answerOf: Readonly<Record<InboundName, AnswerName | undefined>> = {
  Authenticate: "AuthAnswer",
  Subscribe: "SubscribeAnswer",
  Unsubscribe: "UnsubscribeAnswer",
  UnsubscribeAll: "UnsubscribeAnswer",
  SubscribeOrders: "SubscribeOrdersAnswer",
  UnsubscribeOrders: "UnsubscribeOrdersAnswer",
  GetBrokerInfo: "BrokerInfo",
  GetSupportedBrokers: "SupportedBrokers",
  Ping: "Pong",
  ClientPong: undefined
}

const CHANNEL = "#/channels/stream"
const inChannel = (name: string) => ({ $ref: `${CHANNEL}/messages/${name}` })

/** AsyncAPI's own form of schemas is a superset of draft 07. */
const schemas = (): Readonly<Record<string, JsonSchema.JsonSchema>> => {
  const { definitions } = toDocumentDraft07(messagesDocument())
  const moved = JSON.stringify(definitions).replaceAll(`"#/definitions/`, `"#/components/schemas/`)
  return JSON.parse(moved) as Record<string, JsonSchema.JsonSchema>
}

const title = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")

export const asyncapi = (version: string): object => {
  const all = schemas()
  const names = [...Object.keys(inbound), ...Object.keys(outbound)]
  const requests = Object.keys(inbound) as ReadonlyArray<InboundName>
  return {
    asyncapi: "3.0.0",
    info: {
      title: "AlgoWays client protocol",
      version,
      description:
        "Live market data of one account over one WebSocket. Every message is one JSON object in one frame. Requests of a client are answered in their order.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" }
    },
    defaultContentType: "application/json",
    servers: {
      local: {
        host: "127.0.0.1:8765",
        protocol: "ws",
        description: "The gateway where it listens unless told otherwise. Every path is the same"
      }
    },
    channels: {
      stream: {
        address: "/",
        title: "The socket of one client",
        servers: [{ $ref: "#/servers/local" }],
        messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } }
      }
    },
    operations: {
      ...Object.fromEntries(
        requests.map((name) => {
          const answer = answerOf[name]
          const reply = {
            channel: { $ref: CHANNEL },
            messages: [answer, "ErrorFrame"].flatMap((n) => (n === undefined ? [] : [inChannel(n)]))
          }
          return [
            `on${name}`,
            {
              action: "receive",
              channel: { $ref: CHANNEL },
              messages: [inChannel(name)],
              ...(answer === undefined ? {} : { reply })
            }
          ]
        })
      ),
      sendFeed: {
        action: "send",
        channel: { $ref: CHANNEL },
        summary: "What was subscribed, and for clients with events what happens to the feed",
        messages: Object.keys(feedFrames).map(inChannel)
      }
    },
    components: {
      messages: Object.fromEntries(
        names.map((name) => {
          const { description } = all[name] ?? {}
          return [
            name,
            {
              name,
              title: title(name),
              ...(typeof description === "string" ? { summary: description } : {}),
              contentType: "application/json",
              payload: { $ref: `#/components/schemas/${name}` }
            }
          ]
        })
      ),
      schemas: all
    }
  }
}
