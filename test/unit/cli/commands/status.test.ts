/** Why `algoways status` has no answer. */
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import selfsigned from "selfsigned"
import { outcome } from "../outcome.ts"

const asked = (url: string) =>
  outcome(["status", "--url", url], { ALGOWAYS_API_KEY: "a-key-of-sixteen-characters" })

describe("algoways status", () => {
  it.live("tells a certificate that is not accepted from nobody there", () =>
    Effect.gen(function* () {
      const pair = yield* Effect.promise(() => selfsigned.generate([{ name: "commonName", value: "charts" }]))
      const server = yield* Effect.acquireRelease(
        Effect.promise(
          () =>
            new Promise<ReturnType<typeof createServer>>((resolve) => {
              const made = createServer({ key: pair.private, cert: pair.cert }, (_, answer) =>
                answer.end("{}")
              )
              made.listen(0, "127.0.0.1", () => resolve(made))
            })
        ),
        (made) => Effect.sync(() => made.close())
      )
      const url = `https://localhost:${(server.address() as AddressInfo).port}`
      const { code, said } = yield* asked(url)
      assert.strictEqual(code, 1)
      assert.include(said, `The certificate at ${url} is not accepted`)
      assert.include(said, "NODE_EXTRA_CA_CERTS")
      server.close()
      assert.include((yield* asked(url)).said, `No gateway answers at ${url}`)
    }).pipe(Effect.scoped)
  )
})
