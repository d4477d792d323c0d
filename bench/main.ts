/** `npm run bench`: times the tick path, prints a table, writes `bench/results/<date>-<name>.json`. */
import { parseArgs } from "node:util"
import { tickPath } from "./cases/tickPath.ts"
import { measure, plans } from "./harness.ts"
import { kinds } from "./packets.ts"
import { kiteconnect, smartapi } from "./peers.ts"
import { table, toRow, write } from "./report.ts"
import type { Row } from "./report.ts"

const HELP = `npm run bench -- [flags]

  --quick          fewer and shorter rounds; under half a minute
  --only TEXT      only cases whose name contains the text
  --name NAME      name of the result file (default: tick-path)
  --check          run every case once for its result, without timing
  --no-write       print the table only
  --help           this text`

const flags = () => {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        quick: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        write: { type: "boolean", default: true },
        help: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        name: { type: "string", default: "tick-path" }
      }
    }).values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    process.exit(1)
  }
}

const main = (): void => {
  const { check, help, name, only, quick, write: save } = flags()
  if (help) return console.log(HELP)
  if (!/^[\w-]+$/.test(name)) {
    console.error(`--name ${name}: letters, digits, - and _ only`)
    process.exit(1)
  }
  const peers = { kite: kiteconnect(), smartstream: smartapi() }
  const groups = tickPath(kinds(), (kind) => peers[kind.protocol.name as keyof typeof peers]).filter((g) =>
    g.name.includes(only)
  )
  if (groups.length === 0) {
    console.error(`No case has "${only}" in its name.`)
    process.exit(1)
  }
  if (check) {
    for (const { ours, peer } of groups) {
      ours.check()
      peer?.check()
    }
    return console.log(`${groups.length} cases give the right results`)
  }
  const plan = quick ? plans.quick : plans.full
  const rows = groups.map((group): Row => {
    const [ours, peer] = measure(group.peer === undefined ? [group.ours] : [group.ours, group.peer], plan)
    return toRow(group, ours!, peer)
  })
  console.log(table(rows))
  const missed = rows.filter((r) => r.met === false)
  console.log(`\n${rows.filter((r) => r.met === true).length} goals met, ${missed.length} missed`)
  if (save)
    console.log(
      `written to ${write(name, `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim(), rows)}`
    )
}

main()
