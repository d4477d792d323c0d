import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { TrustedProxies, addressOf } from "../../../../src/gateway/connections/address.ts"

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"))
const of = (hex: string) => addressOf(bytes(hex))

describe("addresses", () => {
  it("are IPv4 addresses, also in IPv6's dress, and networks of IPv6", () => {
    assert.strictEqual(of("c0000207"), "192.0.2.7")
    assert.strictEqual(of("00000000000000000000ffffc0000207"), "192.0.2.7")
    assert.strictEqual(of("20010db8000100020000000000000007"), "2001:db8:1:2::/64")
    assert.strictEqual(of("20010db800010002ffff000000000008"), "2001:db8:1:2::/64")
    assert.strictEqual(of(""), "unknown")
  })

  it("of this machine are one, whichever of them it is", () => {
    const own = ["7f000001", "7f010203", "7fffffff", "00000000000000000000ffff7f000002"]
    for (const hex of [...own, "00000000000000000000000000000001"]) assert.strictEqual(of(hex), "127.0.0.1")
  })
})

const LOOPBACK = bytes("7f000001")

describe("behind proxies", () => {
  const from = (trusted: ReadonlyArray<string>, header: string, remote = LOOPBACK): string =>
    new TrustedProxies(trusted).clientOf(remote, () => header)

  it("a client is what the trusted proxy says, in any notation", () => {
    const written: ReadonlyArray<readonly [string, string]> = [
      ["203.0.113.5", "203.0.113.5"],
      ["203.0.113.5:41234", "203.0.113.5"],
      ["2001:db8:1:2::7", "2001:db8:1:2::/64"],
      ["[2001:db8:1:2::7]", "2001:db8:1:2::/64"],
      ["[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"],
      ['"[2001:db8:1:2::7]:443"', "2001:db8:1:2::/64"],
      ["2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["::ffff:203.0.113.5", "203.0.113.5"],
      ["::ffff:cb00:7105", "203.0.113.5"],
      ["64:ff9b::203.0.113.5", "64:ff9b:0:0::/64"],
      ["fe80::1%eth0", "fe80:0:0:0::/64"],
      ["::1", "127.0.0.1"]
    ]
    for (const [header, client] of written) assert.strictEqual(from(["127.0.0.1"], header), client, header)
  })

  it("a line of trusted ones is followed to the first that is not", () => {
    const trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48"]
    assert.strictEqual(from(trusted, "6.6.6.6, 203.0.113.5, 10.1.2.3"), "203.0.113.5")
    assert.strictEqual(from(trusted, "6.6.6.6, 203.0.113.5, 2001:db8:ffff::2, 10.1.2.3"), "203.0.113.5")
    assert.strictEqual(from(["127.0.0.1"], "203.0.113.5, 10.1.2.3"), "10.1.2.3")
    assert.strictEqual(from(trusted, "10.1.2.3, 10.1.2.4"), "10.1.2.3", "all of them are proxies")
    assert.strictEqual(from(trusted, "7.7.7.7, 10.0.0.2", bytes("0a000001")), "7.7.7.7")
    assert.strictEqual(
      from(["::1"], "7.7.7.7", bytes("00000000000000000000000000000001")),
      "7.7.7.7",
      "a proxy of IPv6 is one address, not its network"
    )
    assert.strictEqual(
      from(["2001:db8::1"], "7.7.7.7", bytes("20010db8000000000000000000000002")),
      "2001:db8:0:0::/64"
    )
  })

  it("nobody else is believed, and nonsense names nobody", () => {
    assert.strictEqual(from([], "203.0.113.5"), "127.0.0.1")
    assert.strictEqual(from(["10.0.0.1"], "203.0.113.5"), "127.0.0.1")
    for (const header of [
      "",
      ",",
      "unknown",
      "203.0.113.5, unknown",
      "203.0.113.5,",
      "_hidden",
      "1.2.3",
      "::x"
    ]) {
      assert.strictEqual(from(["127.0.0.1"], header), "127.0.0.1", header)
    }
    assert.strictEqual(from(["127.0.0.1", "10.0.0.1"], "203.0.113.5, junk, 10.0.0.1"), "10.0.0.1")
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ maxLength: 60 }), (junk) => {
        assert.strictEqual(from(["127.0.0.1"], `${junk},203.0.113.5`), "203.0.113.5")
      })
    )
    assert.strictEqual(from(["127.0.0.1"], `${"127.0.0.1,".repeat(5000)}127.0.0.1`), "127.0.0.1")
  })

  it("what is neither an address nor a network is refused", () => {
    for (const wrong of ["", "localhost", "10.0.0.0/33", "10.0.0.0/x", "1.2.3", "10.0.0.0/"]) {
      assert.throws(() => new TrustedProxies([wrong]), /neither an address nor a network/)
    }
  })
})
