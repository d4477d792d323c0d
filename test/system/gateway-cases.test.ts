import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ClientCase } from "../../src/gateway/conformance/caseFile.ts"
import type { CaseWorld } from "../../src/gateway/conformance/player.ts"
import { runCase } from "../../src/gateway/conformance/player.ts"
import type { TestGateway } from "./support/testGateway.ts"
import { caseFile, startGateway } from "./support/testGateway.ts"
import { faultBySchema } from "../support/messageSchemas.ts"

describe("conversation cases of the client protocol", () => {
  let gateway: TestGateway
  let world: CaseWorld

  beforeAll(async () => {
    gateway = await startGateway({ authGraceMs: 2000 })
    const { inspect } = gateway.world
    // By our own Schemas, and by what is published of them.
    world = {
      ...gateway.world,
      inspect: (frame) => inspect?.(frame) ?? faultBySchema("Outbound", frame)
    }
  })
  afterAll(() => gateway.close())

  it("are all there", () => {
    expect(caseFile("client-protocol-cases.json").cases.length).toBe(49)
  })

  describe("as the player sees them", () => {
    const ping = { action: "ping" }
    const soon = { after: 0, within_ms: 100 }
    const play = (expected: ClientCase["expect"], send: ClientCase["send"] = [ping], more = {}) =>
      runCase({ name: "x", title: "x", level: "compat", send, expect: expected, ...more }, world)

    it("fail when they are not met", async () => {
      expect(await play([{ ...soon, frame: { type: "pong" } }])).toEqual([])
      expect(await play([{ ...soon, frame: { type: "pung" } }])).toHaveLength(1)
      expect(await play([{ ...soon, frame: { type: "pong" }, max_bytes: 10 }])).toHaveLength(1)
      expect(await play([{ ...soon, frame: { type: "pong" }, text: "^x" }])).toHaveLength(1)
      expect(await play([{ ...soon, none: { type: "pong" } }])).toHaveLength(1)
      expect(await play([{ ...soon, pong: true }])).toHaveLength(1)
      expect(await play([{ ...soon, closed: { code: 4401 } }])).toHaveLength(1)
    })

    it("say what was different", async () => {
      const [told] = await play([{ ...soon, frame: { type: "pong", status: "fine" } }])
      expect(told).toContain('status is "success", expected "fine"')
    })

    it("count a frame once, and only from its step on", async () => {
      const twice = { ...soon, frame: { type: "pong" } }
      expect(await play([twice, twice])).toHaveLength(1)
      const quiet = { ...soon, none: { type: "pung" } }
      expect(await play([quiet, { ...twice, after: 1 }], [ping, { $wait_ms: 1 }])).toHaveLength(1)
    })

    it("look at the order when they say so", async () => {
      const swapped = [
        { ...soon, frame: { code: "INVALID_ACTION" } },
        { ...soon, frame: { type: "pong" } }
      ]
      const both = [{ ...ping, $pipeline: true }, { action: "dance" }]
      expect(await play(swapped, both)).toEqual([])
      expect(await play(swapped, both, { in_order: true })).toHaveLength(1)
    })

    it("give each expectation a frame of its own where that is possible", async () => {
      const both = [{ ...ping, $pipeline: true }, { action: "dance" }]
      const loose = { ...soon, frame: { status: "$string" } }
      expect(await play([loose, { ...soon, frame: { type: "pong" } }], both)).toEqual([])
    })

    it("may leave and come back, on any client", async () => {
      const again = [
        { $open: "c2", path: "/ws" },
        { $close: "c2" },
        { $open: "c2" },
        { $on: "c2", frame: ping }
      ]
      const expected = [
        { after: 1, on: "c2", closed: { code: 1000 } },
        { after: 3, on: "c2", frame: { type: "pong" } }
      ]
      expect(await play(expected, again)).toEqual([])
    })

    it("put in keys and generated lists", async () => {
      const send = [
        { action: "ping", _pingId: { $gen: { count: 2, symbol: "B##", exchange: "NSE", mode: 1 } } },
        { action: "ping", _pingId: "${KEY_BAD} ${NONE}" }
      ]
      const listed = [
        { symbol: "B00", exchange: "NSE", mode: 1 },
        { symbol: "B01", exchange: "NSE", mode: 1 }
      ]
      const expected = [
        { after: 0, frame: { _pingId: listed } },
        { after: 1, frame: { _pingId: "not-a-key ${NONE}" } }
      ]
      expect(await play(expected, send)).toEqual([])
    })

    it("look at every frame, whether it was expected or not", async () => {
      const wrong = { ...world, inspect: () => "a fault" }
      const [told] = await runCase({ name: "x", send: [ping], expect: [{ after: 0, frame: {} }] }, wrong)
      expect(told).toMatch(/^on c1: a fault in .*pong/)
    })

    it("say which step could not be done", async () => {
      const [told] = await play(
        [],
        [{ $on: "c2", $text: "{}" }, { $wait_ms: 2200 }, { $on: "c2", frame: ping }]
      )
      expect(told).toBe("step 2: the connection is closed, nothing can be sent")
    })
  })

  for (const name of ["client-protocol-cases.json", "client-protocol-more-cases.json"]) {
    describe(name, () => {
      for (const testCase of caseFile(name).cases) {
        it(`${testCase.level} ${testCase.name}`, async () => {
          expect(await runCase(testCase, world)).toEqual([])
          // Nothing of one case may reach into the next one.
          await expect.poll(() => gateway.feed.held).toBe(0)
          await expect.poll(() => gateway.stats().clients).toBe(0)
        })
      }
    })
  }
})
