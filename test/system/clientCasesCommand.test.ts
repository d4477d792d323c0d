/** Conversations against a gateway that runs, and the command that plays them. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { CaseFile } from "../../src/gateway/conformance/caseFile.ts"
import { runAgainst, runScripted } from "../../src/gateway/conformance/run.ts"
import { scriptedGateway } from "../../src/gateway/conformance/scriptedGateway.ts"
import { Gateway } from "../../src/gateway/server.ts"
import { run } from "./support/processes.ts"
import { caseFile } from "./support/testGateway.ts"

const path = "test/cases/client-protocol-cases.json"
const file = caseFile("client-protocol-cases.json")
const quiet = Layer.succeed(References.MinimumLogLevel, "None")

/** A gateway of other people: one user, one key, one broker of its own. */
const runtime = ManagedRuntime.make(
  scriptedGateway({ keys: { K: { value: "real-key", user_id: "mira", broker: "gamma" } } }).pipe(
    Layer.provide(quiet)
  )
)
let url: string
beforeAll(async () => {
  url = `ws://127.0.0.1:${(await runtime.runPromise(Gateway)).port}`
})
afterAll(() => runtime.dispose())

const named = (...names: ReadonlyArray<string>) => file.cases.filter(({ name }) => names.includes(name))
const against = (cases: CaseFile["cases"], keys: Readonly<Record<string, string>>, strict = true) =>
  Effect.runPromise(runAgainst(file, { url, keys, strict }, cases))

describe("against a running gateway", () => {
  it("expects its own users and brokers, and leaves out what it cannot have", async () => {
    const cases = named(
      "auth-success-shape",
      "subscribe-partial",
      "auth-broker-down",
      "supported-brokers-and-broker-info",
      "depth-level-fallback"
    )
    const outcomes = await against(cases, { KEY_A: "real-key" })
    expect(Object.fromEntries(outcomes.map((o) => [o.name, o.detail ?? o.status]))).toEqual({
      "auth-success-shape": "passed",
      "subscribe-partial": "needs the feed scripted",
      "auth-broker-down": "needs a key that the gateway knows: --key KEY_BROKERDOWN=...",
      // Its fixture names no brokers.
      "supported-brokers-and-broker-info": expect.stringContaining("brokers is []"),
      "depth-level-fallback": expect.stringContaining("did not come")
    })
  })

  it("takes a key that was given for one that must work", async () => {
    const [outcome] = await against(named("auth-success-shape"), { KEY_A: "wrong" })
    expect(outcome).toMatchObject({
      status: "failed",
      detail: expect.stringContaining("AUTHENTICATION_ERROR")
    })
  })

  it("says when nobody listens", async () => {
    const nobody = { url: "ws://127.0.0.1:1", keys: {}, strict: false }
    await expect(Effect.runPromise(runAgainst(file, nobody))).rejects.toThrow(/ws:\/\/127.0.0.1:1.*opened/)
  })
})

it("cases run one after another against the shipped gateway", async () => {
  const two = { ...file, cases: named("auth-success-shape", "protocol-ping-is-answered") }
  const outcomes = await Effect.runPromise(Effect.provide(runScripted(two), quiet))
  expect(outcomes.map(({ status }) => status)).toEqual(["passed", "passed"])
})

describe("the command", () => {
  const conformance = (...args: ReadonlyArray<string>) => Effect.runPromise(run(["conformance", ...args], {}))

  it("prints a line per case and a summary, or JSON", async () => {
    const two = ["--only", "ping-before-auth", "--only", "auth-success-shape"]
    const lines = await conformance("--client-cases", path, ...two)
    expect(lines).toMatchObject({
      code: 0,
      out: "ok   auth-success-shape\nok   ping-before-auth\n2 passed, 0 failed, 0 not run\n"
    })
    const json = await conformance("--client-cases", path, "--only", "ping-before-auth", "--json")
    expect(JSON.parse(json.out)).toMatchObject([
      { name: "ping-before-auth", level: "compat", status: "passed" }
    ])
  })

  it("fails with the first difference", async () => {
    const wrong = join(mkdtempSync(join(tmpdir(), "cases-")), "wrong.json")
    const expected = [{ after: 0, within_ms: 300, frame: { type: "pong", status: "fine" } }]
    const cases = [{ name: "fine", send: [{ action: "ping" }], expect: expected }]
    writeFileSync(wrong, JSON.stringify({ fixture: file.fixture, cases }))
    const failed = await conformance("--client-cases", wrong)
    expect(failed.code).toBe(1)
    expect(failed.out).toMatch(/^FAIL fine: after step 0 on c1, .*status is "success", expected "fine"/)
    expect(failed.err).toContain("Failed: fine")
    writeFileSync(wrong, JSON.stringify({ cases }))
    expect((await conformance("--client-cases", wrong)).err).toMatch(/wrong.json cannot be used: .*fixture/s)
  })

  it("plays against a gateway with keys of the command line", async () => {
    const only = ["auth-success-shape", "subscribe-symbols-array", "tick-ltp-types"].flatMap((n) => [
      "--only",
      n
    ])
    const running = ["--url", url, "--key", "KEY_A=real-key"]
    const { code, out } = await conformance("--client-cases", path, ...running, ...only)
    expect(out).toBe(
      "ok   auth-success-shape\nok   subscribe-symbols-array\n" +
        "skip tick-ltp-types: needs the feed scripted\n2 passed, 0 failed, 1 not run\n"
    )
    expect(code).toBe(0)
  })

  it.each([
    [["--client-cases", path, "--only", "nothing"], 'There is no case "nothing"'],
    [["--client-cases", path, "--url", "localhost:1"], "no WebSocket address"],
    [[], "--vectors FOLDER or --client-cases FILE"]
  ])("explains %j", async (args, words) => {
    const { code, err } = await conformance(...args)
    expect(code).toBe(1)
    expect(err).toContain(words)
  })
})
