/** The made-up protocol of docs/adding-a-protocol.md: the page shows what is here, and it works. */
import { readFileSync, readdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { runVectorFile } from "../../../src/brokers/conformance.ts"
import { broker as arrow } from "../../../src/brokers/data/arrow.ts"
import { modes, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { loadProtocol, loadServerProtocol, registerProtocol } from "../../../src/protocols/index.ts"
import { NOW, collecting, credentials, framesOnly, instrument } from "./support.ts"

const root = resolve(import.meta.dirname, "../../..")
const fixture = join(root, "test/fixtures/tickwire")
const page = readFileSync(join(root, "docs/adding-a-protocol.md"), "utf8")

const load = () => import("../../fixtures/tickwire/index.ts")
registerProtocol("tickwire", {
  client: async () => (await load()).protocol,
  server: async () => (await load()).serverProtocol
})

const broker: Broker = {
  ...arrow,
  name: "tickwire",
  protocol: "tickwire",
  exchanges: { NSE: { code: "E", depthLevels: [5] } }
}
const options = codecOptions(broker)
const RELIANCE = instrument("NSE", "RELIANCE", "2885")

/** As it would stand in src/protocols/tickwire/, without spaces and line breaks: longer paths break lines elsewhere. */
const bare = (text: string): string =>
  text
    .replaceAll('"../../../src/protocols/', '"../')
    .replaceAll('"../../../src/', '"../../')
    .replaceAll(/\s|,(?=\s*[}\])])/g, "")

describe("the made-up protocol of docs/adding-a-protocol.md", () => {
  for (const file of readdirSync(fixture).filter((name) => name.endsWith(".ts"))) {
    it(`the page shows ${file} as it is here`, () => {
      const opening = "```ts\n// src/protocols/tickwire/" + file + "\n"
      const from = page.indexOf(opening)
      assert.isAbove(from, -1)
      const shown = page.slice(from + opening.length, page.indexOf("```\n", from + 1))
      assert.strictEqual(bare(shown), bare(readFileSync(join(fixture, file), "utf8")))
    })
  }

  it("each row of the evidence that has a golden frame names one, and the frames decode as they should", async () => {
    const vectors = JSON.parse(readFileSync(join(fixture, "vectors.json"), "utf8"))
    const names: ReadonlyArray<string> = vectors.cases.map(({ name }: { name: string }) => name)
    const evidence = page.slice(
      page.indexOf("| message |"),
      page.indexOf("\n\n", page.indexOf("| message |"))
    )
    const named = [...evidence.matchAll(/`([^`]+)` \|$/gm)].map(([, name]) => name)
    assert.deepStrictEqual(named.toSorted(), [...names].toSorted())
    const report = runVectorFile(vectors, broker, await loadProtocol("tickwire"))
    assert.deepStrictEqual(report, { stream: "tickwire", passed: names.length, failed: 0, failures: [] })
  })

  it("what the broker's side writes is what the client's side reads, in each mode", async () => {
    const [client, server] = await Promise.all([loadProtocol("tickwire"), loadServerProtocol("tickwire")])
    const side = { symbol: "RELIANCE", exchange: "NSE", received_time: NOW } as const
    const level = { price: 2949.25, quantity: 7, orders: 2 }
    const levels = Array.from({ length: 5 }, () => level)
    const ltp = { ltt: 1_711_600_000_000, ltp: 2949.3 }
    const quote = {
      ...ltp,
      ltq: 25,
      open: 2930,
      high: 2955,
      low: 2920.1,
      close: 2935.5,
      volume: 1_234_567,
      average_price: 2945.12,
      oi: 3
    }
    const states: Readonly<Record<(typeof modes)[number], Tick>> = {
      ltp: { ...side, mode: "ltp", ...ltp },
      quote: { ...side, mode: "quote", ...quote },
      depth: { ...side, mode: "depth", ...quote, depth: { buy: levels, sell: levels } }
    }
    for (const mode of modes) {
      const context = { request: { url: "/", headers: {} }, accepted: () => credentials }
      const far = server.open(options, context)
      const near = client.open(options)
      const { found, sink } = collecting()
      const changes = [{ instrument: RELIANCE, to: { mode, depth: 5 } }]
      for (const frame of framesOnly(near.request(changes))) {
        assert.deepStrictEqual(far.receive(frame, () => RELIANCE).touched, [RELIANCE])
      }
      for (const frame of far.encode([[RELIANCE, states.depth]])) near.decode(frame, NOW, sink)
      assert.deepStrictEqual(found.ticks, [states[mode]])
      assert.deepStrictEqual(found.refreshes, [refreshes[mode]])
    }
  })

  it("admits the token that its handshake sends, and no other", async () => {
    const { admit, handshake } = await import("../../fixtures/tickwire/handshake.ts")
    const { headers, url } = handshake({ credentials, endpoint: "wss://tickwire.example/v1" })
    assert.isUndefined(admit({ url, headers }, credentials))
    assert.deepStrictEqual(admit({ url, headers: {} }, credentials), { status: 401, headers: {} })
  })
})
