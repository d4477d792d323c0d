import { assert, describe, it } from "@effect/vitest"
import type { MasterReject, ParsedMaster } from "../../../../src/brokers/broker.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"
import { kindOf, sift, summarise } from "../../../../src/store/instruments/masterRejects.ts"
import { equity } from "../support.ts"

const siftAll = (instruments: ReadonlyArray<Instrument>, rejects: ReadonlyArray<MasterReject> = []) => {
  const parsed: ParsedMaster = { instruments, rejects, skipped: {} }
  const { good, ...rest } = sift(parsed)
  return { ...rest, good: good.map(({ symbol, token }) => `${symbol} ${token}`) }
}

describe("of two rows under one name", () => {
  const [eq, pp] = [equity("BIRLANU", "3456"), equity("BIRLANU", "9999")]

  it("none is carried when they are different instruments, in whichever order they stand", () => {
    for (const order of [
      [eq, pp],
      [pp, eq]
    ]) {
      const { duplicates, good, rejects } = siftAll([equity("TCS", "1"), ...order])
      assert.deepStrictEqual([good, duplicates], [["TCS 1"], 0])
      assert.deepStrictEqual(rejects.map(({ reason }) => reason).sort(), [
        "NSE:BIRLANU is token 3456 of NSE and also token 9999 of NSE: different instruments under one name, so none of them is carried",
        "NSE:BIRLANU is token 9999 of NSE and also token 3456 of NSE: different instruments under one name, so none of them is carried"
      ])
    }
  })

  it("the broker's exchange makes a difference, as the token does", () => {
    const other = equity("BIRLANU", "3456", { brokerExchange: "nse_fo" })
    const { good, rejects } = siftAll([eq, other])
    assert.deepStrictEqual(good, [])
    assert.include(rejects[0]!.reason, "token 3456 of NSE and also token 3456 of nse_fo")
  })

  it("a repeated one is carried once, counted, and no reject", () => {
    assert.deepStrictEqual(siftAll([eq, eq, { ...eq, brokerSymbol: "BIRLANU" }]), {
      good: ["BIRLANU 3456"],
      rejects: [],
      duplicates: 2
    })
  })

  it("three are told apart, and repetitions among them are counted", () => {
    const third = equity("BIRLANU", "7")
    const { duplicates, good, rejects } = siftAll([eq, pp, eq, third, pp])
    assert.deepStrictEqual([good, duplicates, rejects.length], [[], 2, 3])
    assert.include(rejects[2]!.reason, "is token 7 of NSE and also token 3456 of NSE and token 9999 of NSE")
  })

  it("one that is no instrument does not take the other with it", () => {
    const { good, rejects } = siftAll([equity("BIRLANU", "9999", { lotSize: 0 }), eq])
    assert.deepStrictEqual(good, ["BIRLANU 3456"])
    assert.match(rejects[0]!.reason, /^NSE:BIRLANU \(token 9999\): .*lotSize/)
  })
})

describe("the kind of a reject", () => {
  it("is its reason without quoted values, names and numbers", () => {
    const alike = [
      ['lLotSize "0" is no size', 'lLotSize "" is no size', 'lLotSize "a b" is no size'],
      ["NSE:TCS is there already, from row 12", "BSE_INDEX:SENSEX is there already, from row 7"],
      ["NFO:NIFTY28MAR24FUT (token 5): expected 1.5", "NFO:TCS24APR24FUT (token abc9): expected -2"]
    ]
    const kinds = alike.map((reasons) => [...new Set(reasons.map(kindOf))])
    assert.deepStrictEqual(kinds, [
      ["lLotSize … is no size"],
      ["… is there already, from row …"],
      ["… (token …): expected …"]
    ])
  })
})

describe("the summary of rejects", () => {
  const reject = (row: number, reason: string): MasterReject => ({ row, reason })

  it("names the first of each kind and fills up with others, in order", () => {
    const many = Array.from({ length: 300 }, (_, i) => reject(i + 1, `pSymbol "${i}" is no token`))
    const rare = [reject(900, "pTrdSymbol is empty"), reject(901, 'lLotSize "x" is no size')]
    const { rejectKinds, rejects } = summarise([...many, ...rare, reject(902, "pTrdSymbol is empty")])
    assert.deepStrictEqual(rejectKinds, [
      { kind: "pSymbol … is no token", count: 300 },
      { kind: "pTrdSymbol is empty", count: 2 },
      { kind: "lLotSize … is no size", count: 1 }
    ])
    assert.deepStrictEqual(
      rejects.map(({ row }) => row),
      [...Array.from({ length: 18 }, (_, i) => i + 1), 900, 901]
    )
  })

  it("tells conflicts as one kind, with an example that can be read", () => {
    const twin = { name: "NSE:TWIN", tokens: ["8889", "8890"] }
    const conflicts = [8889, 8890].map((token) => ({ ...reject(0, `NSE:TWIN is ${token}`), conflict: twin }))
    const { rejects } = siftAll([equity("A", "1"), equity("A", "2")])
    assert.deepStrictEqual(summarise([...conflicts, reject(4, "no token"), ...rejects]).rejectKinds, [
      {
        kind: "different instruments under one name, for example NSE:TWIN (tokens 8889, 8890); none was imported",
        count: 4
      },
      { kind: "no token", count: 1 }
    ])
    assert.deepStrictEqual(rejects[0]!.conflict, { name: "NSE:A", tokens: ["1", "2"] })
  })

  it("counts all of them, however many kinds there are", () => {
    const letters = (n: number) => String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26))
    const kinds = Array.from({ length: 80 }, (_, i) => reject(i + 1, `no ${letters(i)}`))
    const { rejectKinds, rejects } = summarise([...kinds, reject(99, "no bc")])
    assert.strictEqual(rejects.length, 20)
    assert.deepStrictEqual(rejectKinds[0], { kind: "no bc", count: 2 })
    assert.deepStrictEqual(rejectKinds.at(-1), { kind: "other kinds", count: 30 })
    assert.strictEqual(
      rejectKinds.reduce((sum, { count }) => sum + count, 0),
      81
    )
    assert.deepStrictEqual(summarise([]), { rejects: [], rejectKinds: [] })
  })
})
