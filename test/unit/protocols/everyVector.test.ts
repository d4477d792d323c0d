/** The golden frames of every stream. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { streamsOf } from "../../../src/brokers/broker.ts"
import { readVectorFile, runVectorFile, ticksOfVectors } from "../../../src/brokers/conformance.ts"
import { BrokerRegistry, builtInBrokers } from "../../../src/brokers/registry.ts"
import { loadProtocol } from "../../../src/protocols/index.ts"
import { makeGuard } from "../../../src/session/ticks/guard.ts"
import { misnamed } from "../../support/misnamed.ts"
import { root, vectorsOf } from "./support.ts"

const isTick = makeGuard()

const streams = readdirSync(join(root, "test/vectors")).map((file) => file.replace(/\.json$/, ""))

describe.each(streams)("golden frames of %s", (stream) => {
  it.effect("decode to the expected ticks", () =>
    Effect.gen(function* () {
      const vectors = vectorsOf(stream)
      const { cases, protocol: wire } = readVectorFile(vectors)
      const broker = yield* (yield* BrokerRegistry).feed(stream, wire)
      const protocol = yield* Effect.promise(() => loadProtocol(broker.protocol))
      assert.strictEqual(protocol.name, wire)
      assert.deepStrictEqual(runVectorFile(vectors, broker, protocol), {
        stream,
        passed: cases.length,
        failed: 0,
        failures: []
      })
      assert.deepStrictEqual(
        ticksOfVectors(vectors, broker, protocol).filter((tick) => !isTick(tick)),
        [],
        "every tick passes the guard"
      )
      assert.deepStrictEqual(
        ticksOfVectors(vectors, broker, protocol).flatMap((tick) => misnamed(tick) ?? []),
        [],
        "depth is what has a book"
      )
    }).pipe(Effect.provide(BrokerRegistry.layer))
  )
})

it.effect("every stream of every broker has golden frames, but the simulated ones", () =>
  Effect.gen(function* () {
    const registry = yield* BrokerRegistry
    const modules = yield* Effect.forEach(builtInBrokers, registry.load)
    const feeds = modules.filter((m) => m.broker.simulated !== true).flatMap((m) => streamsOf(m.broker))
    assert.deepStrictEqual(
      feeds.map((f) => f.name).filter((name) => !streams.includes(name)),
      []
    )
  }).pipe(Effect.provide(BrokerRegistry.layer))
)
