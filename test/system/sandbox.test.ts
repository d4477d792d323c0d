/** A broker without a market of its own: served from a simulated one inside the process, and labelled everywhere. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerRegistry } from "../../src/brokers/registry.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import type { MarketFrame } from "../../src/frame/marketFrame.ts"
import { copyOf } from "../../src/frame/marketFrame.ts"
import { createAdapter } from "../../src/session/factory.ts"
import { Transport } from "../../src/session/transport/transport.ts"
import { simulatedMaster } from "../../src/simulator/index.ts"
import { importMaster } from "../../src/store/instruments/importer.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { until } from "./simulatorSupport.ts"

describe("dhan_sandbox", () => {
  it.live("ticks without a socket or a login, labelled in the answer and in every frame", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(
        Layer.mergeAll(Store.layerMemory, FrameBus.layer, Transport.layerSockets, BrokerRegistry.layer)
      )
      const { broker } = yield* Context.get(context, BrokerRegistry).load("dhan_sandbox")
      assert.isTrue(broker.simulated)
      yield* Context.get(context, Users).add("asha", broker.name)
      const texts = yield* Effect.promise(() => simulatedMaster(broker.name))
      const report = yield* Effect.provideContext(
        importMaster(broker, { texts }, { minimumRows: 1 }),
        context
      )
      assert.isAbove(report.imported, 50)
      const adapter = yield* Effect.provideContext(createAdapter(broker.name), context)
      const frames: Array<MarketFrame> = []
      yield* Context.get(context, FrameBus).subscribe((more) => frames.push(...more.map(copyOf)))
      yield* adapter.initialise({ user: "asha" })
      yield* adapter.connect
      const [result] = yield* adapter.subscribe([
        { symbol: "RELIANCE", exchange: "NSE", mode: "depth", depth: 5 }
      ])
      assert.strictEqual(result!.status, "success")
      assert.include(result!.status === "success" ? result!.message : "", "simulated market")
      yield* Effect.promise(() => until("frames", () => frames.length > 3, 20_000))
      for (const frame of frames) {
        const message = JSON.parse(frame.payload.toString()) as {
          broker: string
          data: { simulated: boolean; ltp: number }
        }
        assert.strictEqual(message.broker, "dhan_sandbox")
        assert.isTrue(message.data.simulated)
        assert.isAbove(message.data.ltp, 0)
      }
      yield* adapter.disconnect
      yield* Effect.sleep("100 millis")
      const silent = frames.length
      yield* Effect.sleep("300 millis")
      assert.strictEqual(frames.length, silent)
    })
  )
})
