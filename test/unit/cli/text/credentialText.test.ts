import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { broker as kotak } from "../../../../src/brokers/data/kotak.ts"
import {
  fieldLike,
  flagOf,
  missingText,
  needsText,
  readFields
} from "../../../../src/cli/text/credentialText.ts"

const wrong = (text: string): string => {
  const read = readFields(text)
  return Result.isFailure(read) ? read.failure : assert.fail("it was read")
}

describe("the fields of credentials", () => {
  it("are told by flag, by JSON name and by what the broker calls them, one a line", () => {
    const lines = needsText(kotak).split("\n")
    assert.strictEqual(lines.length, 1 + kotak.credentials.length)
    assert.strictEqual(lines[0], "Kotak Securities takes:")
    assert.match(lines[1]!, /^ {2}--client-code, as JSON "clientCode": UCC, your unique client code; /)
    const feedUrl = lines.find((line) => line.includes("--feed-url"))
    assert.include(feedUrl, '--feed-url, as JSON "feedUrl" (optional): address of the feed; ')
    assert.strictEqual(
      missingText(
        kotak.title,
        kotak.credentials.filter(({ field }) => field === "feedToken")
      ),
      "Still missing for Kotak Securities: --feed-token (trading sid)"
    )
  })

  it("are known as JSON and as flags", () => {
    assert.strictEqual(flagOf("dataCenter"), "--data-center")
    for (const name of ["feedUrl", "feed-url", "--feed-url", "FEED_URL"])
      assert.strictEqual(fieldLike(name), "feedUrl")
    assert.isUndefined(fieldLike("url"))
  })
})

describe("what --stdin reads", () => {
  it("is an object of texts", () => {
    assert.deepStrictEqual(
      readFields('{"apiKey":"k","authToken":"t"}'),
      Result.succeed({ apiKey: "k", authToken: "t" })
    )
  })

  it("is refused with the key or the fault, and never with a value", () => {
    for (const [text, says] of [
      ["", "there is no input"],
      ["SECRET", "this is not valid JSON"],
      ['{"apiKey":"SECRET"', "this is not valid JSON"],
      ['["SECRET"]', "one JSON object is expected"],
      ["null", "one JSON object is expected"],
      ['{"api_key":"SECRET"}', 'there is no field "api_key"; write apiKey'],
      ['{"apiKey":"SECRET","pin":"SECRET"}', 'there is no field "pin"; there are apiKey, apiSecret'],
      ['{"__proto__":"SECRET"}', 'there is no field "__proto__"'],
      ['{"apiKey":7,"authToken":"SECRET"}', "apiKey must be a text in quotes"]
    ] as const) {
      assert.include(wrong(text), says, text)
      assert.notInclude(wrong(text), "SECRET")
    }
  })
})
