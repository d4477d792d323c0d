/** What a simulator says of itself over HTTP, so that one address is enough to lead all of a broker to it. */
import * as Schema from "effect/Schema"
import { BrokerOverride } from "../brokers/overrides.ts"
import { addressAt } from "./ownAddress.ts"

export const DESCRIPTION_PATH = "/algoways-simulator"

export const Description = Schema.Struct({
  broker: Schema.String,
  /** Where it listens, as it knows itself. */
  url: Schema.String,
  /** How many its instrument master has. */
  instruments: Schema.Int,
  overrides: BrokerOverride
})
export type Description = typeof Description.Type

/**
 * The settings by the name that it was reached at: a simulator knows no name of its own machine but the one that it was told to listen
 * at, and a description leads nowhere but to whom it was asked of.
 */
export const overridesAt = ({ overrides }: Description, reached: string): BrokerOverride => {
  const moved = (address: string): string => addressAt(address, reached)
  const each = <A>(entries: Readonly<Record<string, A>>, change: (a: A) => A) =>
    Object.fromEntries(Object.entries(entries).map(([name, a]) => [name, change(a)]))
  const { deepFeeds, endpoint, instrumentsUrl, services } = overrides
  return {
    ...overrides,
    ...(endpoint === undefined ? {} : { endpoint: moved(endpoint) }),
    ...(instrumentsUrl === undefined ? {} : { instrumentsUrl: moved(instrumentsUrl) }),
    ...(services === undefined ? {} : { services: each(services, moved) }),
    ...(deepFeeds === undefined
      ? {}
      : {
          deepFeeds: each(deepFeeds, (feed) =>
            feed.endpoint === undefined ? feed : { ...feed, endpoint: moved(feed.endpoint) }
          )
        })
  }
}

/** The whole of it, for whoever asked at this origin. */
export const describedAt = (description: Description, origin: string): Description => ({
  ...description,
  url: addressAt(description.url, origin),
  overrides: overridesAt(description, origin)
})
