import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { strToU8, zipSync } from "fflate"
import { writeFileSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import type { MasterFile, MasterSource } from "../../../../src/brokers/broker.ts"
import { MalformedMaster, oneFile } from "../../../../src/brokers/broker.ts"
import type { Exchange } from "../../../../src/market/exchange.ts"
import type { ImportOptions } from "../../../../src/store/instruments/importer.ts"
import { importMaster } from "../../../../src/store/instruments/importer.ts"
import * as Store from "../../../../src/store/index.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { brokerWith, equity, temporaryFolder } from "../support.ts"

/** A broker whose master is files of `symbol,token[,exchange]` lines; `seen` gets what reached the parser. */
const withSources = (sources: ReadonlyArray<MasterSource>, seen: Array<MasterFile>) =>
  brokerWith({
    sources,
    load: () =>
      Promise.resolve((files) => {
        seen.push(...files)
        const lines = files.flatMap(({ text }) => text.trim().split("\n"))
        if (!lines.every((line) => line.includes(","))) throw new MalformedMaster("no master")
        const instruments = lines.map((line) => {
          const [symbol, token, exchange = "NSE"] = line.split(",") as [string, string, Exchange?]
          return equity(symbol, token, { exchange })
        })
        return { instruments, rejects: [], skipped: {} }
      })
  })
const rows = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `S${from + i},${from + i}\n`).join("")

const refused = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

