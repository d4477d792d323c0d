/** Tables of packets: they cover each byte once, and what is written by one is what its decoder reads. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { Level, Tick, TickDraft } from "../../../src/market/tick.ts"
import { packetDecoder } from "../../../src/protocols/kit/packetDecoder.ts"
import type { Book, Field, Layout } from "../../../src/protocols/kit/packetLayout.ts"
import { packetOf } from "../../../src/protocols/kit/packetLayout.ts"
import { i32, u32 } from "../../../src/protocols/kit/packetNumbers.ts"
import { instrument } from "./support.ts"

const root = resolve(import.meta.dirname, "../../..")
const protocols = join(root, "src/protocols")

const isLayout = (value: unknown): value is Layout =>
  typeof value === "object" && value !== null && "fields" in value && "rest" in value

/** Those that stand alone, in a record, or are made for a type of prices. */
const layoutsIn = (name: string, value: unknown): ReadonlyArray<readonly [string, Layout]> => {
  if (isLayout(value)) return [[name, value]]
  if (typeof value === "function" && name.endsWith("packetsOf")) {
    return [i32, u32].flatMap((type, i) => layoutsIn(`${name} ${i}`, value(type)))
  }
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    isLayout(inner) ? [[`${name} ${key}`, inner] as const] : []
  )
}

const layouts: Array<readonly [string, Layout]> = []
/** Ours, and the one that docs/adding-a-protocol.md makes up. */
const folders = [
  ...readdirSync(protocols).map((name) => join(protocols, name)),
  join(root, "test/fixtures/tickwire")
]
for (const path of folders) {
  const file = join(path, "layout.ts")
  if (!existsSync(file)) continue
  const folder = basename(path)
  const module: Readonly<Record<string, unknown>> = await import(file)
  for (const [name, value] of Object.entries(module)) layouts.push(...layoutsIn(`${folder} ${name}`, value))
}

const { symbol, exchange } = instrument("NSE", "RELIANCE", "1")
const RECEIVED = 1_700_000_000_123
const DIVISOR = 100
/** Whole seconds, also where it counts milliseconds. */
const SHIFT = 20_000

/** What a field may hold, whatever its type and scale: a price, a time or a small count. */
const valueOf = ({ name, scale }: Field, i: number): number => {
  if (!scale.zeroIsNone) return 10 + i
  return name === "ltt" || name === "exchange_time" ? 1_700_000_000_000 + 1000 * i : 100.5 + i
}

const bookOf = ({ levels }: Book): { buy: ReadonlyArray<Level>; sell: ReadonlyArray<Level> } => {
  const side = (from: number): ReadonlyArray<Level> =>
    Array.from({ length: levels }, (_, i) => ({
      price: 200.25 + from + i,
      quantity: 1000 + from + i,
      orders: 1 + from + i
    }))
  return { buy: side(0), sell: side(100) }
}

const roundTrip = (packet: Layout, state: Partial<Tick>): Tick =>
  packetDecoder(packet, "depth")(
    packetOf(packet, state, DIVISOR, SHIFT),
    0,
    instrument("NSE", "RELIANCE", "1"),
    RECEIVED,
    DIVISOR,
    SHIFT
  )

const emptyTick = (packet: Layout): TickDraft => {
  const tick: TickDraft = { symbol, exchange, mode: "depth", received_time: RECEIVED }
  for (const { name, scale } of packet.fields) if (!scale.zeroIsNone) tick[name] = 0
  if (packet.book !== undefined) {
    const { dense, levels } = packet.book
    const side = dense ? [] : Array.from({ length: levels }, () => ({ price: 0, quantity: 0, orders: 0 }))
    tick.depth = { buy: side, sell: side }
  }
  return tick
}

/** How often each byte stands in the table. */
const coverage = ({ book, fields, rest, size }: Layout): ReadonlyArray<number> => {
  const uses = Array.from({ length: size }, () => 0)
  const use = (at: number, bytes: number): void => {
    for (let i = at; i < at + bytes; i++) uses[i] = (uses[i] ?? 0) + 1
  }
  for (const { at, type } of fields) use(at, type.bytes)
  for (const { at, bytes } of rest) use(at, bytes)
  if (book === undefined) return uses
  for (let i = 0; i < book.levels; i++) {
    for (const [from, level] of [[book.buyAt, book.buy] as const, [book.sellAt, book.sell] as const]) {
      const at = from + i * book.stride
      const { mark, orders, padding, price, quantity, types } = level
      use(at + price, types.price.bytes)
      use(at + quantity, types.quantity.bytes)
      use(at + orders, types.orders.bytes)
      if (mark !== undefined) use(at + mark.at, mark.type.bytes)
      if (padding !== undefined) use(at + padding.at, padding.bytes)
    }
  }
  return uses
}

describe("packet layouts", () => {
  it("are found", () => {
    const folders = new Set(layouts.map(([name]) => name.split(" ")[0]))
    assert.includeMembers(
      [...folders],
      ["arrow", "dhan", "iifl-mqtt", "kite", "kotak-sfeed", "pocketful", "smartstream", "tickwire"]
    )
  })

  for (const [name, packet] of layouts) {
    it(`${name}: every byte of ${packet.size} once, no field twice`, () => {
      const wrong = coverage(packet).flatMap((uses, at) => (uses === 1 ? [] : [`byte ${at}: ${uses}`]))
      assert.deepStrictEqual(wrong, [])
      const names = packet.fields.map((field) => field.name)
      assert.strictEqual(new Set(names).size, names.length)
    })

    it(`${name}: every field is read, alone and with the others`, () => {
      const all: Partial<TickDraft> = {}
      for (const [i, field] of packet.fields.entries()) {
        const state = { [field.name]: valueOf(field, i) }
        Object.assign(all, state)
        assert.deepStrictEqual<Tick>(roundTrip(packet, state), { ...emptyTick(packet), ...state }, field.name)
      }
      if (packet.book !== undefined) all.depth = bookOf(packet.book)
      assert.deepStrictEqual<Tick>(roundTrip(packet, all), { ...emptyTick(packet), ...all })
    })
  }

  it("are read alike where the process may not compile texts", () => {
    const run = (...flags: ReadonlyArray<string>): string =>
      execFileSync(
        process.execPath,
        [...flags, "--no-warnings", "bin/algoways.mjs", "conformance", "--vectors", "test/vectors"],
        { cwd: root, encoding: "utf8" }
      )
    assert.strictEqual(run("--disallow-code-generation-from-strings"), run())
    // Twice all golden frames, in processes of their own.
  }, 120_000)
})
