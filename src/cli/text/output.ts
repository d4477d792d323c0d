/** What commands print: results on stdout, everything else on stderr. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A command that ends with an explanation and exit code 1. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  message: Schema.String
}) {}

/** Columns padded to their widest cell. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows.reduce<Array<number>>(
    (w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)),
    []
  )
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

export const printJson = (value: unknown) => Console.log(JSON.stringify(value, null, 2))

/** Prints a table, or the rows as JSON; says in words when there is nothing. */
export const printRows = <A>(
  rows: ReadonlyArray<A>,
  options: {
    readonly json: boolean
    readonly header: ReadonlyArray<string>
    readonly row: (a: A) => ReadonlyArray<string>
    readonly empty: string
  }
) =>
  options.json
    ? printJson(rows)
    : rows.length === 0
      ? Console.log(options.empty)
      : Console.log(table([options.header, ...rows.map(options.row)]))

/** Whatever is piped into the command, for secrets that should not stand in the shell's history. */
export const readStdin = Effect.promise(async () => {
  const chunks: Array<Buffer> = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8").trim()
})

/**
 * Writes lines to stdout as fast as they are read there. False when the reader has gone (`| head`): nothing more is
 * worth printing, and it is no fault.
 */
export const writeLines = (lines: ReadonlyArray<string>): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    if (lines.length === 0) return resume(Effect.succeed(true))
    const { stdout } = process
    // Without a listener the error would end the process with a stack.
    if (!stdout.listeners("error").includes(ignore)) stdout.on("error", ignore)
    stdout.write(`${lines.join("\n")}\n`, (error) => resume(Effect.succeed(error == null)))
  })

const ignore = (): void => {}
