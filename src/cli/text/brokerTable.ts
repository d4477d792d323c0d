/** What the brokers can do, from their data: rows for the terminal, and the page `docs/brokers.md`. */
import type { Broker, Limit } from "../../brokers/broker.ts"
import { wiresOf } from "../../brokers/broker.ts"
import { modeLabel } from "../../market/mode.ts"
import { flagOf } from "./credentialText.ts"
import { symbolSection } from "./symbolChanges.ts"

/** An unconfirmed limit carries a question mark. */
const limit = ({ confirmed, value }: Limit): string => `${value}${confirmed ? "" : "?"}`

/** `NSE:5/20 NFO:5 NSE_INDEX` */
const exchangesOf = (broker: Broker, separator: string): string =>
  Object.entries(broker.exchanges)
    .map(([name, e]) => (e.depthLevels.length === 0 ? name : `${name}:${e.depthLevels.join("/")}`))
    .join(separator)

const modesOf = (broker: Broker, separator: string): string =>
  broker.modes.map((m) => modeLabel[m]).join(separator)

export const tableHeader = [
  "BROKER",
  "PROTOCOL",
  "MODES",
  "PER CONNECTION",
  "CONNECTIONS",
  "CREDENTIALS",
  "EXCHANGES (depth levels)"
]

export const tableRow = (b: Broker): ReadonlyArray<string> => [
  b.simulated === true ? `${b.name} (simulated)` : b.name,
  b.protocol,
  modesOf(b, "/"),
  limit(b.limits.subscriptionsPerConnection),
  limit(b.limits.connectionsPerLogin),
  b.credentials.map((c) => (c.optional === true ? `[${c.field}]` : c.field)).join(" ") || "-",
  exchangesOf(b, " ")
]

/** Table cells may not hold the character that parts them. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s+/g, " ")

const row = (cells: ReadonlyArray<string>): string => `| ${cells.map(cell).join(" | ")} |`

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(header), `|${header.map(() => "---|").join("")}`, ...rows.map(row)].join("\n")

const section = (b: Broker): string => {
  const { connectionsPerLogin, subscriptionsPerConnection } = b.limits
  const deep = (b.deepFeeds ?? []).map(
    (feed) =>
      `- A book of ${feed.levels} levels on ${feed.exchanges.join(", ")} comes over a connection of its own ` +
      `(\`${feed.protocol}\`), opened when somebody asks for it: ` +
      `${limit(feed.limits.subscriptionsPerConnection)} instruments each, ` +
      `${limit(feed.limits.connectionsPerLogin)} connections.`
  )
  const others = wiresOf(b)
    .slice(1)
    .map(({ credentials, pacing, protocol }, i) => {
      const flags = credentials.map((need) => `\`${flagOf(need.field)}\` (${need.label})`).join(" and ")
      return (
        `- It can be switched to the wire protocol \`${protocol}\`, ${b.otherProtocols![i]!.when}: ` +
        `\`{"${b.name}": {"protocol": "${protocol}"}}\` in \`brokers.json\`. That one needs ${flags}; requests: ` +
        `${pacing.batch} instruments each, ${pacing.intervalMs} ms apart.`
      )
    })
  const needs =
    b.credentials.length === 0
      ? "It needs no login.\n"
      : `${table(
          ["flag", "what it is", "where it is"],
          b.credentials.map((need) => [
            `\`${flagOf(need.field)}\`${need.optional === true ? " (optional)" : ""}`,
            need.label,
            need.where
          ])
        )}\n`
  const master =
    b.instrumentMaster.sources.length === 0
      ? "the simulated market's own"
      : `${b.instrumentMaster.sources.length === 1 ? "one file" : `${b.instrumentMaster.sources.length} files`}${
          b.instrumentMaster.sources.some((s) => s.headers !== undefined || typeof s.body === "function")
            ? ", fetched with a stored login (`--user`)"
            : ""
        }`
  return [
    `## ${b.title}`,
    "",
    ...(b.simulated === true
      ? ["**A simulated market: its prices are invented, and every tick is labelled `simulated`.**", ""]
      : []),
    `\`${b.name}\`, wire protocol \`${b.protocol}\`.`,
    "",
    needs,
    `- Modes: ${modesOf(b, ", ")}.`,
    `- Exchanges with their book levels: ${exchangesOf(b, ", ")}.`,
    `- Subscriptions per connection: ${limit(subscriptionsPerConnection)}; connections per login: ${limit(connectionsPerLogin)}.`,
    ...deep,
    `- Requests: ${b.pacing.batch} instruments each, ${b.pacing.intervalMs} ms apart.`,
    `- Instrument master: ${master}.`,
    ...others,
    ""
  ].join("\n")
}

/** The page, whole. */
export const brokersPage = (brokers: ReadonlyArray<Broker>): string =>
  [
    "# Brokers",
    "",
    "<!-- Written by `npm run docs` from the brokers' data in src/brokers. Change them there. -->",
    "",
    `${brokers.length} brokers. A limit with a question mark is not confirmed by the broker; all limits can be changed in`,
    "`brokers.json`, see [configuration.md](configuration.md). A depth level that a broker does not serve falls back to the best",
    "one that it does, and the answer says so. Where no level stands beside an exchange it has no order book.",
    "",
    "Store a login with `algoways credentials set USER --broker NAME` and the flags below, or as JSON with `--stdin`, so",
    "that no secret stands in a command line. Values are kept encrypted and never shown.",
    "",
    table(
      ["broker", "protocol", "modes", "per connection", "connections", "exchanges and book levels"],
      brokers.map((b) => [
        `[${b.title}](#${anchorOf(b.title)}) \`${b.name}\``,
        b.protocol,
        modesOf(b, ", "),
        limit(b.limits.subscriptionsPerConnection),
        limit(b.limits.connectionsPerLogin),
        exchangesOf(b, " ")
      ])
    ),
    "",
    symbolSection(),
    ...brokers.map(section)
  ].join("\n")

/** As Markdown viewers make them of headings. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replace(/\s/g, "-")
