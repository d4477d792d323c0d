/** A feed's state, and one instrument's, in words and tables for a terminal. Pure. */
import { NO_BROKER } from "../../bus/feed.ts"
import { counted } from "../../kit/counted.ts"
import { indiaTime } from "../../kit/indiaTime.ts"
import type { FeedStatus, InstrumentStatus } from "../../market/feedStatus.ts"
import { modeLabel } from "../../market/mode.ts"
import { table } from "./output.ts"

export interface GatewayPart {
  readonly clients: number
  readonly subscriptions: number
}

const ago = (at: number | undefined, now: number): string => {
  if (at === undefined) return "never"
  const seconds = Math.max(0, Math.round((now - at) / 1000))
  if (seconds < 120) return `${seconds} s ago`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`
  return `${indiaTime(at)} IST`
}

/** What the state says already is not said again. */
const unrepeated = (text: string, reason: string | undefined): string =>
  reason !== undefined && text.startsWith(reason) ? `as above${text.slice(reason.length)}` : text

export const feedText = (status: FeedStatus, gateway: GatewayPart, now: number): string => {
  const { connections, decisions, instruments } = status
  const reason = status.reason === undefined ? "" : `: ${status.reason}`
  const due = status.expecting_ticks
    ? "due now"
    : `not due now${status.quiet_because === undefined ? "" : ` (${status.quiet_because})`}`
  const remedy = `algoways credentials set ${status.user}`
  const head = table([
    ["feed", status.broker === NO_BROKER ? `of ${status.user}` : `${status.broker} of ${status.user}`],
    ...(status.simulated === true ? [["market", "SIMULATED: every price is invented"]] : []),
    ["state", `${status.state}${reason}`],
    ...(status.state === "waiting_for_login" && !reason.includes(remedy)
      ? [["remedy", `store today's login: ${remedy}`]]
      : []),
    [
      "ticks",
      `${due}; ${status.last_tick === undefined ? "none yet" : `the last one ${ago(status.last_tick, now)}`}`
    ],
    [
      "instruments",
      `${instruments.confirmed} confirmed (${instruments.stale} stale), ${instruments.sent} asked for, ` +
        `${instruments.wanted} waiting, ${instruments.failed} failed`
    ],
    ["gateway", `${counted(gateway.clients, "client")}, ${counted(gateway.subscriptions, "subscription")}`]
  ])
  const lines =
    connections.length === 0
      ? []
      : [
          "",
          table([
            [
              "CONNECTION",
              "STREAM",
              "STATE",
              "SINCE (IST)",
              "LAST TICK",
              "LAST BYTE",
              "USED",
              "RESTARTS",
              "REASON"
            ],
            ...connections.map((c) => [
              String(c.id),
              c.stream,
              c.state,
              indiaTime(c.since),
              ago(c.last_tick, now),
              // It is the open socket's own.
              c.state === "up" ? ago(c.last_byte, now) : "-",
              `${c.used}/${c.limit}${c.unwanted === undefined ? "" : `, ${c.unwanted} unwanted`}`,
              String(c.restarts),
              unrepeated(c.reason ?? "", status.reason)
            ])
          ])
        ]
  const made =
    decisions.length === 0
      ? []
      : [
          "",
          table([
            ["DECISION", "AT (IST)", "CONNECTION", "CAUSE"],
            ...decisions.map((d) => [
              d.decision.replaceAll("_", " "),
              indiaTime(d.at),
              d.connection === undefined ? "-" : String(d.connection),
              unrepeated(d.cause, status.reason)
            ])
          ])
        ]
  return [head, ...lines, ...made].join("\n")
}

/** Nothing has been asked of the broker, or ever came: the rest would be a column of "never". */
const isUntouched = (status: InstrumentStatus): boolean =>
  status.state === undefined && status.connection === undefined && status.ticks + status.rejected === 0

export const instrumentText = (status: InstrumentStatus, now: number): string => {
  const { connection, wanted } = status
  const levels = wanted?.mode === "depth" ? ` with ${wanted.depth} levels` : ""
  const by = status.confirmed_by === "broker" ? "the broker" : "its first tick"
  const confirmed =
    status.confirmed_at === undefined
      ? "no"
      : `${ago(status.confirmed_at, now)}${status.confirmed_by === undefined ? "" : ` by ${by}`}`
  return [
    `${status.exchange}:${status.symbol}: ${status.verdict}`,
    "",
    table([
      ["token", status.token ?? "-"],
      ["readers", String(status.readers)],
      ["wanted", wanted === undefined ? "no" : `${modeLabel[wanted.mode]}${levels}`],
      ...(isUntouched(status)
        ? []
        : [
            ["connection", connection === undefined ? "-" : `${connection.id} (${connection.state})`],
            [
              "subscription",
              `${status.state ?? "-"}${status.failure === undefined ? "" : `: ${status.failure}`}`
            ],
            ["asked for", ago(status.sent_at, now)],
            ["confirmed", confirmed],
            ["last tick", `${ago(status.last_tick, now)}${status.stale ? " (stale)" : ""}`],
            ["ticks", `${status.ticks}, and ${status.rejected} rejected`]
          ]),
      ["market", status.market_open ? "open" : "closed"]
    ])
  ].join("\n")
}