describe("a zip archive", () => {
  const importZip = Effect.fnUntraced(function* (bytes: Uint8Array, options: ImportOptions = {}) {
    const path = join(yield* temporaryFolder, "masters.zip")
    writeFileSync(path, bytes)
    const seen: Array<MasterFile> = []
    const report = yield* importMaster(withSources([], seen), { files: [path] }, options)
    return { report, seen }
  })

  it.effect("gives its members to the parser, by base name and without folders", () =>
    Effect.gen(function* () {
      const zip = zipSync({
        "masters/": new Uint8Array(0),
        "masters/NSE.csv": strToU8(`\ufeff${rows(0, 3)}`),
        "masters/deep/BSE.csv": strToU8(rows(10, 2))
      })
      const { report, seen } = yield* importZip(zip)
      assert.strictEqual(report.imported, 5)
      assert.deepStrictEqual(seen, [
        { name: "NSE.csv", text: rows(0, 3) },
        { name: "BSE.csv", text: rows(10, 2) }
      ])
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("may hold the one file of a master, and no other beside it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const broker = brokerWith({
        load: () =>
          Promise.resolve(oneFile((text) => ({ instruments: [equity(text, "1")], rejects: [], skipped: {} })))
      })
      const importOf = (members: Readonly<Record<string, Uint8Array>>) => {
        const path = join(folder, "one.zip")
        writeFileSync(path, zipSync(members))
        return importMaster(broker, { files: [path] }, { minimumRows: 1 })
      }
      assert.strictEqual((yield* importOf({ "a.csv": strToU8("A") })).imported, 1)
      assert.match(
        yield* refused(importOf({ "a.csv": strToU8("A"), "b.csv": strToU8("B") })),
        /One file is expected, and there are 2/
      )
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )

  it.effect("is refused when it is damaged, cut off, or no archive after all", () =>
    Effect.gen(function* () {
      const whole = zipSync({ "NSE.csv": strToU8(rows(0, 500)) })
      const damaged = whole.slice()
      damaged.fill(0xff, 60, 200)
      for (const bytes of [whole.subarray(0, 200), damaged, Buffer.from("PK\u0003\u0004rest")]) {
        assert.match(yield* refused(importZip(bytes)), /zip archive is damaged or cut off; download it again/)
      }
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )

  it.effect("is refused when it is too large, packed or unpacked, all members together", () =>
    Effect.gen(function* () {
      const bomb = zipSync({ "a.csv": new Uint8Array(60_000), "b.csv": new Uint8Array(60_000) })
      assert.isBelow(bomb.length, 1000)
      assert.match(yield* refused(importZip(bomb, { maxBytes: 100_000 })), /larger than 1 MB/)
      assert.match(yield* refused(importZip(bomb, { maxBytes: 100 })), /larger than 1 MB/)
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )
})

describe("the broker's own addresses", () => {
  interface Asked {
    readonly url: string
    readonly method: string
    readonly headers: IncomingMessage["headers"]
    readonly body: string
  }

  /** Answers by path; `undefined` is 404. */
  const serve = (
    answer: (path: string) => string | undefined
  ): Effect.Effect<{ readonly base: string; readonly asked: Array<Asked> }, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.promise(async () => {
        const asked: Array<Asked> = []
        const server = createServer(async (request, response) => {
          const { headers, method = "", url = "" } = request
          const body = (await request.toArray()).join("")
          asked.push({ url, method, headers, body })
          const text = answer(url)
          response.writeHead(text === undefined ? 404 : 200).end(text)
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return { server, asked, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
      }),
      ({ server }) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
    )

  it.live("are read one after the other, of this day, page by page", () =>
    Effect.gen(function* () {
      const { asked, base } = yield* serve((path) =>
        path.startsWith("/nse/") ? rows(0, 2) : path === "/bse?page=1" ? rows(10, 1) : rows(20, 1)
      )
      const seen: Array<MasterFile> = []
      const sources: ReadonlyArray<MasterSource> = [
        { name: "nse.csv", url: (day) => `${base}/nse/${day}.csv` },
        {
          name: "bse.csv",
          url: `${base}/bse?page=1`,
          next: (text) => (text === rows(10, 1) ? `${base}/bse?page=2` : undefined)
        }
      ]
      const report = yield* importMaster(withSources(sources, seen))
      assert.deepStrictEqual([report.imported, report.missing], [4, []])
      assert.strictEqual(report.source, `${base}/nse/DAY.csv and 1 more`)
      assert.deepStrictEqual(
        seen.map((f) => f.name),
        ["nse.csv", "bse.csv", "bse.csv"]
      )
      assert.match(asked[0]!.url, /^\/nse\/\d{4}-\d\d-\d\d\.csv$/)
      assert.deepStrictEqual(
        asked.slice(1).map((a) => a.url),
        ["/bse?page=1", "/bse?page=2"]
      )
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )

  it.live("may lack what is optional, and nothing else", () =>
    Effect.gen(function* () {
      const { base } = yield* serve((path) => (path === "/here" ? rows(0, 3) : undefined))
      const here = { name: "here.csv", url: `${base}/here` }
      const gone = { name: "gone.csv", url: `${base}/gone` }
      const report = yield* importMaster(withSources([here, { ...gone, optional: true }], []))
      assert.strictEqual(report.imported, 3)
      assert.strictEqual(report.missing.length, 1)
      assert.match(report.missing[0]!, /^gone\.csv: there is nothing at this address/)
      assert.match(
        yield* refused(importMaster(withSources([here, gone], []))),
        /: gone\.csv: there is nothing at this address/
      )
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )

  it.live("keep the exchange of what is optional and cannot be had today", () =>
    Effect.gen(function* () {
      let there = true
      const { base } = yield* serve((path) =>
        path === "/here" ? rows(0, 3) : there ? "X1,101,BSE\nX2,102,BSE\n" : undefined
      )
      const broker = withSources(
        [
          { name: "here.csv", url: `${base}/here` },
          { name: "sometimes.csv", url: `${base}/sometimes`, optional: true }
        ],
        []
      )
      assert.deepStrictEqual((yield* importMaster(broker)).problems, [])
      there = false
      const report = yield* importMaster(broker)
      assert.deepStrictEqual([report.imported, report.kept], [3, 2])
      assert.match(report.missing[0]!, /^sometimes\.csv: there is nothing at this address/)
      assert.deepStrictEqual(report.problems, [
        "BSE: the master has none, where the table holds 2; 2 of the table's were kept"
      ])
      const [kept] = yield* (yield* Instruments).resolve("testbroker", [{ symbol: "X2", exchange: "BSE" }])
      assert.strictEqual(kept?.token, "102")
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )

  it.live("behind a login are asked with the user's credentials, and not at all without", () =>
    Effect.gen(function* () {
      const { asked, base } = yield* serve(() => rows(0, 3))
      const source: MasterSource = {
        name: "master.csv",
        url: `${base}/master`,
        headers: ({ authToken }) => ({ authorization: Redacted.value(authToken!) }),
        body: ({ clientCode }) => JSON.stringify({ uid: Redacted.value(clientCode!) })
      }
      const broker = withSources([source], [])
      assert.match(yield* refused(importMaster(broker)), /the broker asks for a login here; .*--user/)
      assert.deepStrictEqual(asked, [])
      const credentials = { authToken: Redacted.make("sesame"), clientCode: Redacted.make("A1") }
      yield* importMaster(broker, {}, { credentials })
      const [{ body, headers, method }] = asked as [Asked]
      assert.deepStrictEqual([method, body], ["POST", '{"uid":"A1"}'])
      assert.strictEqual(headers.authorization, "sesame")
      assert.strictEqual(headers["content-type"], "application/json")
    }).pipe(Effect.scoped, Effect.provide(Store.layerMemory))
  )
})
