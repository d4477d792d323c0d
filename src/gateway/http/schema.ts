/** /schema and /schema/asyncapi: what clients and the gateway say to each other, for programs. */
import * as Effect from "effect/Effect"
import { asyncapi } from "../messages/asyncapi.ts"
import { jsonSchemaBundle } from "../messages/jsonSchema.ts"
import type { Answer } from "./answer.ts"
import { answerLater, ok } from "./answer.ts"
import type { Routes } from "./gate.ts"

export interface SchemaDeps {
  readonly version: string
  readonly run: (effect: Effect.Effect<void>) => void
  readonly answered: (route: string, answer: Answer) => void
}

export const addSchemaRoutes = (routes: Routes, { answered, run, version }: SchemaDeps): void => {
  const route = (path: string, name: string, make: (version: string) => object): void => {
    // Made when somebody asks for the first time: few do. Its bytes are the same for all from then on.
    let made: Answer | undefined
    const answer = Effect.sync(() => {
      made ??= ok(Buffer.from(JSON.stringify(make(version))))
      answered(name, made)
      return made
    })
    routes.get(path, (res) => answerLater(res, run, answer))
  }
  route("/schema", "schema", jsonSchemaBundle)
  route("/schema/asyncapi", "schema_asyncapi", asyncapi)
}
