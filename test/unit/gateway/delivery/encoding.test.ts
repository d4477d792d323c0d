import { decode } from "@msgpack/msgpack"
import { describe, expect, it } from "vitest"
import { toMsgpack, withExtras } from "../../../../src/gateway/delivery/encoding.ts"

describe("extras of one client", () => {
  const text = '{"type":"market_data","symbol":"M&M","data":{"ltp":1.5},"broker":"a"}'
  const extras = { snapshot: true, times: { received: 1764040501250, sent: 1764040501251 }, seq: 7 }
  const expected = { ...JSON.parse(text), ...extras }

  it("go at the end of the JSON text", () => {
    const payload = withExtras(Buffer.from(text), "json", extras).toString()
    expect(payload.startsWith(text.slice(0, -1))).toBe(true)
    expect(JSON.parse(payload)).toEqual(expected)
  })

  it("go at the end of the MessagePack map, also where it has to grow beyond the short form", () => {
    expect(decode(withExtras(toMsgpack(text), "msgpack", extras))).toEqual(expected)
    const many = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`key${i}`, i]))
    const long = withExtras(toMsgpack(JSON.stringify(many)), "msgpack", extras)
    expect(decode(long)).toEqual({ ...many, ...extras })
  })
})
