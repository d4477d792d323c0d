/** Reading CSV masters: what a stray sign in one row may cost is that row. */
import { assert, describe, it } from "@effect/vitest"
import { MalformedMaster } from "../../../../../src/brokers/broker.ts"
import { csvRows, readCsv } from "../../../../../src/brokers/masters/kit/csv.ts"

const read = (text: string, columns: ReadonlyArray<string> = ["name", "token"]) => [
  ...csvRows({ title: "The master", text, columns, remedy: "Fetch it again." })
]
const rows = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `N${i},${i}`)

describe("a CSV master", () => {
  it("with a quote that is opened and never closed loses no row", () => {
    const lines = [...rows(300)]
    lines[50] = '"n,50'
    assert.lengthOf(readCsv(["name,token", ...lines].join("\n")), 301)
    lines[150] = '"n,150'
    const read = readCsv(["name,token", ...lines].join("\n"))
    assert.lengthOf(read, 301)
    assert.deepStrictEqual(
      [read[51], read[151], read[152]],
      [
        ['"n', "50"],
        ['"n', "150"],
        ["N151", "151"]
      ]
    )
  })

  it("keeps what is quoted as it should be, beside a quote that is not", () => {
    const text = 'name,token\n"A, LTD",1\n"B,2\nC "D" E,3\n"F ""G""",4\n'
    assert.deepStrictEqual(readCsv(text).slice(1), [
      ["A, LTD", "1"],
      ['"B', "2"],
      ['C "D" E', "3"],
      ['F "G"', "4"]
    ])
  })

  it.each([
    ["\n", "\n"],
    ["\r\n", "\r\n"],
    ["\r\n", "\n"],
    ["\n", "\r\n"],
    ["\r", "\r"]
  ])("may have %j behind the header and %j behind a row, and mix them", (header, row) => {
    const text = `\uFEFFname,token${header}A,1${row}B,2\nC,3\r\nD,4${row}${row}`
    assert.deepStrictEqual(
      readCsv(text).map(([name]) => name),
      ["name", "A", "B", "C", "D"]
    )
  })

  it("rejects a row that is longer than the header, but for empty cells behind it", () => {
    const found = read("name,token\nA,1\nB,2,, \nC, LTD,3\nD\n")
    assert.deepStrictEqual(found, [
      [2, { name: "A", token: "1" }],
      [3, { name: "B", token: "2" }],
      [4, "the row has 3 fields where the header has 2"],
      [5, "the row has 1 fields where the header has 2"]
    ])
  })

  it("needs no cell for a column that is optional", () => {
    const source = { title: "The master", columns: ["name", "token", "isin"], optional: ["isin"], remedy: "" }
    assert.deepStrictEqual(
      [...csvRows({ ...source, text: "name,token,isin\nA,1\nB,2,X" })],
      [
        [2, { name: "A", token: "1", isin: "" }],
        [3, { name: "B", token: "2", isin: "X" }]
      ]
    )
  })

  it("takes rows that are nearly all longer than the header for what they are", () => {
    assert.deepStrictEqual(
      read("name,token\nA,1,x\nB,2,x\nC,3,x\n").map(([, fields]) => fields),
      [
        { name: "A", token: "1" },
        { name: "B", token: "2" },
        { name: "C", token: "3" }
      ]
    )
  })

  it("finds its columns in any case, and names those that it lacks", () => {
    assert.deepStrictEqual(read("NAME , Token\nA,1"), [[2, { name: "A", token: "1" }]])
    assert.throws(() => read("name,x\nA,1"), MalformedMaster, "The master lacks the columns token")
    assert.throws(() => read("<html>"), MalformedMaster, "Fetch it again.")
    assert.throws(() => read(""), MalformedMaster, "name, token")
  })
})
