/** Finding instruments over HTTP, on the gateway's own port. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { afterEach, describe, expect, it } from "vitest"
import type { Instrument } from "../../src/market/instrument.ts"
import { DatabaseFailed } from "../../src/store/errors.ts"
import * as Store from "../../src/store/index.ts"
import { Instruments } from "../../src/store/instruments/instruments.ts"
import { Users } from "../../src/store/users/users.ts"
import { equity } from "../unit/store/support.ts"
import type { TestExtras, TestGateway } from "./support/testGateway.ts"
import { startGateway } from "./support/testGateway.ts"

let gateway: TestGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

const call: Instrument = equity("NIFTY29DEC9925000CE", "77", {
  exchange: "NFO",
  brokerExchange: "NFO",
  name: "NIFTY",
  expiry: "2099-12-29",
  strike: 25_000,
  lotSize: 65,
  type: "CE"
})
const longAgo: Instrument = { ...call, symbol: "NIFTY29DEC2025000CE", expiry: "2020-12-29", token: "78" }

/** asha is at alpha, whose instruments are there; bina at beta, whose are not; nita has no broker. */
const filled = Layer.effectDiscard(
  Effect.gen(function* () {
    const users = yield* Users
    yield* users.add("asha", "alpha")
    yield* users.add("bina", "beta")
    yield* users.add("nita")
    yield* (yield* Instruments).replace("alpha", [
      equity("INFY", "1594", { name: "INFOSYS LIMITED" }),
      equity("M&M", "519937", { name: "MAHINDRA & MAHINDRA LTD" }),
      call,
      longAgo
    ])
  })
).pipe(Layer.provideMerge(Store.layerMemory), Layer.orDie)

const open = async (
  extras: TestExtras = { store: filled },
  options: Parameters<typeof startGateway>[0] = {}
): Promise<void> => {
  gateway = await startGateway(options, extras)
}

