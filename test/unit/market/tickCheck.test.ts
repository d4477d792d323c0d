/** The Schema (by the interpreter), the walk over the table and the compiled check accept and refuse the same. */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as fc from "fast-check"
import { Implausible, Tick } from "../../../src/market/tick.ts"
import { modes } from "../../../src/market/mode.ts"
import { makeTickCheck } from "../../../src/market/tickCheck.ts"
import type { Rule, Unchecked } from "../../../src/market/tickRules.ts"
import { MAX_PRICE, MAX_TIME, MIN_TIME, badField, optional, required } from "../../../src/market/tickRules.ts"

const schema = Schema.is(Tick)

/** The rules once more, in Effect's own checks: the Schema takes the bounds of its numbers from the table. */
const spelledOut = (() => {
  const Text = Schema.String.check(Schema.isNonEmpty())
  const Price = Schema.Number.check(Schema.isBetween({ minimum: -1e12, maximum: 1e12 }))
  const Quantity = Schema.Number.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
  const Time = Schema.Number.check(
    Schema.isInt(),
    Schema.isBetween({ minimum: Date.UTC(2001, 8, 9, 1, 46, 40), maximum: Date.UTC(2100, 0, 1) })
  )
  const Side = Schema.Array(Schema.Struct({ price: Price, quantity: Quantity, orders: Quantity }))
  const kinds = {
    time: ["exchange_time", "ltt"],
    price: ["ltp", "open", "high", "low", "close", "average_price"],
    limit: [
      "upper_circuit",
      "lower_circuit",
      "week52_high",
      "week52_low",
      "indicative_price",
      "reference_price"
    ],
    quantity: [
      "ltq",
      "volume",
      "total_buy_quantity",
      "total_sell_quantity",
      "oi",
      "oi_high",
      "oi_low",
      "indicative_quantity"
    ],
    signed: ["imbalance", "market_imbalance"]
  }
  const each = <S extends Schema.Top>(of: ReadonlyArray<string>, field: S) =>
    Object.fromEntries(of.map((name) => [name, Schema.optionalKey(field)]))
  return Schema.is(
    Schema.Struct({
      symbol: Text,
      exchange: Text,
      mode: Schema.Literals(["ltp", "quote", "depth"]),
      received_time: Time,
      ...each(kinds.time, Time),
      ...each([...kinds.price, ...kinds.limit], Price),
      ...each(kinds.quantity, Quantity),
      ...each(kinds.signed, Schema.Number.check(Schema.isInt())),
      implausible: Schema.optionalKey(Schema.Literals(["jump", "circuit"])),
      depth: Schema.optionalKey(Schema.Struct({ buy: Side, sell: Side }))
    })
  )
})()

/** One for all: it soon has more shapes than it can be fast on. */
const compiled = makeTickCheck()

/** Whether all of them pass it. */
const agree = (tick: unknown, check = compiled): boolean => {
  const wanted = schema(tick)
  const found = [check(tick as Unchecked), badField(tick as Unchecked) === undefined, spelledOut(tick)]
  assert.deepStrictEqual(found, [wanted, wanted, wanted], "compiled check, walk, rules spelled out")
  return wanted
}

const runs = { numRuns: 2000, seed: 20_261_128 }

const numbers = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 0.5, -(2 ** 31)),
  fc.constantFrom(2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc
    .constantFrom(MAX_PRICE, -MAX_PRICE, MIN_TIME, MAX_TIME)
    .chain((n) => fc.constantFrom(n, n + 1, n - 1, n + 0.5, n - 0.5)),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger()
)

class Odd {
  readonly price: unknown
  readonly quantity: unknown = 5
  readonly orders: unknown = 1
  constructor(price: unknown) {
    this.price = price
  }
}

