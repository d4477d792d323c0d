import { assert, describe, it } from "@effect/vitest"
import * as selfsigned from "selfsigned"
import { lifeOf, verdictOn } from "../../../../src/gateway/connections/certificate.ts"

const DAY_MS = 86_400_000
const NOW = Date.parse("2026-11-30T10:00:00Z")
const life = (fromDays: number, untilDays: number) => ({
  from: NOW + fromDays * DAY_MS,
  until: NOW + untilDays * DAY_MS
})

const certificate = async (fromDays: number, untilDays: number): Promise<string> =>
  (
    await selfsigned.generate([{ name: "commonName", value: "x.example" }], {
      keySize: 2048,
      notBeforeDate: new Date(life(fromDays, untilDays).from),
      notAfterDate: new Date(life(fromDays, untilDays).until)
    })
  ).cert

describe("a certificate", () => {
  it("is good, ends soon, or has ended", () => {
    assert.deepInclude(verdictOn(life(-30, 60), NOW), { state: "good", seconds: 60 * 86_400 })
    assert.deepStrictEqual(verdictOn(life(-80, 10), NOW), {
      state: "soon",
      text: "the TLS certificate expires in 10 days, on 2026-12-10",
      seconds: 10 * 86_400
    })
    assert.deepInclude(verdictOn(life(-80, 0.5), NOW), {
      text: "the TLS certificate expires in 12 hours, on 2026-12-01"
    })
    assert.deepStrictEqual(verdictOn(life(-80, -3), NOW), {
      state: "expired",
      text: "the TLS certificate expired 3 days ago, on 2026-11-27",
      seconds: -3 * 86_400
    })
  })

  it("of a short life is spoken of in its last third", () => {
    assert.strictEqual(verdictOn(life(-1, 5), NOW).state, "good")
    assert.strictEqual(verdictOn(life(-5, 2), NOW).state, "soon")
  })

  it("with a chain is as good as the one that ends first", async () => {
    const [own, issuer] = [await certificate(-10, 80), await certificate(-100, 5)]
    assert.strictEqual(lifeOf(own).until, life(-10, 80).until)
    assert.strictEqual(lifeOf(`${own}\n${issuer}`).until, life(-100, 5).until)
    assert.throws(() => lifeOf("no certificate"))
  })
})
