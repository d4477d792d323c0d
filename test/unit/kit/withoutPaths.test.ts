import { assert, describe, it } from "@effect/vitest"
import { withoutPaths } from "../../../src/kit/withoutPaths.ts"

describe("withoutPaths", () => {
  it("leaves of a path its last part", () => {
    for (const [text, told] of [
      [
        "Error: Cannot find module '/home/asha/algoways/src/brokers/nope.ts' imported from /home/asha/algoways/src/brokers/registry.ts",
        "Error: Cannot find module 'nope.ts' imported from registry.ts"
      ],
      ["at file:///srv/app/dist/codec.js:12:3", "at codec.js:12:3"],
      ["ENOENT: no such file, open '/data/brokers.json'", "ENOENT: no such file, open 'brokers.json'"],
      [String.raw`cannot read C:\Users\asha\data\secret.key`, "cannot read secret.key"],
      ["ipc:///run/algoways/control", "ipc:///run/algoways/control"]
    ] as const) {
      assert.strictEqual(withoutPaths(text), told)
    }
  })

  it("leaves addresses, instruments and fractions alone", () => {
    for (const text of [
      "https://api.example.com/v2/quotes?x=1 answered 404",
      "wss://feed.example.com/apifeed could not be reached",
      "NSE:INFY and/or 24800/25000, 3/4 of asha/NSE:INFY/quote",
      "GET /ready"
    ]) {
      assert.strictEqual(withoutPaths(text), text)
    }
  })
})