const wrong: fc.Arbitrary<unknown> = fc.oneof(
  numbers,
  fc.constantFrom(undefined, null, true, false, "", "x", "0", "ltp", "jump", "circuit", 10n, Symbol("s")),
  fc.constantFrom(
    {},
    [],
    [0],
    () => 0,
    new Date(0),
    new Map(),
    Object.create(null),
    new Number(5),
    new String("INFY")
  ),
  fc.string(),
  numbers.map((n) => new Odd(n)),
  numbers.map((price) => Object.assign([], { price, quantity: 1, orders: 1 })),
  numbers.map((price) => Object.assign(() => 0, { price, quantity: 1, orders: 1 })),
  numbers.map((price) => ({ price, quantity: 1, orders: 1, length: 3 }))
)

const good = {
  text: fc.string({ minLength: 1 }),
  price: fc.double({ min: -MAX_PRICE, max: MAX_PRICE, noNaN: true }),
  quantity: fc.oneof(fc.nat(), fc.maxSafeNat()),
  signed: fc.oneof(fc.integer(), fc.maxSafeInteger()),
  time: fc.integer({ min: MIN_TIME, max: MAX_TIME })
}

const goodLevel = fc.record({ price: good.price, quantity: good.quantity, orders: good.quantity })

/** With holes, things that are no level, levels that lack something or have more. */
const badSide: fc.Arbitrary<unknown> = fc.oneof(
  wrong,
  fc
    .tuple(fc.array(goodLevel, { maxLength: 6 }), fc.nat(6), wrong)
    .map(([levels, at, odd]) => Object.assign([...levels], { [at]: odd })),
  fc.array(fc.record({ price: wrong, quantity: wrong, orders: wrong, more: wrong }, { requiredKeys: [] }))
)
const goodSide = fc.array(goodLevel, { maxLength: 21 })
const book = (side: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.record({ buy: side, sell: side })

const ofRule = (rule: Rule): fc.Arbitrary<unknown> => {
  switch (rule.is) {
    case "text":
      return good.text
    case "word":
      return fc.constantFrom(...rule.of)
    case "book":
      return book(goodSide)
    case "number":
      if (!rule.whole) return good.price
      return rule.from === 0 ? good.quantity : rule.from < 0 ? good.signed : good.time
  }
}

const fields = Object.entries({ ...required, ...optional })
const names = fields.map(([name]) => name)

const goodTick = fc.record(Object.fromEntries(fields.map(([name, rule]) => [name, ofRule(rule)])), {
  requiredKeys: Object.keys(required)
})

const change = fc.oneof(
  fc.record({ name: fc.constantFrom(...names), value: wrong }),
  fc.record({ name: fc.constantFrom(...names), gone: fc.constant(true) }),
  fc.record({ name: fc.constantFrom("token", "length", "depth20", "toString"), value: wrong }),
  fc.record({
    name: fc.constant("depth"),
    value: fc.oneof(book(badSide), fc.record({ buy: badSide }), wrong)
  })
)

const changed = (
  tick: Unchecked,
  changes: ReadonlyArray<{ name: string; value?: unknown; gone?: boolean }>
) => {
  const result: Record<string, unknown> = { ...tick }
  for (const { gone, name, value } of changes) {
    if (gone === true) delete result[name]
    else result[name] = value
  }
  return result
}

describe("the compiled check", () => {
  it("knows the fields of the Schema, and which may be absent", () => {
    const { ast } = Tick
    assert.isTrue(SchemaAST.isObjects(ast))
    if (!SchemaAST.isObjects(ast)) return
    const inSchema = ast.propertySignatures.map(
      (p) => [String(p.name), SchemaAST.isOptional(p.type)] as const
    )
    const inTable = names.map((name) => [name, name in optional] as const)
    assert.deepStrictEqual(new Map(inTable), new Map(inSchema))
    assert.deepStrictEqual(required["mode"], { is: "word", of: modes })
    assert.deepStrictEqual(optional["implausible"], { is: "word", of: Implausible.literals })
  })

  it("passes every good tick, as the Schema does", () => {
    fc.assert(
      fc.property(goodTick, (tick) => agree(tick)),
      runs
    )
  })

  it("agrees with the Schema on good ticks with one to four changes", () => {
    let refused = 0
    fc.assert(
      fc.property(goodTick, fc.array(change, { minLength: 1, maxLength: 4 }), (tick, changes) => {
        if (!agree(changed(tick, changes))) refused++
      }),
      runs
    )
    assert.isAbove(refused, runs.numRuns / 4)
    assert.isBelow(refused, runs.numRuns)
  })

  it("agrees with the Schema on whatever has the fields of a tick", () => {
    const anything = fc.dictionary(fc.constantFrom(...names, "more"), fc.oneof(wrong, fc.anything()))
    fc.assert(
      fc.property(anything, (tick) => void agree(tick)),
      runs
    )
  })

  it("agrees with the Schema on each odd value in each field, one at a time", () => {
    fc.assert(
      fc.property(goodTick, wrong, (tick, value) => {
        for (const name of names) agree({ ...tick, [name]: value })
      }),
      { ...runs, numRuns: 500 }
    )
    fc.assert(
      fc.property(goodTick, fc.constantFrom(...names), numbers, (tick, name, value) => {
        agree({ ...tick, [name]: value })
      }),
      runs
    )
    fc.assert(
      fc.property(
        goodTick,
        goodLevel,
        fc.constantFrom("price", "quantity", "orders"),
        numbers,
        (tick, level, name, n) => {
          agree({ ...tick, depth: { buy: [level, { ...level, [name]: n }], sell: [] } })
        }
      ),
      runs
    )
  })

  it("agrees with the Schema on ticks that are instances of a class, or inherit their fields", () => {
    fc.assert(
      fc.property(goodTick, fc.array(change, { maxLength: 2 }), (tick, changes) => {
        agree(Object.assign(new Odd(1), changed(tick, changes)))
        agree(Object.assign(Object.create(null), changed(tick, changes)))
        agree(Object.create(changed(tick, changes)))
      }),
      { ...runs, numRuns: 500 }
    )
  })

  it("agrees with the Schema while the engine specialises it, and once there are too many shapes", () => {
    const level = { price: 1502.35, quantity: 100, orders: 3 }
    const of = { text: "INFY", word: "jump", book: { buy: [level], sell: [level, level] }, number: MIN_TIME }
    const whole = Object.fromEntries(fields.map(([name, rule]) => [name, of[rule.is]]))
    const check = makeTickCheck()
    const quantities = [0, 5, 2 ** 31, 2 ** 40, 0.5, -1]
    const seen = new Set<boolean>()
    // 24 shapes in turns, after many ticks of one shape: one tick in a thousand is looked at.
    for (let i = 0; i < 60_000; i++) {
      const tick: Record<string, unknown> = { ...whole, mode: "depth", volume: quantities[i % 6] }
      const shape = i < 20_000 ? 0 : i % 25
      if (shape > 0) delete tick[names[shape]!]
      if (i % 7 === 0) tick["oi"] = undefined
      if (i % 97 !== 0) check(tick)
      else seen.add(agree(tick, check))
    }
    assert.sameMembers([...seen], [true, false])
  })

  it("walks the table where the process may not compile texts", () => {
    const module = resolve(import.meta.dirname, "../../../src/market/tickCheck.ts")
    const script = `
      const { makeTickCheck } = await import(${JSON.stringify(module)})
      const check = makeTickCheck()
      const tick = { symbol: "INFY", exchange: "NSE", mode: "ltp", received_time: 1764040501250, ltp: 1502.4 }
      console.log(check(tick), check({ ...tick, ltp: NaN }), check({ ...tick, oi: undefined }))`
    const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module"]
    const run = (...more: ReadonlyArray<string>) =>
      spawnSync(process.execPath, [...flags, ...more, "-e", script], { encoding: "utf8" })
    const { stderr, stdout } = run("--disallow-code-generation-from-strings")
    assert.strictEqual(stdout, "true false false\n", stderr)
    assert.strictEqual(run().stdout, stdout)
  })
})
