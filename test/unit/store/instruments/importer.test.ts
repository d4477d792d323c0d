import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Broker, ParsedMaster } from "../../../../src/brokers/broker.ts"
import { MalformedMaster, oneFile } from "../../../../src/brokers/broker.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"
import { showUrl } from "../../../../src/store/instruments/download.ts"
import * as Store from "../../../../src/store/index.ts"
import { importMaster } from "../../../../src/store/instruments/importer.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { brokerWith, equity, temporaryFolder } from "../support.ts"

/** `symbol,token[,lotSize]` per line; `-` rejects a line, `bond` skips it. */
const parse = (text: string): ParsedMaster => {
  if (!text.startsWith("symbol,token")) throw new MalformedMaster("no header line; download it again")
  const instruments: Array<Instrument> = []
  const rejects: Array<{ row: number; reason: string }> = []
  let bonds = 0
  text.split("\n").forEach((line, at) => {
    const [symbol, token, lot] = line.split(",")
    if (at === 0 || symbol === undefined || token === undefined) return
    if (symbol === "crash") throw new TypeError("cannot read properties of undefined")
    if (token === "bond") bonds += 1
    else if (token === "-") rejects.push({ row: at + 1, reason: `${symbol} has no token` })
    else instruments.push(equity(symbol, token, lot === undefined ? {} : { lotSize: Number(lot) }))
  })
  return { instruments, rejects, skipped: bonds === 0 ? {} : { bonds } }
}

const broker = (changes: Partial<Broker["instrumentMaster"]> = {}): Broker =>
  brokerWith({ load: () => Promise.resolve(oneFile(parse)), ...changes })

const master = (...lines: ReadonlyArray<string>) => ["symbol,token", ...lines].join("\n")
const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `S${from + i},${from + i}`)

/** Imports a text from a file. */
const importText = (text: string | Uint8Array, options?: Parameters<typeof importMaster>[2], of = broker()) =>
  Effect.gen(function* () {
    const file = join(yield* temporaryFolder, "master.csv")
    writeFileSync(file, text)
    return yield* importMaster(of, { files: [file] }, options)
  })

const refused = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

