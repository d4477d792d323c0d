import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { OrderUpdate } from "../../src/gateway/orderUpdates.ts"
import type { CaseWorld, ClientCase } from "./support/clientCases.ts"
import { runCase } from "./support/clientCases.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

interface CaseFile {
  readonly fixture: {
    readonly auth_grace_seconds: number
    readonly keys: Readonly<Record<string, { readonly value: string }>>
  }
  readonly cases: ReadonlyArray<ClientCase>
}

const file = JSON.parse(
  readFileSync(new URL("../vectors/client-protocol-cases.json", import.meta.url), "utf8")
) as CaseFile

describe("conversation cases of the client protocol", () => {
  let gateway: TestGateway
  let world: CaseWorld

  beforeAll(async () => {
    gateway = await startGateway({ authGraceMs: file.fixture.auth_grace_seconds * 1000 })
    world = {
      url: gateway.url,
      keys: Object.fromEntries(Object.entries(file.fixture.keys).map(([name, { value }]) => [name, value])),
      tick: (tick) => gateway.feed.tick(tick),
      order: ({ user_id, ...order }) => gateway.order(String(user_id), order as unknown as OrderUpdate)
    }
  })
  afterAll(() => gateway.close())

  it("are all there", () => {
    expect(file.cases.length).toBe(49)
  })

  for (const testCase of file.cases) {
    it(`${testCase.level} ${testCase.name}`, async () => {
      expect(await runCase(testCase, world)).toEqual([])
      // Nothing of one case may reach into the next one.
      await expect.poll(() => gateway.feed.held).toBe(0)
      expect(gateway.stats().clients).toBe(0)
    })
  }
})
