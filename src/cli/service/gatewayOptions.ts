/** From a command's flags to the gateway's options. */
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { GatewayOptions } from "../../gateway/index.ts"
import { TrustedProxies } from "../../gateway/connections/address.ts"
import { defaultGatewayOptions } from "../../gateway/index.ts"
import { CommandFailed } from "../text/output.ts"

export interface GatewayInput {
  readonly dataDir: string
  readonly tlsCert: Option.Option<string>
  readonly tlsKey: Option.Option<string>
  readonly origins: Option.Option<string>
  readonly trustedProxies: Option.Option<string>
  readonly limits: Option.Option<Readonly<Record<string, string>>>
}

/** Of the data folder: what clients held whose connections ended. */
const RESUME_FOLDER = "resume"

/** The options that are numbers: every limit has its name. */
const limitNames: ReadonlyArray<string> = Object.entries(defaultGatewayOptions)
  .filter(([name, value]) => typeof value === "number" && name !== "port")
  .map(([name]) => name)

const readLimits = (
  given: Readonly<Record<string, string>>
): Effect.Effect<GatewayOptions, CommandFailed> => {
  const limits: Record<string, number> = {}
  for (const [name, text] of Object.entries(given)) {
    const value = Number(text)
    if (!limitNames.includes(name)) {
      return Effect.fail(
        new CommandFailed({
          message: `--limit ${name}: there is no such limit. Known: ${limitNames.join(", ")}`
        })
      )
    }
    if (!Number.isInteger(value) || value < 1) {
      return Effect.fail(
        new CommandFailed({ message: `--limit ${name}=${text}: give a whole number of 1 or more` })
      )
    }
    limits[name] = value
  }
  return Effect.succeed(limits)
}

const readProxies = (text: string): Effect.Effect<GatewayOptions, CommandFailed> => {
  const trustedProxies = text.split(",").map((one) => one.trim())
  return Effect.try({
    try: () => new TrustedProxies(trustedProxies),
    catch: (error) =>
      new CommandFailed({
        message: `--trusted-proxies: ${error instanceof Error ? error.message : "cannot be read"}`
      })
  }).pipe(Effect.as({ trustedProxies }))
}

/** As browsers write the origin of a page; `null` is that of a file. */
const ORIGIN = /^(?:\*|null|[a-z][a-z\d+.-]*:\/\/[^/\s]+)$/

/** What no browser would ever send keeps everybody out without a word. */
const readOrigins = Effect.fnUntraced(function* (list: string) {
  const origins = list.split(",").map((o) => o.trim().toLowerCase())
  const wrong = origins.find((origin) => !ORIGIN.test(origin))
  if (wrong === undefined) return { allowedOrigins: origins }
  return yield* new CommandFailed({
    message: `--origins: "${wrong}" is no origin. Write it like https://charts.example, without a path, or * for all`
  })
})

export const gatewayOptions = Effect.fnUntraced(function* (
  input: GatewayInput
): Effect.fn.Return<GatewayOptions, CommandFailed> {
  const cert = Option.getOrUndefined(input.tlsCert)
  const key = Option.getOrUndefined(input.tlsKey)
  if ((cert === undefined) !== (key === undefined)) {
    return yield* new CommandFailed({
      message: "--tls-cert and --tls-key belong together: give both or none"
    })
  }
  const origins = Option.getOrUndefined(input.origins)
  const proxies = Option.getOrUndefined(input.trustedProxies)
  return {
    resumeFolder: join(input.dataDir, RESUME_FOLDER),
    ...(proxies === undefined ? {} : yield* readProxies(proxies)),
    ...(yield* readLimits(Option.getOrElse(input.limits, () => ({})))),
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
    ...(origins === undefined ? {} : yield* readOrigins(origins))
  }
})
