/** The published messages as one JSON Schema (2020-12): every message, field and word under `$defs`. */
import type * as JsonSchema from "effect/JsonSchema"
import { META_SCHEMA_URI_DRAFT_2020_12 } from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import { Inbound } from "./inbound.ts"
import { Outbound } from "./outbound.ts"

export const messagesDocument = (): JsonSchema.Document<"draft-2020-12"> =>
  Schema.toJsonSchemaDocument(Schema.Union([Inbound, Outbound]))

export const jsonSchemaBundle = (version: string): JsonSchema.JsonSchema => {
  const { definitions, schema } = messagesDocument()
  return {
    $schema: META_SCHEMA_URI_DRAFT_2020_12,
    title: `AlgoWays client protocol ${version}`,
    description:
      "Messages between clients and the gateway. Inbound: what clients send. Outbound: what they hear",
    ...schema,
    $defs: definitions
  }
}
