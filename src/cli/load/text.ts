/** What `algoways bench load` prints for people. */
import type { AgeSummary, Second, Summary } from "../../load/meter.ts"
import type { LoadTask } from "./task.ts"

/** From here on the client measures itself. */
const BUSY = 0.9
const CLOSED_SHOWN = 5
const REFUSED_SHOWN = 5

const whole = (n: number): string => Math.round(n).toString()
const ms = (n: number | null): string => (n === null ? "-" : String(n))
const percent = (share: number): string => `${Math.round(share * 100)} %`

const WIDTHS = [6, 9, 11, 9, 8, 8, 8, 8, 8]
const line = (cells: ReadonlyArray<string>): string =>
  cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 8)).join("")

export const header = line([
  "s",
  "clients",
  "messages/s",
  "MB/s",
  "others",
  "closed",
  "p50 ms",
  "p99 ms",
  "CPU"
])

export const secondLine = (second: Second, number: number): string =>
  line([
    String(number),
    String(second.clients),
    whole(second.messagesPerSecond),
    second.megabytesPerSecond.toFixed(2),
    String(second.others),
    String(second.closed),
    ms(second.p50Ms),
    ms(second.p99Ms),
    percent(second.cpu)
  ])

export const opened = (
  { clients, encoding, subscription }: LoadTask,
  instruments: number,
  seconds: number
): string =>
  `${clients} clients read ${instruments} instruments each (${subscription.mode}, ${encoding}); set up in ${seconds.toFixed(1)} s.`

export const refusals = (refused: ReadonlyArray<string>): string =>
  `Not taken by the server (${refused.length}): ${refused.slice(0, REFUSED_SHOWN).join("; ")}${refused.length > REFUSED_SHOWN ? "; ..." : ""}`

const ages = ({ p50Ms, p99Ms, samples }: AgeSummary): string =>
  samples === 0
    ? "age of ticks  unknown: none carried a timestamp"
    : `age of ticks  p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms, of ${samples} read whole; true only where server and client have one clock`

export const summaryText = (summary: Summary): string => {
  const { closed, perClient } = summary
  return [
    "",
    `in all        ${summary.messages} messages, ${(summary.bytes / 1e6).toFixed(2)} MB in ${summary.seconds.toFixed(1)} s: ${whole(summary.messagesPerSecond)} a second, ${summary.megabytesPerSecond.toFixed(2)} MB/s; ${summary.others} others`,
    `per client    ${perClient.least} to ${perClient.most} messages, ${perClient.mean.toFixed(1)} on average`,
    ages(summary),
    `this client   ${percent(summary.cpu)} of a core, ${percent(summary.busy)} of the time at work`,
    ...(Math.max(summary.cpu, summary.busy) >= BUSY
      ? [
          "The load client itself was busy all the time: it was measured, not the server. Take fewer clients, or several processes."
        ]
      : []),
    ...closed.slice(0, CLOSED_SHOWN).map(({ client, why }) => `closed        client ${client}: ${why}`),
    ...(closed.length > CLOSED_SHOWN ? [`closed        and ${closed.length - CLOSED_SHOWN} more`] : [])
  ].join("\n")
}
