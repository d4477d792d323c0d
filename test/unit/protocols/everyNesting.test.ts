/**
 * No text of a broker makes work by nesting: whatever stands where, `JSON.parse` never gets a long text that nests deeper than
 * a message has reason to, and the frame is told as a reject or an event.
 */
import { assert, describe, it, vi } from "@effect/vitest"
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { nestsTooDeep } from "../../../src/market/jsonNesting.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import type { Frame, HttpRequest, Sink } from "../../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import { everyFeed } from "../../support/everyFeed.ts"
import { NOW, makeLink } from "./link.ts"

const LONG = 5000
const deep = "[".repeat(LONG) + "]".repeat(LONG)
/** The brackets in the string would lead a count astray that does not know strings. */
const disguised = `["${"]".repeat(3 * LONG)}",${deep}]`

/** A text frame with nesting in place of its first value of each kind, and texts that only nest. */
const nesting = (text: string): ReadonlyArray<string> =>
  [deep, disguised].flatMap((value) => [
    text.replace(/:\s*"[^"]*"/, () => `:${value}`),
    text.replace(/:\s*-?\d[\d.]*/, () => `:${value}`),
    text.replace(/"(?:[^"\\]|\\.)*"\]?$/, () => JSON.stringify(value)),
    text.replace(/,"(.*)"\]$/s, () => `,${JSON.stringify(value)}]`),
    text.replace(/,.*$/s, () => `,${value}]`)
  ])

const bare = [
  deep,
  disguised,
  JSON.stringify(deep),
  `{"type":"error","status":"error","t":"ck","s":"NOT_OK","message":${deep}}`,
  `42["1512-json-full",${JSON.stringify(deep)}]`,
  `42["error",${deep}]`,
  `{"a":NaN,"b":${deep}}`,
  `INFO ${deep}\r\n`
]

/** The texts that `JSON.parse` should not have been given while `run` ran. */
const parsedDeep = (run: () => void): number => {
  const parse = vi.spyOn(JSON, "parse")
  try {
    run()
    return parse.mock.calls.filter(([text]) => text.length > 4096 && nestsTooDeep(text)).length
  } finally {
    parse.mockRestore()
  }
}

const isText = (frame: Frame): boolean => typeof frame === "string" || /^[\d\s]*[[{]/.test(asText(frame))
const asText = (frame: Frame): string =>
  typeof frame === "string" ? frame : Buffer.from(frame).toString("latin1")

const recorded = async (broker: Broker) => {
  const link = await makeLink(broker)
  const wants = link.listed
    .slice(0, 5)
    .map(({ instrument }) => ({ instrument, to: { mode: broker.modes[0]!, depth: 0 } }))
  link.request(wants)
  for (let i = 0; i < 5; i++) link.step(20)
  return link
}

describe.each(everyFeed)("%s: nesting", (_, broker) => {
  it("what the broker sends", async () => {
    const link = await recorded(broker)
    const protocol = await loadProtocol(broker.protocol)
    const texts = link.inbound.filter(isText).map(asText)
    const frames = [...bare, ...texts.slice(0, 20).flatMap(nesting)]
    const deepParses = parsedDeep(() => {
      for (const text of frames) {
        for (const frame of [text, Buffer.from(text)]) {
          const codec = protocol.open(codecOptions(broker), link.handshake)
          let told = 0
          const tell = (): void => void told++
          const sink: Sink = { tick: tell, reject: tell, event: tell, send: () => {} }
          codec.decode(frame, NOW, sink)
          if (typeof frame === "string" && bare.includes(text)) assert.isAbove(told, 0, text.slice(0, 100))
        }
      }
    })
    assert.strictEqual(deepParses, 0)
  })

  it("what the broker answers over HTTP", async () => {
    const link = await recorded(broker)
    const protocol = await loadProtocol(broker.protocol)
    const asked = link.outbound.filter((one): one is HttpRequest => isHttpRequest(one))
    const deepParses = parsedDeep(() => {
      for (const body of bare) {
        const codec = protocol.open(codecOptions(broker), link.handshake)
        const sink: Sink = { tick: () => {}, reject: () => {}, event: () => {}, send: () => {} }
        for (const request of asked)
          for (const status of [200, 400]) codec.answered?.(request, { status, headers: {}, body }, NOW, sink)
        const begun = protocol.handshake({
          endpoint: broker.endpoint,
          services: broker.services ?? {},
          credentials: link.credentials,
          now: NOW,
          random: new Uint8Array(64).fill(7),
          options: codecOptions(broker)
        })
        if (!("next" in begun)) continue
        let step = begun.next()
        for (let i = 0; step.done !== true && i < 10; i++)
          step = begun.next({ status: i % 2 === 0 ? 200 : 400, headers: {}, body })
      }
    })
    assert.strictEqual(deepParses, 0)
  })

  it("what a client sends the simulator", async () => {
    const link = await recorded(broker)
    const frames = [
      ...bare,
      ...link.outbound.flatMap((o) => (isHttpRequest(o) || !isText(o) ? [] : nesting(asText(o))))
    ]
    const deepParses = parsedDeep(() => {
      for (const frame of frames)
        for (const sent of [frame, Buffer.from(frame)]) {
          try {
            link.server.receive(sent, () => undefined)
          } catch (error) {
            // What becomes of a frame that is nonsense is the matter of other tests.
            assert.notInstanceOf(error, RangeError)
          }
        }
    })
    assert.strictEqual(deepParses, 0)
  })
})

describe("the guard", () => {
  it("stands before every text that is parsed", () => {
    const root = join(import.meta.dirname, "../../../src")
    const parsing = ["protocols", "simulator"].flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => `${room}/${file}`)
        .filter((file) => /JSON\.parse\(/.test(readFileSync(join(root, file), "utf8")))
    )
    // The script of faults is a file of the user's own.
    assert.deepStrictEqual(parsing, ["protocols/kit/text.ts", "simulator/faults/script.ts"])
  })
})
