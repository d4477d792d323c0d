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
  readFileSync(new URL("../cases/client-protocol-cases.json", import.meta.url), "utf8")
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

  it("are reported when they are not met", async () => {
    const ping = { action: "ping" }
    const play = (expected: ClientCase["expect"], send: ClientCase["send"] = [ping], more = {}) =>
      runCase({ name: "x", title: "x", level: "compat", send, expect: expected, ...more }, world)
    const soon = { after: 0, within_ms: 100 }
    expect(await play([{ ...soon, frame: { type: "pong" } }])).toEqual([])
    expect(await play([{ ...soon, frame: { type: "pung" } }])).toHaveLength(1)
    expect(await play([{ ...soon, frame: { type: "pong" }, max_bytes: 10 }])).toHaveLength(1)
    expect(await play([{ ...soon, frame: { type: "pong" }, text: "^x" }])).toHaveLength(1)
    expect(await play([{ ...soon, none: { type: "pong" } }])).toHaveLength(1)
    expect(await play([{ ...soon, pong: true }])).toHaveLength(1)
    expect(await play([{ ...soon, closed: { code: 4401 } }])).toHaveLength(1)
    // A frame meets one expectation, and counts only from its step on.
    const twice = { ...soon, frame: { type: "pong" } }
    expect(await play([twice, twice])).toHaveLength(1)
    const quiet = { ...soon, none: { type: "pung" } }
    expect(await play([quiet, { ...twice, after: 1 }], [ping, { $wait_ms: 1 }])).toHaveLength(1)
    const swapped = [
      { ...soon, frame: { code: "INVALID_ACTION" } },
      { ...soon, frame: { type: "pong" } }
    ]
    const both = [{ ...ping, $pipeline: true }, { action: "dance" }]
    expect(await play(swapped, both)).toEqual([])
    expect(await play(swapped, both, { in_order: true })).toHaveLength(1)
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
