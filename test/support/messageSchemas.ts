/** The published JSON Schema as other people's validators read it. */
import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}`, import.meta.url), "utf8"))

export const publishedSchema = read("client-protocol.json") as {
  readonly $defs: Readonly<Record<string, object>>
}
export const publishedAsyncapi = read("asyncapi.json") as Readonly<Record<string, unknown>>

const ajv = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true })
ajv.addSchema(publishedSchema, "protocol")

/** Why a frame is not a message of this name (`Inbound` and `Outbound` for any); undefined when it is. */
export const faultBySchema = (name: string, frame: unknown): string | undefined => {
  const validate = ajv.getSchema(`protocol#/$defs/${name}`)
  if (validate === undefined) throw new Error(`the published schema has no ${name}`)
  return validate(frame) === true ? undefined : ajv.errorsText(validate.errors)
}
