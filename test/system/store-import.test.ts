import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { broker as angel } from "../../src/brokers/data/angel.ts"
import { broker as zerodha } from "../../src/brokers/data/zerodha.ts"
import * as Store from "../../src/store/index.ts"
import { importMaster } from "../../src/store/instruments/importer.ts"
import { Instruments } from "../../src/store/instruments/instruments.ts"

/** Zerodha's CSV: `count` shares, one index, one option, one bond. */
const zerodhaMaster = (count: number): string =>
  [
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange",
    '256265,1001,NIFTY 50,"NIFTY 50",0,,0,0,0,EQ,INDICES,NSE',
    "12345602,48225,NIFTY24MAR20800CE,NIFTY,0,2024-03-28,20800,0.05,50,CE,NFO-OPT,NFO",
    ...Array.from(
      { length: count },
      (_, i) => `${(i + 1) * 256 + 1},${i + 1},SHARE${i},"SHARE, NO ${i}",0,,0,0.05,1,EQ,NSE,NSE`
    )
  ].join("\n")

/** Angel One's JSON: the same market. */
const angelMaster = (count: number): string => {
  const row = (fields: Record<string, string>) => ({
    token: "1",
    symbol: "",
    name: "",
    expiry: "",
    strike: "-1.000000",
    lotsize: "1",
    instrumenttype: "",
    exch_seg: "NSE",
    tick_size: "5.000000",
    ...fields
  })
  return JSON.stringify([
    row({
      token: "99926000",
      symbol: "Nifty 50",
      name: "NIFTY",
      instrumenttype: "AMXIDX",
      tick_size: "0.000000"
    }),
    row({
      token: "48225",
      symbol: "NIFTY28MAR2420800CE",
      name: "NIFTY",
      expiry: "28MAR2024",
      strike: "2080000.000000",
      lotsize: "50",
      instrumenttype: "OPTIDX",
      exch_seg: "NFO"
    }),
    ...Array.from({ length: count }, (_, i) =>
      row({ token: String(i + 1), symbol: `SHARE${i}-EQ`, name: `SHARE${i}` })
    )
  ])
}

type Route = (request: IncomingMessage, response: ServerResponse) => void

/** A server of the test's own; its base address. */
const serve = (routes: Readonly<Record<string, Route>>): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer((request, response) => {
        const route = routes[new URL(request.url ?? "/", "http://test").pathname]
        if (route === undefined) response.writeHead(404).end()
        else route(request, response)
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return server
    }),
    (server) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      })
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

const send =
  (body: string | Uint8Array, headers: Record<string, string> = {}): Route =>
  (_, response) =>
    response.writeHead(200, headers).end(body)

