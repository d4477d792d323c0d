/** The watch list: what it subscribes, and what it says of names that are published under another symbol. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { Feed } from "../../../../src/bus/feed.ts"
import { watch } from "../../../../src/cli/service/watch.ts"
import type { SubscribeRequest, SubscribeResult } from "../../../../src/market/subscription.ts"

describe("the watch list", () => {
  it.effect("says under which symbol a share is published that it names under its series", () =>
    Effect.gen(function* () {
      const logs: Array<string> = []
      const asked: Array<SubscribeRequest> = []
      const feed = {
        attach: () => Effect.void,
        subscribe: (_user: string, _reader: string, requests: ReadonlyArray<SubscribeRequest>) =>
          Effect.sync(() => {
            asked.push(...requests)
            return requests.map(({ exchange, mode, symbol }): SubscribeResult => ({
              status: "success",
              symbol,
              exchange,
              mode,
              requested_depth: 5,
              actual_depth: 5,
              is_fallback: false,
              ...(symbol === "RELIANCE-EQ" ? { served_as: "RELIANCE" } : {}),
              topic: "t"
            }))
          })
      } as unknown as Feed["Service"]
      const collecting = Logger.layer([Logger.make(({ message }) => void logs.push(String(message)))])
      yield* watch("asha/NSE:RELIANCE-EQ:LTP, asha/NSE:INFY").pipe(
        Effect.provideService(Feed, feed),
        Effect.provide(collecting)
      )
      while (asked.length === 0) yield* Effect.yieldNow
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      assert.deepStrictEqual(asked, [
        { symbol: "RELIANCE-EQ", exchange: "NSE", mode: "ltp" },
        { symbol: "INFY", exchange: "NSE", mode: "quote" }
      ])
      assert.deepStrictEqual(logs, ["watch list of asha: NSE:RELIANCE-EQ is published as NSE:RELIANCE"])
    })
  )
})
