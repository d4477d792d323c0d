/** The native modules that are installed are the ones that were pinned, and a changed one is noticed. */
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { differences, look, pins } from "../../scripts/natives.mjs"
import { temporaryFolder } from "./store/support.ts"

const root = resolve(import.meta.dirname, "../..")
const installed = join(root, "node_modules")

describe("native modules", () => {
  it("are the ones that were pinned", () => {
    assert.deepStrictEqual(differences(installed, pins()), [])
  })

  it("that this Node loads are among them", () => {
    const { "uWebSockets.js": uws, zeromq } = pins()
    const file = `dist/bin/uws_${process.platform}_${process.arch}_${process.versions.modules}.node`
    assert.property(uws!.files, file)
    createRequire(import.meta.url)("zeromq")
    const loaded = Object.keys(createRequire(import.meta.url).cache)
      .filter((path) => path.endsWith(".node") && path.includes("zeromq"))
      .map((path) => path.slice(path.indexOf("zeromq/") + "zeromq/".length))
    assert.isNotEmpty(loaded)
    for (const path of loaded) assert.property(zeromq!.files, path)
  })

  it.effect("that were changed, added or exchanged are named", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const module = join(folder, "some")
      mkdirSync(module)
      const manifest = join(module, "package.json")
      writeFileSync(manifest, JSON.stringify({ name: "some", version: "1.0.0" }))
      cpSync(import.meta.filename, join(module, "a.node"))
      const pinned = { some: look(folder, "some") }
      assert.deepStrictEqual(differences(folder, pinned), [])
      appendFileSync(join(module, "a.node"), " ")
      writeFileSync(join(module, "b.node"), "")
      const [first, second, ...rest] = differences(folder, pinned)
      assert.match(first!, /some: a\.node has SHA-256 [0-9a-f]{64}, and [0-9a-f]{64} is pinned/)
      assert.match(second!, /some: b\.node is not pinned/)
      assert.isEmpty(rest)
      writeFileSync(manifest, JSON.stringify({ name: "some", version: "1.0.1" }))
      assert.deepStrictEqual(differences(folder, pinned), ["some is some@1.0.1, and some@1.0.0 is pinned"])
    })
  )
})
