/** /schema and /schema/asyncapi: what clients and the gateway say to each other, for programs. */
import type * as uWS from "uWebSockets.js"
import { asyncapi } from "../messages/asyncapi.ts"
import { jsonSchemaBundle } from "../messages/jsonSchema.ts"
import type { Answer } from "./answer.ts"
import { ok, plain, write } from "./answer.ts"

export interface SchemaDeps {
  readonly version: string
  readonly answered: (route: string, answer: Answer) => void
}

export const addSchemaRoutes = (app: uWS.TemplatedApp, { answered, version }: SchemaDeps): void => {
  const route = (path: string, name: string, make: (version: string) => object): void => {
    // Made when somebody asks for the first time: few do.
    let made: Answer | undefined
    app.get(
      path,
      plain((res) => {
        made ??= ok(make(version))
        write(res, made)
        answered(name, made)
      })
    )
  }
  route("/schema", "schema", jsonSchemaBundle)
  route("/schema/asyncapi", "schema_asyncapi", asyncapi)
}
