/** The facts of an instrument as lines for the terminal. */
import type { Limit } from "../../brokers/broker.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeLabel } from "../../market/mode.ts"
import type { Elsewhere, InstrumentFacts } from "./instrumentFacts.ts"
import { table } from "./output.ts"

/** `3 connections per login`, or `1 connection per login (not confirmed)`. */
const limit = ({ confirmed, value }: Limit, noun: string, per = ""): string =>
  `${value} ${noun}${value === 1 ? "" : "s"}${per}${confirmed ? "" : " (not confirmed)"}`

const differences = ({ differs, lotSize, tickSize }: Elsewhere, { instrument }: InstrumentFacts): string =>
  [
    ...(differs.includes("lotSize") ? [`LOT ${lotSize}, here ${instrument.lotSize}`] : []),
    ...(differs.includes("tickSize") ? [`TICK ${tickSize}, here ${instrument.tickSize}`] : [])
  ].join("; ")

const streamed = ({ depthLevels, modes }: InstrumentFacts): string =>
  modes.length === 0
    ? "nothing: the broker's feed does not have this exchange"
    : `${modes.map((mode) => modeLabel[mode]).join(", ")}; ${
        depthLevels.length === 0 ? "no order book" : `book levels ${depthLevels.join(", ")}`
      }`

export const factsText = (facts: InstrumentFacts): string => {
  const { broker, brokerTitle, deepBooks, deepFeeds, elsewhere, instrument, limits } = facts
  const rows: Array<readonly [string, string]> = [
    ["name", instrument.name === "" ? "-" : instrument.name],
    ["type", instrument.type],
    ...(instrument.series === undefined ? [] : [["series", instrument.series] as const]),
    ...(instrument.expiry === undefined
      ? []
      : [["expiry", `${instrument.expiry}${facts.expired ? " (expired)" : ""}`] as const]),
    ...(instrument.strike === undefined ? [] : [["strike", String(instrument.strike)] as const]),
    ["lot", String(instrument.lotSize)],
    ["tick", String(instrument.tickSize)],
    ["token", instrument.token],
    ["broker symbol", `${instrument.brokerSymbol} on ${instrument.brokerExchange}`],
    ["streamed", streamed(facts)],
    [
      "limits",
      `${limit(limits.subscriptionsPerConnection, "subscription", " per connection")}, ${limit(limits.connectionsPerLogin, "connection", " per login")}`
    ],
    ...(deepBooks === undefined
      ? []
      : [["deep books", limit(deepBooks, "instrument", " per connection")] as const]),
    ...deepFeeds.map(
      (deep) =>
        [
          `${deep.levels} levels`,
          `over connections of their own: ${limit(deep.subscriptionsPerConnection, "instrument", " each")}, ${limit(deep.connectionsPerLogin, "connection")}`
        ] as const
    )
  ]
  const others = elsewhere.map((other) => [
    "",
    other.broker,
    other.token,
    `${other.brokerSymbol} on ${other.brokerExchange}`,
    differences(other, facts)
  ])
  return [
    `${nameOf(instrument)} at ${brokerTitle} (${broker})`,
    table(rows.map(([what, is]) => ["", what, is])),
    ...(others.length === 0 ? [] : ["  elsewhere", table(others)])
  ].join("\n")
}
