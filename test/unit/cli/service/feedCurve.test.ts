/** Where the line between feed and gateway takes keys by itself. */
import { assert, describe, it } from "@effect/vitest"
import { usesKeys } from "../../../../src/cli/service/feedCurve.ts"

const keysOn = (control: string, frames: string, feedCurve: "auto" | "on" | "off" = "auto"): boolean =>
  usesKeys({ dataDir: "data", control, frames, feedCurve })

describe("--feed-curve", () => {
  it("auto takes keys as soon as one endpoint is beyond this machine", () => {
    for (const local of [
      "tcp://127.0.0.1:5556",
      "tcp://127.8.0.1:1",
      "tcp://localhost:5556",
      "tcp://[::1]:5556",
      "tcp://127.0.0.1:*",
      "ipc:///run/algoways/control"
    ]) {
      assert.isFalse(keysOn(local, local), local)
      for (const remote of [
        "tcp://*:5556",
        "tcp://0.0.0.0:5556",
        "tcp://[::]:5556",
        "tcp://10.0.0.5:5556",
        "tcp://eth0:5556",
        "tcp://feed.example:5556",
        "tcp://127.0.0.1.example.com:5556",
        "tcp://localhost.example.com:5556"
      ]) {
        assert.isTrue(keysOn(remote, local), remote)
        assert.isTrue(keysOn(local, remote), remote)
      }
    }
  })

  it("on and off are what they say", () => {
    assert.isTrue(keysOn("ipc:///a", "ipc:///b", "on"))
    assert.isFalse(keysOn("tcp://*:1", "tcp://*:2", "off"))
  })
})