const ask = async (query: string, headers: Record<string, string> = { "x-api-key": "KEY_A" }) => {
  const answer = await fetch(`http://127.0.0.1:${gateway!.port}/instruments${query}`, { headers })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const symbols = async (query: string): Promise<ReadonlyArray<unknown>> => {
  const { body, status } = await ask(query)
  expect(status).toBe(200)
  return (body["instruments"] as ReadonlyArray<{ readonly symbol: string }>).map(({ symbol }) => symbol)
}

describe("GET /instruments", () => {
  it("finds instruments of the key's user's broker, whole", async () => {
    await open()
    const { body, status } = await ask("?query=nifty+25000+call")
    expect(status).toBe(200)
    expect(body).toEqual({
      status: "success",
      broker: "alpha",
      instruments: [
        {
          symbol: "NIFTY29DEC9925000CE",
          exchange: "NFO",
          name: "NIFTY",
          type: "CE",
          expiry: "2099-12-29",
          strike: 25_000,
          lot_size: 65,
          tick_size: 0.05,
          token: "77",
          broker_symbol: "NIFTY29DEC9925000CE-EQ",
          broker_exchange: "NFO"
        }
      ]
    })
    expect(await symbols("?query=infosys")).toEqual(["INFY"])
    expect(await symbols("?query=M%26M")).toEqual(["M&M"])
    expect(await symbols("?query=%22*%25")).toEqual([])
    expect(await symbols("?query=%")).toEqual([])
    expect(await symbols("?query=zzz")).toEqual([])
  })

  it("filters, also without any words", async () => {
    await open()
    expect(await symbols("?type=ce,fut&exchange=nfo")).toEqual([call.symbol])
    expect(await symbols("?query=n&expiry=next")).toEqual([call.symbol])
    expect(await symbols("?expiry=2099-12")).toEqual([call.symbol])
    expect(await symbols("?strike_min=25001")).toEqual([])
    expect(await symbols("?strike_min=24000&strike_max=25000")).toEqual([call.symbol])
    expect(await symbols("?type=EQ&limit=1")).toEqual(["M&M"])
  })

  it.each([
    ["", "Give a query or a filter"],
    ["?query=", "Give a query or a filter"],
    ["?query=a&exchnage=NSE", 'no parameter "exchnage"'],
    ["?query=a&query=b", "The parameter query is there more than once"],
    ["?query=a&exchange=NYSE", '"NYSE" is not an exchange; known: NSE, BSE'],
    ["?query=a&exchange=,", '"," is not an exchange; known: NSE, BSE'],
    ["?type=,", '"," is not a type; known: EQ, FUT'],
    [`?query=${"1a".repeat(100)}`, "A word may have at most 12 parts"],
    ["?query=20+21+22+23+24+25", "A search may have at most 5 different numbers"],
    ["?query=a&type=BOND", '"BOND" is not a type; known: EQ, FUT'],
    ["?query=a&expiry=2026-02-30", '"2026-02-30" is not an expiry'],
    ["?query=a&strike_min=cheap", '"cheap" is not a strike'],
    ["?query=a&strike_min=2&strike_max=1", "The lowest strike, 2, is above the highest, 1"],
    ["?query=a&limit=0", "Limit must be 1 to 500"],
    ["?query=a&limit=501", "Limit must be 1 to 500"],
    ["?query=a&limit=many", "Limit must be 1 to 500"],
    [`?query=${"x".repeat(201)}`, "The search text has 201 characters; at most 200 are allowed"],
    ["?query=a+b+c+d+e+f+g+h+i+j+k", "A search may have at most 10 words"]
  ])("says what is wrong with %s", async (query, message) => {
    await open()
    const { body, status } = await ask(query)
    expect(status).toBe(400)
    expect(body).toMatchObject({ status: "error", code: "INVALID_PARAMETERS" })
    expect(body["message"]).toContain(message)
    expect(body["remedy"]).toContain("/instruments?query=nifty")
  })

  it("needs a key, a broker and its instruments", async () => {
    await open()
    expect((await ask("?query=infy", {})).status).toBe(401)
    expect((await ask("?query=infy", { "x-api-key": "wrong" })).body).toMatchObject({
      code: "AUTHENTICATION_ERROR"
    })
    expect((await ask("?query=infy", { authorization: "Bearer KEY_A" })).status).toBe(200)
    const bina = await ask("?query=infy", { "x-api-key": "KEY_B" })
    expect(bina.status).toBe(404)
    expect(bina.body).toMatchObject({ code: "NO_INSTRUMENTS" })
    expect(bina.body["remedy"]).toContain("algoways instruments import beta")
    expect((await ask("?query=infy", { "x-api-key": "KEY_NOBROKER" })).body).toMatchObject({
      code: "BROKER_ERROR",
      message: 'User "nita" has no broker'
    })
    // A user of the feed whom this data folder does not know.
    expect((await ask("?query=infy", { "x-api-key": "KEY_BROKERDOWN" })).body).toMatchObject({
      code: "BROKER_ERROR"
    })
  })

  it("says when to come back to a user that searches too often, and goes on for others", async () => {
    await open({ store: filled }, { maxSearchesPerSecond: 1 })
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        fetch(`http://127.0.0.1:${gateway!.port}/instruments?query=infy`, {
          headers: { "x-api-key": "KEY_A" }
        })
      )
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]!.headers.get("retry-after")).toBe("1")
    expect(await refused[0]!.json()).toMatchObject({
      code: "RATE_LIMITED",
      message: "A user may search 1 times a second, and 5 at once"
    })
    // bina's instruments are not there.
    expect((await ask("?query=infy", { "x-api-key": "KEY_B" })).status).toBe(404)
    const metrics = await (await fetch(`http://127.0.0.1:${gateway!.port}/metrics`)).text()
    expect(metrics).toMatch(/algoways_gateway_limited_total\{[^}]*searches[^}]*\} \d/)
  })

  it("is honest where there is no table, and where it cannot be read", async () => {
    await open({})
    expect(await ask("?query=infy")).toMatchObject({ status: 501, body: { code: "SERVER_ERROR" } })
    await gateway!.close()
    const broken = Layer.effect(
      Instruments,
      Effect.map(Instruments, (table) =>
        Instruments.of({
          ...table,
          search: () =>
            Effect.fail(new DatabaseFailed({ operation: "search instruments", detail: "no disk" }))
        })
      )
    ).pipe(Layer.provideMerge(filled))
    const logs: Array<string> = []
    await open({ store: broken, logs })
    const { body, status } = await ask("?query=infy")
    expect(status).toBe(503)
    expect(JSON.stringify(body)).not.toContain("disk")
    expect(logs.join("\n")).toContain("no disk")
  })
})
