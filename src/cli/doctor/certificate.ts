/** What the doctor looks at where clients come by TLS: how long the certificate is good for. */
import { readFile } from "node:fs/promises"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { CertificateLife } from "../../gateway/connections/certificate.ts"
import { lifeOf, verdictOn } from "../../gateway/connections/certificate.ts"
import type { Check } from "./check.ts"
import { fail, ok, warn } from "./check.ts"

const WHAT = "TLS certificate"
const RENEW = "Renew it; a running gateway takes the new files without a restart"

const gradeOf = (life: CertificateLife, now: number): Check => {
  const { state, text } = verdictOn(life, now)
  const found = text.replace("the TLS certificate ", "")
  if (state === "good") return ok(WHAT, found)
  return state === "soon" ? warn(WHAT, found, RENEW) : fail(WHAT, found, RENEW)
}

/**
 * No line where there is none.
 *
 * @param file that the gateway serves with; it is what the next connection is shown
 * @param served what a gateway that runs here showed
 */
export const checkCertificate = Effect.fn("checkCertificate")(function* (
  file: string | undefined,
  served: CertificateLife | undefined
) {
  const now = yield* Clock.currentTimeMillis
  if (file === undefined) return served === undefined ? [] : [gradeOf(served, now)]
  return yield* Effect.tryPromise({
    try: () => readFile(file, "latin1"),
    catch: (cause) => (cause as NodeJS.ErrnoException).code ?? "unreadable"
  }).pipe(
    Effect.flatMap((pem) =>
      Effect.try({ try: () => lifeOf(pem), catch: () => "it holds no certificate in PEM" })
    ),
    Effect.map((life) => [gradeOf(life, now)]),
    Effect.catch((why) =>
      Effect.succeed([
        fail(WHAT, `"${file}" cannot be used (${why})`, "Name a certificate in PEM with --tls-cert")
      ])
    )
  )
})