const refused = (effect: ReturnType<typeof importMaster>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

describe("an import over HTTP", () => {
  it.live("of both brokers' formats fills one table per broker, under the same common names", () =>
    Effect.gen(function* () {
      const csv = zerodhaMaster(500)
      const base = yield* serve({
        "/plain": send(csv, { "content-type": "text/csv" }),
        "/encoded": send(gzipSync(csv), { "content-encoding": "gzip" }),
        "/master.csv.gz": send(gzipSync(csv), { "content-type": "application/gzip" }),
        "/moved": (_, response) => response.writeHead(302, { location: "/plain" }).end(),
        "/angel.json": send(angelMaster(500), { "content-type": "application/json" })
      })
      const table = yield* Instruments
      const options = { minimumRows: 100 }
      for (const path of ["/plain", "/encoded", "/master.csv.gz", "/moved"]) {
        const report = yield* importMaster(zerodha, { url: `${base}${path}?key=sesame` }, options)
        assert.strictEqual(report.imported, 502, path)
        assert.strictEqual(report.source, `${base}${path}?...`)
        assert.deepStrictEqual(report.rejects, [])
      }
      const sources = [{ name: "OpenAPIScripMaster.json", url: `${base}/angel.json` }]
      const own = { ...angel, instrumentMaster: { ...angel.instrumentMaster, sources } }
      const report = yield* importMaster(own, {}, options)
      assert.deepStrictEqual(
        [report.broker, report.rows, report.imported, report.rejected, report.previous],
        ["angel", 502, 502, 0, 0]
      )
      assert.strictEqual(yield* table.count("zerodha"), 502)

      const wanted = [
        { symbol: "NIFTY", exchange: "NSE_INDEX" },
        { symbol: "NIFTY28MAR2420800CE", exchange: "NFO" },
        { symbol: "SHARE7", exchange: "NSE" }
      ]
      const atZerodha = yield* table.resolve("zerodha", wanted)
      const atAngel = yield* table.resolve("angel", wanted)
      assert.deepStrictEqual(
        atZerodha.map((i) => i?.token),
        ["256265", "12345602", "2049"]
      )
      assert.deepStrictEqual(
        atAngel.map((i) => i?.token),
        ["99926000", "48225", "8"]
      )
      for (const found of [atZerodha, atAngel]) {
        const option = found[1]!
        assert.deepStrictEqual(
          [option.type, option.expiry, option.strike, option.lotSize, option.tickSize],
          ["CE", "2024-03-28", 20_800, 50, 0.05]
        )
      }
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.live("refuses what is no master of the broker, in both formats", () =>
    Effect.gen(function* () {
      const base = yield* serve({
        "/zerodha": send(zerodhaMaster(500)),
        "/angel": send(angelMaster(500)),
        "/cut": send(angelMaster(500).slice(0, -100)),
        "/page": send("<!DOCTYPE html><title>Maintenance</title>")
      })
      const table = yield* Instruments
      yield* importMaster(zerodha, { url: `${base}/zerodha` }, { minimumRows: 100 })
      yield* importMaster(angel, { url: `${base}/angel` }, { minimumRows: 100 })
      for (const [broker, path] of [
        [zerodha, "/page"],
        [zerodha, "/angel"],
        [angel, "/page"],
        [angel, "/zerodha"],
        [angel, "/cut"]
      ] as const) {
        const message = yield* refused(importMaster(broker, { url: base + path }, { minimumRows: 100 }))
        assert.match(message, /instrument master (lacks|is no)/, `${broker.name} ${path}`)
      }
      assert.match(
        yield* refused(importMaster(angel, { url: `${base}/angel` })),
        /502 instruments and at least 20000/
      )
      assert.strictEqual(yield* table.count("zerodha"), 502)
      assert.strictEqual(yield* table.count("angel"), 502)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.live("tells what the server or the network did, and shows no secret of the address", () =>
    Effect.gen(function* () {
      const base = yield* serve({
        "/private": (request, response) =>
          request.headers["x-token"] === "sesame"
            ? response.end(zerodhaMaster(500))
            : response.writeHead(403).end("no"),
        "/broken": (_, response) => response.writeHead(503).end("sesame"),
        "/busy": (_, response) => response.writeHead(429).end(),
        "/silent": (_, response) => void response.writeHead(200).write("instrument_token"),
        "/endless": (_, response) => {
          const more = () => {
            while (!response.destroyed && response.write("x".repeat(65_536)));
          }
          response.on("drain", more)
          more()
        },
        "/torn": (_, response) => {
          response.writeHead(200, { "content-length": "100000" })
          response.write("instrument_token", () => response.destroy())
        }
      })
      const get = (path: string, options: Parameters<typeof importMaster>[2] = {}) =>
        importMaster(zerodha, { url: `${base}${path}?key=sesame` }, { minimumRows: 100, ...options })
      const cases: ReadonlyArray<readonly [string, RegExp, Parameters<typeof importMaster>[2]?]> = [
        ["/private", /refused the request \(HTTP 403\); give the headers it asks for/],
        ["/broken", /the server answered HTTP 503; try again later/],
        ["/busy", /limits the rate of requests \(HTTP 429\)/],
        ["/nowhere", /there is nothing at this address \(HTTP 404\)/],
        ["/silent", /it was not complete after 0\.2 s/, { timeoutMs: 200 }],
        ["/endless", /it is larger than 2 MB/, { maxBytes: 2 * 1024 * 1024 }],
        ["/torn", /the server closed the connection; try again/]
      ]
      for (const [path, message, options] of cases) {
        const said = yield* refused(get(path, options))
        assert.match(said, message)
        assert.notInclude(said, "sesame")
      }
      assert.strictEqual((yield* get("/private", { headers: { "x-token": "sesame" } })).imported, 502)

      const gone = yield* Effect.scoped(serve({}))
      assert.match(
        yield* refused(importMaster(zerodha, { url: `${gone}/?key=sesame` })),
        /nothing answered at this address/
      )
      assert.match(
        yield* refused(importMaster(zerodha, { url: "http://no-such-host.invalid/" })),
        /the server's name (is not known|could not be looked up)/
      )
    }).pipe(Effect.provide(Store.layerMemory))
  )
})
