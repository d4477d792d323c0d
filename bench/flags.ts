/** The command line of the bench suite. */
import { parseArgs } from "node:util"

export const HELP = `npm run bench -- [flags]

  --quick          shorter and fewer rounds: under half a minute
  --only TEXT      only cases whose name contains the text, in any case
  --name NAME      name of the result file: letters, digits, "-" and "_" (default: tick-path)
  --no-write       print the table only; with --only nothing is written unless --name is given
  --check          run every case once for its result, without timing
  --help           this text`

export interface Flags {
  readonly quick: boolean
  readonly check: boolean
  readonly help: boolean
  readonly only: string
  readonly name: string
  readonly write: boolean
}

/** The message names the flag and the remedy. */
export class BadFlag extends Error {
  override readonly name = "BadFlag"
}

/** @throws BadFlag */
export const readFlags = (args: ReadonlyArray<string>): Flags => {
  const { name, only, write, ...rest } = parse(args)
  if (name !== undefined && !/^[\w-]+$/.test(name)) {
    throw new BadFlag(`--name "${name}" may hold letters, digits, "-" and "_" only.`)
  }
  // A part of the cases must not take the place of a day's whole result.
  return { ...rest, only, name: name ?? "tick-path", write: write && (only === "" || name !== undefined) }
}

const parse = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        quick: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        name: { type: "string" },
        write: { type: "boolean", default: true }
      }
    }).values
  } catch (error) {
    throw new BadFlag(error instanceof Error ? error.message : String(error))
  }
}
