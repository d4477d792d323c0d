/**
 * Where an account's feed is. Kotak serves its accounts from several data centres: a configuration service, which needs no
 * login, names the host of each; the login's answer may name one too, which the user stores as `feedUrl`; the constant is the last
 * resort. Whatever fails leads to the next step, since no lookup may keep a feed from starting, and is told with the failure
 * of a connection that does not come about.
 *
 * Sources: the Python SDK (service, keys, order) and the developer guide (`feedUrl`).
 */
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused } from "../../market/errors.ts"
import { hostOf } from "../../kit/networkReason.ts"
import type { HttpAnswer, HttpRequest, LoginContext } from "../protocol.ts"
import { isObject, parseObject, reveal } from "../kit/text.ts"
import { sfeedOptions } from "./options.ts"

/** The address of last resort, and the sign that nobody configured another one. It has changed twice in two months. */
export const LAST_RESORT = "wss://sfeed.kotaksecurities.com/apifeed"

export const CONFIGURATION_PATH = "/5config/config"

/** The SDK's. */
const TIMEOUT_MS = 5000

/** The source of a data centre that is still served by the feed before this one, the protocol `kotak-hsm`. */
const OLD_FEED = "hs"

/** Where a connection goes, and what its user should know about that. Nothing in it is secret. */
export interface FeedAddress {
  readonly url: string
  /** Where the address came from and what to do when nothing answers there. */
  readonly note: string
  readonly notices: ReadonlyArray<string>
}

type AddressContext = Pick<LoginContext, "credentials" | "endpoint" | "options" | "services">

/** What the configuration service said: an address, or why there is none. */
interface LookedUp {
  readonly address?: string
  readonly outcome: string
}

export function* addressOf(
  context: AddressContext
): Generator<HttpRequest, FeedAddress | ConnectionFailure, HttpAnswer> {
  const { credentials, endpoint } = context
  if (endpoint !== LAST_RESORT) return addressFrom(endpoint, '"endpoint" of kotak in brokers.json', "")
  const lookedUp = yield* lookUp(context)
  if ("_tag" in lookedUp) return lookedUp
  const stored = reveal(credentials.feedUrl)
  const problem = feedUrlProblem(stored)
  const notices = problem === undefined ? [] : [`the stored feedUrl is not used: ${problem}`]
  const said = [lookedUp.outcome, ...notices].join("; ")
  if (lookedUp.address !== undefined) {
    return { ...addressFrom(lookedUp.address, "Kotak's configuration service", ""), notices }
  }
  const own = webSocketAddress(stored, false)
  return own === undefined
    ? { ...addressFrom(LAST_RESORT, "AlgoWays' own data (built in)", said), notices }
    : { ...addressFrom(own, "the stored feedUrl", said), notices }
}

const addressFrom = (url: string, source: string, said: string): FeedAddress => ({
  url,
  note: `The address is from ${source}${said === "" ? "" : `; ${said}`}. Check the network, or see docs/configuration.md#kotak`,
  notices: []
})

function* lookUp({
  credentials,
  options,
  services
}: AddressContext): Generator<HttpRequest, LookedUp | ConnectionFailure, HttpAnswer> {
  if (!sfeedOptions(options).lookUp) return { outcome: "lookUp is false, so no other one was asked for" }
  const dataCenter = reveal(credentials.dataCenter)
  const service = services["configuration"] ?? ""
  if (service === "") return { outcome: "there is no configuration service to ask" }
  if (dataCenter === "") {
    return { outcome: "Kotak's configuration service was not asked, because no dataCenter is stored" }
  }
  const answer = yield {
    method: "GET",
    // The version is not checked.
    url: `${service}${CONFIGURATION_PATH}?appVersion=3.0.7&platform=api&environment=prod`,
    headers: { accept: "application/json" },
    optional: true,
    timeoutMs: TIMEOUT_MS
  }
  const { address, source } = readConfiguration(answer, dataCenter)
  if (source === OLD_FEED) return new ConnectionRefused({ detail: servedByOldFeed(dataCenter) })
  // A service on this machine may name addresses without TLS: a simulator's.
  const found = webSocketAddress(address, service.startsWith("http:"))
  if (found !== undefined) return { address: found, outcome: "" }
  const asked = `Kotak's configuration service at ${hostOf(service) ?? "an invalid address"} was asked and`
  return { outcome: `${asked} ${whyNone(answer, address, dataCenter)}` }
}

