/** Every protocol knows the keys of its variant: those that its options.ts and docs/configuration.md name, and no other. */
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { codecOptions } from "../../../src/brokers/broker.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { loadProtocol, protocolNames } from "../../../src/protocols/index.ts"
import type { CodecOptions, Protocol } from "../../../src/protocols/protocol.ts"
import { variantKeys, variantProblem } from "../../../src/protocols/kit/variant.ts"
import { everyFeed } from "../../support/everyFeed.ts"

const root = resolve(import.meta.dirname, "../../..")

/** Some broker's stream over the protocol. */
const feedOf = (name: string): Broker => {
  const found = everyFeed.find(([, { protocol }]) => protocol === name)
  assert.isDefined(found, `no broker speaks ${name}`)
  return found![1]
}
const protocols = await Promise.all(
  protocolNames().map(async (name) => [name, await loadProtocol(name), codecOptions(feedOf(name))] as const)
)
const keysOf = (name: string): ReadonlyArray<string> => {
  const [, protocol, options] = protocols.find(([own]) => own === name)!
  return variantKeys(protocol, options)
}
const withVariant = (options: CodecOptions, variant: Readonly<Record<string, unknown>>): CodecOptions => ({
  ...options,
  variant: { ...options.variant, ...variant }
})

/** The keys that a list item of the header explains: `a` (1) and `b` (2): ... */
const documentedKeys = (folder: string): ReadonlyArray<string> => {
  const file = join(root, "src/protocols", folder, "options.ts")
  const header = existsSync(file) ? (readFileSync(file, "utf8").split("*/")[0] ?? "") : ""
  return [...header.matchAll(/^ \* - (.*(?:\n \* {3}.*)*)/gm)].flatMap(([, item]) => {
    const [names = ""] = item!.replaceAll(/\([^)]*\)/g, "").split(":")
    return [...names.matchAll(/`(\w+)`/g)].map(([, key]) => key!)
  })
}

describe.each(protocols)("the variant of %s", (name, protocol, options) => {
  it("is refused with an unknown key, by its name and with the known ones", () => {
    assert.isDefined((protocol as Protocol).readVariant)
    const problem = variantProblem(protocol, withVariant(options, { nosuchkey: true }))
    assert.include(problem, `unknown key nosuchkey for protocol ${name}`)
    for (const key of keysOf(name)) assert.include(problem, key)
    const two = variantProblem(protocol, withVariant(options, { one: 1, two: 2 }))
    assert.include(two, "unknown keys one, two")
  })

  it("is refused with a value that is none, by the name of its key", () => {
    for (const key of keysOf(name)) {
      const problem = variantProblem(protocol, withVariant(options, { [key]: Symbol("wrong") }))
      assert.match(problem ?? "", new RegExp(`Variant "${key}" of protocol `), key)
    }
  })

  it("is taken as the brokers have it", () => {
    for (const [feedName, feed] of everyFeed.filter(([, { protocol: own }]) => own === name)) {
      assert.isUndefined(variantProblem(protocol, codecOptions(feed)), feedName)
    }
  })
})

describe("the keys of variants", () => {
  const families = ["dhan", "dhan-depth20", "dhan-depth200"]

  it.each(protocolNames().filter((name) => !families.includes(name)))(
    "are those that the header of options.ts explains: %s",
    (name) => {
      assert.deepStrictEqual([...keysOf(name)].sort(), [...documentedKeys(name)].sort())
    }
  )

  it("are those that the header of options.ts explains: Dhan's three protocols, which share it", () => {
    assert.deepStrictEqual([...new Set(families.flatMap(keysOf))].sort(), [...documentedKeys("dhan")].sort())
    assert.deepStrictEqual(keysOf("dhan-depth20"), ["unsubscribeCode"])
  })

  it("are not checked where a protocol of an application does not tell them", () => {
    const { readVariant: _, ...own } = protocols.find(([name]) => name === "kite")![1]
    assert.isUndefined(variantProblem(own, withVariant({ codes: {}, batch: 1 }, { anything: 1 })))
  })
})
