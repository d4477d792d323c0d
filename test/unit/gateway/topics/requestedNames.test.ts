import { describe, expect, it } from "vitest"
import type { Named } from "../../../../src/gateway/messages/requestReader.ts"
import { ClientNames, RequestedNames } from "../../../../src/gateway/topics/requestedNames.ts"

const named = (exchange: string, symbol = "TCS"): Named => ({
  ok: true,
  symbol,
  exchange,
  instrument: { symbol, exchange: exchange.trim().toUpperCase() },
  suffixDepth: undefined
})
const limits = { maxSpellings: 2, maxSpellingsPerUser: 3 }

describe("ways to write an exchange", () => {
  it("in capitals and in small letters are free, others are few for each exchange", () => {
    const all = new RequestedNames(limits)
    const own = new ClientNames(all)
    const take = (exchange: string) => own.take("asha", named(exchange))
    for (const exchange of ["NSE", "nse", "NSE_INDEX", "nse_index"]) expect(take(exchange)).toBeUndefined()
    expect(all.size).toBe(0)
    for (const exchange of ["Nse", "\tNSE", "Nse", "Bse", "bSe"]) expect(take(exchange)).toBeUndefined()
    expect(take(" NSE")).toBe("A client may spell NSE in 2 ways beside NSE and nse: write NSE")
    expect(take("Nse")).toBeUndefined()
    expect(all.size).toBe(4)
    own.clear()
    expect(all.size).toBe(0)
    expect(take(" NSE")).toBeUndefined()
  })

  it("are limited for all clients of a user together, apart from other users", () => {
    const all = new RequestedNames(limits)
    const [one, two, three] = [new ClientNames(all), new ClientNames(all), new ClientNames(all)]
    for (const exchange of ["Nse", "nSe"]) expect(one.take("asha", named(exchange))).toBeUndefined()
    // What another has already costs nothing more.
    expect(two.take("asha", named("Nse"))).toBeUndefined()
    expect(two.take("asha", named("nsE"))).toBeUndefined()
    expect(three.take("asha", named("NSe"))).toBe(
      "The clients of a user may spell NSE in 3 ways beside NSE and nse: write NSE"
    )
    expect(three.take("asha", named("Nse"))).toBeUndefined()
    expect(three.take("asha", named("Bse"))).toBeUndefined()
    expect(new ClientNames(all).take("ravi", named("NSe"))).toBeUndefined()
    one.clear()
    // The second one and the third have Nse still.
    expect(three.take("asha", named("NSe"))).toBeUndefined()
    expect(new ClientNames(all).take("asha", named("nSe"))).toBeDefined()
  })

  it("may not have many blanks, which every frame would repeat", () => {
    const own = new ClientNames(new RequestedNames(limits))
    expect(own.take("asha", named(`${" ".repeat(8)}NSE${"\t".repeat(8)}`))).toBeUndefined()
    expect(own.take("asha", named(`${" ".repeat(17)}NSE`))).toBe(
      "There are more than 16 blanks around NSE: write NSE"
    )
  })

  it("do not count for unknown exchanges, which the feed refuses", () => {
    const all = new RequestedNames(limits)
    const own = new ClientNames(all)
    for (let i = 0; i < 100; i++) expect(own.take("asha", named(` Nowhere${i}`))).toBeUndefined()
    expect(all.size).toBe(0)
  })
})
