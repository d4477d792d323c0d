/** docs/schema is what the gateway's Schemas say, and others can read it. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import { VERSION } from "../../../../src/cli/version.ts"
import { asyncapi } from "../../../../src/gateway/messages/asyncapi.ts"
import { inbound } from "../../../../src/gateway/messages/inbound.ts"
import { jsonSchemaBundle } from "../../../../src/gateway/messages/jsonSchema.ts"
import { outbound } from "../../../../src/gateway/messages/outbound.ts"
import { faultBySchema, publishedAsyncapi, publishedSchema } from "../../../support/messageSchemas.ts"

const remedy = "run `npm run docs` and commit docs/schema"
const plain = (value: object): unknown => JSON.parse(JSON.stringify(value))

/** Every `$ref` of a document. */
const refsIn = (value: unknown): ReadonlyArray<string> => {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === "$ref" && typeof item === "string" ? [item] : refsIn(item)
  )
}
const leadsSomewhere = (document: unknown, ref: string): boolean =>
  ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document) !== undefined

describe("docs/schema", () => {
  it("is what `npm run docs` writes", () => {
    assert.deepStrictEqual(
      publishedSchema,
      plain(jsonSchemaBundle(VERSION)) as typeof publishedSchema,
      remedy
    )
    assert.deepStrictEqual(publishedAsyncapi, plain(asyncapi(VERSION)) as typeof publishedAsyncapi, remedy)
  })

  it("has every message under its own name", () => {
    for (const name of [...Object.keys(inbound), ...Object.keys(outbound)])
      assert.property(publishedSchema.$defs, name)
    // Two Schemas of one name would have got numbers.
    assert.deepStrictEqual(
      Object.keys(publishedSchema.$defs).filter((name) => /\d$/.test(name)),
      []
    )
  })

  it("has no reference that leads nowhere", () => {
    for (const document of [publishedSchema, publishedAsyncapi]) {
      const refs = refsIn(document)
      assert.isAbove(refs.length, 40)
      for (const ref of refs) assert.isTrue(leadsSomewhere(document, ref), ref)
    }
  })

  it("tells frames apart in a strict validator", () => {
    const good = { type: "pong", status: "success", server_timestamp: 1, client_timestamp: [null] }
    assert.isUndefined(faultBySchema("Outbound", good))
    assert.isDefined(faultBySchema("Outbound", { ...good, server_timestamp: "1" }))
    // An error frame is known by having no type.
    const error = { status: "error", code: "INVALID_JSON", message: "m" }
    assert.isUndefined(faultBySchema("Outbound", error))
    assert.isDefined(faultBySchema("Outbound", { ...error, type: "error" }))
    const subscribe = { type: "subscribe", symbol: "A", exchange: "NSE", mode: " dePth " }
    assert.isUndefined(faultBySchema("Subscribe", subscribe))
    assert.isDefined(faultBySchema("Subscribe", { ...subscribe, mode: "full" }))
    assert.isDefined(faultBySchema("Subscribe", { action: "subscribe", mode: 1 }))
    assert.isDefined(faultBySchema("Subscribe", { ...subscribe, action: "unsubscribe" }))
  })

  it("holds an AsyncAPI document by the rules of AsyncAPI", () => {
    const path = createRequire(import.meta.url).resolve("@asyncapi/specs/schemas/3.0.0.json")
    const rules = JSON.parse(readFileSync(path, "utf8")) as object
    const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false })
    const validate = ajv.compile(rules)
    assert.isTrue(validate(publishedAsyncapi), ajv.errorsText(validate.errors))
    assert.isFalse(validate({ ...publishedAsyncapi, operations: { x: { action: "shout" } } }))
  })

  it("has the same messages in both documents", () => {
    const ajv = new Ajv({ strict: false })
    ajv.addSchema(publishedAsyncapi, "asyncapi")
    const fault = (name: string, frame: unknown): boolean =>
      ajv.validate(`asyncapi#/components/schemas/${name}`, frame)
    const tick = {
      type: "market_data",
      symbol: "A",
      exchange: "NSE",
      mode: 4,
      data: {
        symbol: "A",
        exchange: "NSE",
        depth: { buy: [{ price: 1, quantity: 2, orders: 3 }], sell: [] },
        timestamp: 1
      },
      broker: "b"
    }
    assert.isTrue(fault("DepthTick", tick))
    assert.isTrue(fault("Outbound", tick))
    assert.isFalse(fault("QuoteTick", tick))
    assert.isFalse(fault("Outbound", { ...tick, mode: 5 }))
  })
})
