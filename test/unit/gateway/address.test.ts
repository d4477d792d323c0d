import { assert, describe, it } from "@effect/vitest"
import { addressOf } from "../../../src/gateway/address.ts"

const of = (hex: string) => addressOf(Uint8Array.from(Buffer.from(hex, "hex")))

describe("addresses", () => {
  it("are IPv4 addresses, also in IPv6's dress, and networks of IPv6", () => {
    assert.strictEqual(of("7f000001"), "127.0.0.1")
    assert.strictEqual(of("00000000000000000000ffffc0000207"), "192.0.2.7")
    assert.strictEqual(of("00000000000000000000000000000001"), "0:0:0:0::/64")
    assert.strictEqual(of("20010db8000100020000000000000007"), "2001:db8:1:2::/64")
    assert.strictEqual(of("20010db800010002ffff000000000008"), "2001:db8:1:2::/64")
    assert.strictEqual(of(""), "unknown")
  })
})
