/**
 * `make soak`: the hostile-client and the slow-reader suite at full size; `--small` as in the tests, `--only TEXT` for
 * the acts whose names contain it.
 */
import { ToolFailed, runTool, work } from "../scripts/tool.ts"
import { soak } from "./flags.ts"
import type { Flags } from "./flags.ts"
import { fullHostile, runHostile, smallHostile } from "./hostile.ts"
import type { HostileResult } from "./hostile.ts"
import { fullSlow, runSlowReaders, smallSlow } from "./slowReaders.ts"
import type { SlowResult } from "./slowReaders.ts"

const mb = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`
const ms = (micros: number): string => `${(micros / 1000).toFixed(2)} ms`

const printHostile = (hostile: HostileResult): void => {
  console.log("Hostile clients: what those who behave notice\n")
  console.log(
    "act                             done     frames   lost   p99 quiet   p99 then  ping quiet  ping then   pace    memory"
  )
  for (const { act, done, frames, grown, lost, p99, pace, pingP99, quiet } of hostile.acts) {
    console.log(
      `${act.padEnd(26)}${String(done).padStart(10)}${String(frames).padStart(11)}${String(lost).padStart(7)}` +
        `${ms(quiet.p99).padStart(12)}${ms(p99).padStart(11)}` +
        `${ms(1000 * quiet.pingP99).padStart(12)}${ms(1000 * pingP99).padStart(11)}` +
        `${`${Math.round((100 * pace) / quiet.pace)} %`.padStart(7)}${`+${mb(grown)}`.padStart(11)}`
    )
  }
  console.log(
    `heap before ${mb(hostile.heapBefore)}, after ${mb(hostile.heapAfter)}; ` +
      `RSS before ${mb(hostile.rssBefore)}, at its peak ${mb(hostile.rssPeak)}, after ${mb(hostile.rssAfter)}\n`
  )
}

const printSlow = (slow: SlowResult): void => {
  console.log("Slow readers\n")
  console.log(
    `${slow.clients} clients, ${slow.frames} frames, ${slow.lost} lost for those who read, ${slow.conflated} conflated for those who do not\n` +
      `p99 ${ms(slow.quietP99)} quiet, ${ms(slow.p99)} then (ratio ${slow.ratio.toFixed(2)})\n` +
      `RSS before ${mb(slow.rssBefore)}, at its peak ${mb(slow.rssPeak)}, after ${mb(slow.rssAfter)}: ` +
      `${Math.round(slow.perSlowReader / 1024)} KB a slow reader\n`
  )
}

const main = async ({ only, small }: Flags): Promise<void> => {
  const hostile = await runHostile(small ? smallHostile : fullHostile, only)
  printHostile(hostile)
  const violations = [...hostile.violations]
  if (only === "") {
    const slow = await runSlowReaders(small ? smallSlow : fullSlow)
    printSlow(slow)
    violations.push(...slow.violations)
  }
  for (const violation of violations) console.log(`VIOLATION ${violation}`)
  console.log(`${violations.length} violations`)
  if (violations.length > 0) throw new ToolFailed("What a gateway promises did not hold: see above.")
  // What the last act left open must not keep the process.
  process.exit(0)
}

runTool(soak((flags) => work(() => main(flags))))
