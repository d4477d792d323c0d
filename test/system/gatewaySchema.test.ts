import { afterAll, beforeAll, expect, it } from "vitest"
import { publishedAsyncapi, publishedSchema } from "../support/messageSchemas.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"
import { VERSION } from "../../src/cli/version.ts"
import { TestClient } from "./support/testClient.ts"

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ version: VERSION })
})
afterAll(() => gateway.close())

const get = (path: string) => fetch(`http://127.0.0.1:${gateway.port}${path}`)

it("serves the schema of its messages to whoever asks, and again", async () => {
  for (const _ of [1, 2]) {
    const bundle = await get("/schema")
    expect(bundle.status).toBe(200)
    expect(bundle.headers.get("content-type")).toBe("application/json")
    expect(await bundle.json()).toEqual(publishedSchema)
    const asyncapi = await get("/schema/asyncapi")
    expect(await asyncapi.json()).toEqual(publishedAsyncapi)
  }
  expect(await (await get("/metrics")).text()).toContain('route="schema_asyncapi"')
})

it("takes clients on the same path", async () => {
  const client = await TestClient.open(`${gateway.url}/schema`)
  expect(await client.ask({ action: "ping" })).toMatchObject({ type: "pong" })
  await client.close()
})