const whyNone = ({ status, unanswered }: HttpAnswer, address: string, dataCenter: string): string => {
  if (status === 0) return `did not answer (${unanswered ?? "no reason is known"})`
  if (status !== 200) return `failed (HTTP ${status})`
  return address === ""
    ? `names no feed for data centre ${shownDataCenter(dataCenter)}`
    : `names no usable address for data centre ${shownDataCenter(dataCenter)}`
}

const FORMS = "store https://host/path, wss://host/path, or a bare host such as feed.example.com"

/** What is wrong with a stored address, without the address: somebody may have stored a token in its place. */
const feedUrlProblem = (stored: string): string | undefined => {
  if (stored === "" || webSocketAddress(stored, false) !== undefined) return undefined
  const [, scheme] = /^(ws|http):\/\//i.exec(stored) ?? []
  return scheme === undefined
    ? `it is not an address; ${FORMS}`
    : `it begins with ${scheme.toLowerCase()}://, which would send the login without TLS; ${FORMS}`
}

/** Something else, a token say, may have been stored in its place. */
const shownDataCenter = (text: string): string =>
  /^[A-Z]{1,3}\d{1,4}$/i.test(text) ? text : "(the stored one)"

const servedByOldFeed = (dataCenter: string): string =>
  `Kotak's configuration service names the old feed ("${OLD_FEED}") for data centre ${shownDataCenter(dataCenter)}: set ` +
  `"protocol": "kotak-hsm" for kotak in brokers.json, or an "endpoint" of your own to use the new one all the same`

/** `data.configs` is flat: `E43_broadcast_source` is `sh`, `E43_sh_broadcast_endpoint` an address. */
const readConfiguration = (
  { body, status }: HttpAnswer,
  dataCenter: string
): { readonly source: string; readonly address: string } => {
  const data = status === 200 ? parseObject(body)?.["data"] : undefined
  const configs = isObject(data) ? data["configs"] : undefined
  const textOf = (key: string): string => {
    const value = isObject(configs) && Object.hasOwn(configs, key) ? configs[key] : undefined
    return typeof value === "string" ? value.trim() : ""
  }
  const source = textOf(`${dataCenter}_broadcast_source`)
  return { source, address: textOf(`${dataCenter}_${source}_broadcast_endpoint`) }
}

/**
 * Values are addresses of web pages (`https://...`) or bare host names: only the scheme becomes another one. Whether a bare
 * host wants a path is UNCONFIRMED; a name without a dot is taken for none. The login goes there, so an address without TLS is none.
 *
 * @param plain whether `http:` may become `ws:`
 */
export const webSocketAddress = (text: string, plain: boolean): string | undefined => {
  const [, scheme, rest] = /^(?:(\w+):\/\/)?((?!\w+:\/\/)[^\s/]\S*)$/.exec(text) ?? []
  if (rest === undefined) return undefined
  const secure = scheme === undefined || scheme === "https" || scheme === "wss"
  if (scheme === undefined && !BARE_HOST.test(rest)) return undefined
  const allowed = secure || (plain && (scheme === "http" || scheme === "ws"))
  const address = `${secure ? "wss" : "ws"}://${rest}`
  return allowed && isPlain(address) ? address : undefined
}

/** With a domain at its end: a token has dots as well, and would go to the resolver of names and into messages. */
const BARE_HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,12}(?::\d+)?(?:\/\S*)?$/i
const LONGEST_LABEL = 63

/** Without a user, a fragment or the port 0: a socket refuses the last two, and nobody means the first. */
const isPlain = (address: string): boolean => {
  if (!URL.canParse(address)) return false
  const { hash, hostname, password, port, username } = new URL(address)
  if (hostname.split(".").some((label) => label.length > LONGEST_LABEL)) return false
  return username === "" && password === "" && hash === "" && port !== "0" && !address.endsWith("#")
}