describe("an import from a file", () => {
  it.effect("fills the table and reports every row", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      const rejects = Array.from({ length: 25 }, (_, i) => `R${i},-`)
      const report = yield* importText(master(...rows(300), ...rejects, "BOND,bond", "BOND2,bond"))
      assert.deepStrictEqual(
        { ...report, source: "", rejects: report.rejects.length, elapsedMs: 0 },
        {
          broker: "testbroker",
          source: "",
          missing: [],
          rows: 327,
          imported: 300,
          withheld: 0,
          kept: 0,
          rejected: 25,
          duplicates: 0,
          skipped: { bonds: 2 },
          rejects: 20,
          rejectKinds: [{ kind: "… has no token", count: 25 }],
          exchanges: [
            { exchange: "NSE", previous: 0, expired: 0, now: 300, kept: 0, contradicted: 0, files: [] }
          ],
          files: [{ name: "master.csv", rows: 327, instruments: 300 }],
          problems: [],
          forced: false,
          previous: 0,
          elapsedMs: 0
        }
      )
      assert.match(report.source, /master\.csv$/)
      assert.deepStrictEqual(report.rejects[0], { row: 302, reason: "R0 has no token" })
      assert.strictEqual(yield* table.count("testbroker"), 300)
      assert.strictEqual(
        (yield* table.resolve("testbroker", [{ symbol: "S7", exchange: "NSE" }]))[0]?.token,
        "7"
      )
      const second = yield* importText(master(...rows(280, 100)))
      assert.strictEqual(second.previous, 300)
      assert.deepStrictEqual(yield* table.resolve("testbroker", [{ symbol: "S7", exchange: "NSE" }]), [
        undefined
      ])
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("takes gzip and a byte order mark as they come", () =>
    Effect.gen(function* () {
      const text = master(...rows(5))
      assert.strictEqual((yield* importText(gzipSync(text))).imported, 5)
      assert.strictEqual((yield* importText(`\ufeff${text}`)).imported, 5)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("rejects what the table could not hold, by name", () =>
    Effect.gen(function* () {
      const report = yield* importText(master(...rows(300), "S3,99", "ZERO,5,0"))
      assert.deepStrictEqual([report.imported, report.rejected, report.rows], [299, 3, 302])
      assert.match(report.rejects[0]!.reason, /^NSE:ZERO \(token 5\): .*greater than 0.*lotSize/)
      assert.notInclude(report.rejects[0]!.reason, "\n")
      assert.deepStrictEqual(report.rejects.slice(1), [
        {
          row: 0,
          reason:
            "NSE:S3 is token 3 of NSE and also token 99 of NSE: different instruments under one name, so none of them is carried",
          conflict: { name: "NSE:S3", tokens: ["3", "99"] }
        },
        {
          row: 0,
          reason:
            "NSE:S3 is token 99 of NSE and also token 3 of NSE: different instruments under one name, so none of them is carried",
          conflict: { name: "NSE:S3", tokens: ["3", "99"] }
        }
      ])
      const found = yield* (yield* Instruments).resolve("testbroker", [{ symbol: "S3", exchange: "NSE" }])
      assert.deepStrictEqual(found, [undefined])
    }).pipe(Effect.provide(Store.layerMemory))
  )
})

describe("an import is refused, and the table stays,", () => {
  /** Runs over a table of 100 rows and checks that they are there afterwards. */
  const overHundred = (use: Effect.Effect<unknown, unknown, Instruments>) =>
    Effect.gen(function* () {
      const table = yield* Instruments
      yield* table.replace("testbroker", parse(master(...rows(100))).instruments)
      yield* use
      assert.strictEqual(yield* table.count("testbroker"), 100)
    }).pipe(Effect.provide(Store.layerMemory))

  it.effect("when the master is malformed", () =>
    overHundred(
      Effect.gen(function* () {
        const message = yield* refused(Effect.scoped(importText("<html>Service unavailable</html>")))
        assert.match(
          message,
          /^The instruments of "testbroker" were not imported from .*: no header line; download it again$/
        )
      })
    )
  )

  it.effect("when it has fewer rows than the minimum, the broker's or the caller's", () =>
    overHundred(
      Effect.gen(function* () {
        const text = master(...rows(60))
        assert.match(
          yield* refused(Effect.scoped(importText(text, {}, broker({ minimumRows: 61 })))),
          /60 instruments and at least 61/
        )
        assert.match(
          yield* refused(Effect.scoped(importText(text, { minimumRows: 99, force: true }))),
          /at least 99 are expected/
        )
        assert.match(
          yield* refused(Effect.scoped(importText(master(), { minimumRows: 1 }))),
          /it has 0 instruments/
        )
      })
    )
  )

  it.effect("when it has less than half of the table, unless forced", () =>
    Effect.gen(function* () {
      yield* overHundred(
        Effect.gen(function* () {
          const message = yield* refused(Effect.scoped(importText(master(...rows(49)))))
          assert.match(message, /it has 49 instruments where the table holds 100; .*--force/)
        })
      )
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        yield* table.replace("testbroker", parse(master(...rows(100))).instruments)
        assert.strictEqual((yield* importText(master(...rows(49)), { force: true })).imported, 49)
        yield* table.replace("testbroker", parse(master(...rows(100))).instruments)
        assert.strictEqual((yield* importText(master(...rows(50)))).imported, 50)
      }).pipe(Effect.provide(Store.layerMemory))
    })
  )

  it.effect("when more than a tenth of its rows is rejected, forced or not", () =>
    Effect.gen(function* () {
      const bad = (count: number) => Array.from({ length: count }, (_, i) => `B${i},-`)
      yield* overHundred(
        Effect.gen(function* () {
          const text = master(...rows(89), ...bad(11))
          const message = yield* refused(Effect.scoped(importText(text, { force: true })))
          assert.match(
            message,
            /11 of 100 rows were rejected; the format may have changed\. The first: B0 has no token \(row 91\)/
          )
        })
      )
      const report = yield* importText(master(...rows(90), ...bad(10))).pipe(
        Effect.provide(Store.layerMemory)
      )
      assert.strictEqual(report.rejected, 10)
    })
  )

  it.effect("when the source cannot be read", () =>
    overHundred(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const cut = gzipSync(master(...rows(200))).subarray(0, 100)
        const file = (path: string) => refused(importMaster(broker(), { files: [path] }))
        assert.match(yield* file(join(folder, "nowhere.csv")), /nowhere\.csv: there is no such file/)
        assert.match(yield* file(folder), /it is a folder, not a file/)
        assert.match(yield* refused(importText(cut)), /gzip data is damaged or cut off/)
        assert.match(yield* refused(importText(master(...rows(100)), { maxBytes: 50 })), /larger than 1 MB/)
        const bomb = gzipSync(Buffer.alloc(1_000_000))
        assert.match(yield* refused(importText(bomb, { maxBytes: 100_000 })), /larger than 1 MB/)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("when a function of the broker's data fails", () =>
    overHundred(
      Effect.gen(function* () {
        const url = (): string => {
          throw new Error("no such day")
        }
        const broken = broker({ sources: [{ name: "all", url }] })
        assert.match(
          yield* refused(importMaster(broken, {})),
          /the broker's data of it failed: Error: no such day/
        )
      }).pipe(Effect.scoped)
    )
  )

  it.effect("when the parser cannot be loaded or fails", () =>
    overHundred(
      Effect.gen(function* () {
        const broken = broker({ load: () => Promise.reject(new Error("no such module")) })
        assert.match(
          yield* refused(importText(master(...rows(90)), {}, broken)),
          /parser could not be loaded: Error: no such module/
        )
        assert.match(
          yield* refused(importText(master(...rows(90), "crash,1"))),
          /its parser failed: TypeError: cannot read/
        )
      }).pipe(Effect.scoped)
    )
  )
})

describe("an address in a message", () => {
  it("shows no query, no user and no fragment", () => {
    assert.strictEqual(
      showUrl("https://me:pw@api.example.com:8443/instruments/NSE?api_key=sesame&x=1#frag"),
      "https://api.example.com:8443/instruments/NSE?..."
    )
    assert.strictEqual(showUrl("https://api.example.com/a.json"), "https://api.example.com/a.json")
    assert.strictEqual(showUrl("not an address?key=sesame"), "the given address")
  })

  it.effect("holds when nothing answers or the address is wrong", () =>
    Effect.gen(function* () {
      const own = yield* refused(importMaster(broker(), {}))
      assert.match(own, /from http:\/\/127\.0\.0\.1:1\/master\.csv\?\.\.\.: /)
      const urls = [
        "ftp://127.0.0.1/?key=sesame",
        "sesame",
        "http://u:sesame@127.0.0.1:1/",
        "http://127.0.0.1:1/?k=sesame"
      ]
      for (const url of urls) assert.notInclude(yield* refused(importMaster(broker(), { url })), "sesame")
      const header = yield* refused(
        importMaster(broker(), { url: "http://127.0.0.1:1/" }, { headers: { authorization: "sesame\nopen" } })
      )
      assert.match(header, /a request header has a name or a value/)
      assert.notInclude(own + header, "sesame")
    }).pipe(Effect.provide(Store.layerMemory))
  )
})
