import { assert, describe, it } from "@effect/vitest"
import {
  loadProtocol,
  loadServerProtocol,
  protocolNames,
  registerProtocol
} from "../../../src/protocols/index.ts"
import { sides } from "./support.ts"

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "did not fail",
    (error: unknown) => String(error)
  )

describe("the protocol registry", () => {
  it.each(["kite", "smartstream"])("loads both sides of %s", async (name) => {
    assert.strictEqual((await loadProtocol(name)).name, name)
    assert.strictEqual((await loadServerProtocol(name)).name, name)
    assert.include(protocolNames(), name)
  })

  it("names the known ones for an unknown one", async () => {
    for (const load of [loadProtocol, loadServerProtocol]) {
      const text = await failure(load("fax"))
      assert.include(text, 'Unknown protocol "fax". Known protocols: ')
      for (const name of protocolNames()) assert.include(text, name)
    }
  })

  it("takes further ones, loaded when they are asked for", async () => {
    let loads = 0
    registerProtocol("mine", {
      client: () => {
        loads++
        return Promise.resolve({ ...sides.kite.protocol, name: "mine" })
      }
    })
    assert.deepStrictEqual([loads, protocolNames().includes("mine")], [0, true])
    assert.strictEqual((await loadProtocol("mine")).name, "mine")
    assert.strictEqual(loads, 1)
    assert.include(await failure(loadServerProtocol("mine")), 'Protocol "mine" has no broker\'s side')
  })
})
