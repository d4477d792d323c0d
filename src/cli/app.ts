/** The command tree, its logger, and how a command ends. */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import { messageOf } from "../kit/messageOf.ts"
import { bench } from "./commands/bench.ts"
import { brokers } from "./commands/brokers.ts"
import { calendar } from "./commands/calendar.ts"
import { conformance } from "./commands/conformance.ts"
import { credentials } from "./commands/credentials.ts"
import { doctor } from "./commands/doctor.ts"
import { feed } from "./commands/feed.ts"
import { gateway } from "./commands/gateway.ts"
import { instruments } from "./commands/instruments.ts"
import { keys } from "./commands/keys.ts"
import { line } from "./commands/line.ts"
import { quarantine } from "./commands/quarantine.ts"
import { replay } from "./commands/replay.ts"
import { secret } from "./commands/secret.ts"
import { serve } from "./commands/serve.ts"
import { simulate } from "./commands/simulate.ts"
import { status } from "./commands/status.ts"
import { users } from "./commands/users.ts"
import { CommandFailed } from "./text/output.ts"
import { VERSION } from "./version.ts"

export const root = Command.make("algoways").pipe(
  Command.withDescription(
    "One normalised live market-data feed for Indian brokers, over one local WebSocket and ZeroMQ"
  ),
  Command.withSubcommands([
    serve,
    feed,
    gateway,
    line,
    brokers,
    calendar,
    users,
    keys,
    credentials,
    secret,
    instruments,
    status,
    simulate,
    conformance,
    replay,
    doctor,
    quarantine,
    bench
  ])
)

/** Logs go to stderr: stdout belongs to what a command prints. */
const logging = Layer.unwrap(
  Effect.gen(function* () {
    const tty = process.stderr.isTTY
    const format = yield* Config.Literals(["json", "logfmt", "pretty"], "ALGOWAYS_LOG_FORMAT").pipe(
      Config.withDefault(tty ? ("pretty" as const) : ("logfmt" as const)),
      Effect.mapError(
        () => new CommandFailed({ message: "ALGOWAYS_LOG_FORMAT: give json, logfmt or pretty" })
      )
    )
    const level = yield* Config.LogLevel("ALGOWAYS_LOG_LEVEL").pipe(
      Config.withDefault("Info" as const),
      Effect.mapError(
        () =>
          new CommandFailed({
            message: "ALGOWAYS_LOG_LEVEL: give All, Trace, Debug, Info, Warn, Error, Fatal or None"
          })
      )
    )
    const logger = {
      json: Logger.withConsoleError(Logger.formatJson),
      logfmt: Logger.withConsoleError(Logger.formatLogFmt),
      pretty: Logger.consolePretty()
    }[format]
    return Layer.mergeAll(
      Logger.layer([logger]),
      Layer.succeed(Logger.LogToStderr, true),
      Layer.succeed(References.MinimumLogLevel, level)
    )
  })
)

/** Prints the message of an expected failure, and the stack of a bug. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.void
  const error = Cause.squash(cause)
  // The command line's own errors have been shown with the help.
  if (CliError.isCliError(error)) return Effect.void
  if (Cause.hasDies(cause)) return Console.error(`algoways: internal error\n${Cause.pretty(cause)}`)
  return Console.error(`algoways: ${messageOf(error)}`)
}

/** @param args as they stand behind the command's own name */
export const run = (args: ReadonlyArray<string>) =>
  Command.runWith(root, { version: VERSION })(args).pipe(Effect.provide(logging), Effect.tapCause(report))

/** A signal is how a service is meant to end. */
export const exitCode = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1
