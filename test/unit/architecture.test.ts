/** Holds the rooms to their one-way dependencies and the entry points to their promise of no native module. */
import { readFileSync, readdirSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../../src")
const rooms: Readonly<Record<string, ReadonlyArray<string>>> = {
  kit: [],
  market: ["kit"],
  protocols: ["kit", "market"],
  brokers: ["kit", "market", "protocols"],
  store: ["kit", "market", "brokers"],
  frame: ["kit", "market"],
  bus: ["kit", "market", "frame"],
  // The simulator for brokers whose market is simulated in the process, loaded only then.
  session: ["kit", "market", "protocols", "brokers", "store", "frame", "bus", "simulator"],
  gateway: ["kit", "market", "frame", "bus", "store"],
  simulator: ["kit", "market", "protocols", "brokers"],
  // A client of any server that speaks the protocol: it knows nothing of ours.
  load: ["kit"],
  cli: [
    "kit",
    "market",
    "protocols",
    "brokers",
    "store",
    "frame",
    "bus",
    "session",
    "gateway",
    "simulator",
    "load"
  ]
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".ts"))
  .map((f) => join(root, f))

/** Static and dynamic imports, and whether they vanish at run time. */
const importsOf = (file: string): ReadonlyArray<{ readonly to: string; readonly typeOnly: boolean }> => {
  const text = readFileSync(file, "utf8")
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm
  )
  return [...found].map((m) => ({ to: m[2] ?? m[3] ?? m[4]!, typeOnly: m[1] !== undefined }))
}
const roomOf = (file: string) => relative(root, file).split("/")[0]!

describe("architecture", () => {
  it("has only the rooms that the documentation names", () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter((d) => d.isDirectory())
    assert.deepStrictEqual(folders.map((d) => d.name).sort(), Object.keys(rooms).sort())
  })

  it("imports in one direction", () => {
    const wrong: Array<string> = []
    for (const file of files) {
      const room = roomOf(file)
      if (!(room in rooms)) continue
      for (const { to } of importsOf(file)) {
        if (!to.startsWith(".")) continue
        const target = roomOf(resolve(dirname(file), to))
        if (target !== room && !rooms[room]!.includes(target))
          wrong.push(`${relative(root, file)} imports ${to}`)
      }
    }
    assert.deepStrictEqual(wrong, [])
  })

  it("makes code from text in one file alone", () => {
    const makers = files.filter((f) => /\bnew Function\b|\beval\(/.test(readFileSync(f, "utf8")))
    assert.deepStrictEqual(
      makers.map((f) => relative(root, f)),
      ["kit/compile.ts"]
    )
  })

  /** They mean something else to a trader, or nothing to anybody: docs/architecture.md has the glossary. */
  it("takes no word for a thing of its own that the trade uses otherwise", () => {
    const taken =
      /^(?:export )?(?:abstract )?(?:class|interface|type) (?:Orders?|Holdings?|Positions?|Desk|Lines?|Slots?|Care|Herald|News|Rooms?|Doors?|Seats?|Parcels?|Ledgers?|Stage|Floor|Asked|Told|Entry)\b/gm
    const found = files.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(taken)].map(([words]) => `${relative(root, file)}: ${words}`)
    )
    assert.deepStrictEqual(found, [])
  })

  /** Libraries that only compute. */
  const pure = new Set([
    "effect/Redacted",
    "@nats-io/nkeys",
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "fflate",
    "mqtt-packet",
    "protobufjs/minimal.js"
  ])

  it("keeps codecs pure: no Effect at run time, no Node I/O, no clock", () => {
    const wrong: Array<string> = []
    for (const file of files.filter((f) => /protocols\/[^/]+\//.test(relative(root, f)))) {
      for (const { to, typeOnly } of importsOf(file)) {
        const allowed = to.startsWith(".") || pure.has(to) || typeOnly
        if (!allowed) wrong.push(`${relative(root, file)} imports ${to}`)
      }
      if (/Date\.now\(|performance\.now\(/.test(readFileSync(file, "utf8")))
        wrong.push(`${relative(root, file)} reads a clock`)
    }
    assert.deepStrictEqual(wrong, [])
  })

  it("reaches no native module from the embedding entry points", () => {
    const native = new Set(["zeromq", "uWebSockets.js"])
    const entries = files.filter((f) =>
      /^index\.ts$|^protocols\/[^/]+\/index\.ts$|^simulator\/index\.ts$|^testing\.ts$/.test(relative(root, f))
    )
    assert.isAbove(entries.length, 3)
    const seen = new Set<string>()
    const walk = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const { to, typeOnly } of importsOf(file)) {
        if (typeOnly) continue
        if (to.startsWith(".")) walk(resolve(dirname(file), to))
        else assert.isFalse(native.has(to), `${relative(root, file)} imports ${to}`)
      }
    }
    for (const entry of entries) walk(entry)
  })
})
