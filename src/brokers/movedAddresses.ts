/**
 * A broker whose settings point elsewhere: to a simulator, a proxy, another data centre. A login is worth money, so
 * nothing is guessed: settings that point to a host that is not the broker's own must say whether a simulated market
 * is there. If it is, no address may be left at the broker itself.
 */
import type { Broker, MasterSource } from "./broker.ts"
import type { BrokerOverride } from "./overrides.ts"

interface Address {
  /** As brokers.json names it. */
  readonly setting: string
  readonly url: string
}

/** Second levels under which names are registered where the first has two letters: `example.co.in`. */
const SHARED = /^(?:ac|co|com|edu|firm|gen|gov|ind|net|org)$/

/** `kotaksecurities.com` of `e43.kotaksecurities.com`; an address of numbers is its own. */
export const domainOf = (url: string): string => {
  const host = URL.canParse(url) ? new URL(url).hostname : url
  if (/^[\d.]+$|^\[/.test(host)) return host
  const labels = host.toLowerCase().split(".")
  const shared = labels.at(-1)?.length === 2 && SHARED.test(labels.at(-2) ?? "")
  return labels.slice(shared ? -3 : -2).join(".")
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url)

/** Where sessions connect and log in. */
const sessionAddresses = ({ deepFeeds = [], endpoint, services = {} }: Broker): ReadonlyArray<Address> => [
  { setting: "endpoint", url: endpoint },
  ...Object.entries(services).map(([name, url]) => ({ setting: `services.${name}`, url })),
  ...deepFeeds.map((feed) => ({ setting: `deepFeeds.${feed.name}.endpoint`, url: feed.endpoint }))
]

const masterUrl = ({ url }: MasterSource): string => (typeof url === "string" ? url : url("2000-01-01"))

const spell = (addresses: ReadonlyArray<Address>): string =>
  addresses.map(({ setting, url }) => `${setting} (${hostOf(url)})`).join(", ")

/**
 * What is wrong with the addresses in a broker's settings.
 *
 * @param own the broker as it ships, on the wire that was chosen
 * @param set the same with the settings
 */
export const moveProblems = (own: Broker, set: Broker, o: BrokerOverride): ReadonlyArray<string> => {
  const { name, title } = own
  if (own.simulated === true) {
    return o.simulated === false
      ? [`${name}.simulated cannot be false: the market of ${title} is a simulated one`]
      : []
  }
  if (o.simulated === false) return []
  const domains = new Set(
    [own, ...(own.otherProtocols ?? [])].flatMap((wire) =>
      sessionAddresses({ ...own, ...wire }).map(({ url }) => domainOf(url))
    )
  )
  const isOwn = ({ url }: Address): boolean => domains.has(domainOf(url))
  const session = sessionAddresses(set)
  const masterHosts = new Set(own.instrumentMaster.sources.map((source) => hostOf(masterUrl(source))))
  const master = set.instrumentMaster.sources
    .map((source): Address => ({ setting: "instrumentsUrl", url: masterUrl(source) }))
    .filter((address) => isOwn(address) || masterHosts.has(hostOf(address.url)))
    .slice(0, 1)
  const left = [...session.filter(isOwn), ...master]
  if (o.simulated === true) {
    return left.length === 0
      ? []
      : [
          `${name}.simulated is true, and these still lead to ${title} itself: ${spell(left)}. Move all of it, as "algoways simulate" prints it, or name the simulator with --simulator`
        ]
  }
  const away = session.filter((address) => !isOwn(address))
  if (away.length === 0) return []
  const rest = left.length === 0 ? "" : `, while these still lead to ${title} itself: ${spell(left)}`
  return [
    `${name} is led to a host that is not ${title}'s: ${spell(away)}${rest}. If a simulator is there, set "simulated": true and move ` +
      `all of it, as "algoways simulate" prints it, or name the simulator with --simulator; if it leads to ${title}, set "simulated": false`
  ]
}
