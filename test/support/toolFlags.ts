/** What the command line of a tool makes of its arguments and its environment. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import type { ToolFailed } from "../../scripts/tool.ts"

type Tool<Flags, Name extends string, Input, Context> = (
  run: (flags: Flags) => Effect.Effect<void, ToolFailed>
) => Command.Command<Name, Input, Context, ToolFailed, never>

/** Keeps what is printed. */
const quiet = (lines: Array<string>): Console.Console =>
  Object.assign(Object.create(globalThis.console) as Console.Console, {
    log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" ")),
    error: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" "))
  })

const run = Effect.fnUntraced(function* <Flags, Name extends string, Input, Context>(
  tool: Tool<Flags, Name, Input, Context>,
  args: ReadonlyArray<string>,
  env: Record<string, string>
) {
  const taken: Array<Flags> = []
  const lines: Array<string> = []
  const command = tool((flags) => Effect.sync(() => void taken.push(flags)))
  const exit = yield* Effect.exit(Command.runWith(command, { version: "test" })(args)).pipe(
    Effect.provide(NodeServices.layer),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
    Effect.provideService(Console.Console, quiet(lines))
  )
  return { exit, text: lines.join("\n"), flags: taken[0] }
})

export const readTool = <Flags, Name extends string, Input, Context>(
  tool: Tool<Flags, Name, Input, Context>,
  args: ReadonlyArray<string>,
  env: Record<string, string> = {}
): Effect.Effect<Flags> =>
  Effect.flatMap(run(tool, args, env), ({ flags, text }) =>
    flags === undefined ? Effect.die(new Error(`refused: ${text}`)) : Effect.succeed(flags)
  )

/** What is printed where the command line refuses. */
export const refusalOf = <Flags, Name extends string, Input, Context>(
  tool: Tool<Flags, Name, Input, Context>,
  args: ReadonlyArray<string>,
  env: Record<string, string> = {}
): Effect.Effect<string> =>
  Effect.flatMap(run(tool, args, env), ({ exit, text }) =>
    exit._tag === "Success"
      ? Effect.die(new Error("not refused"))
      : Effect.succeed(text.split("ERROR").at(-1)!)
  )
