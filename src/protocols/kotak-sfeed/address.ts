/**
 * Where an account's feed is. Kotak serves its accounts from several data centres: a configuration service, which needs no
 * login, names the host of each; the login's answer may name one too; the constant is the last resort. Whatever fails leads
 * to the next step, since no lookup may keep a feed from starting.
 *
 * Sources: the Python SDK (service, keys, order) and the developer guide (`feedUrl`).
 */
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused } from "../../market/errors.ts"
import type { HttpAnswer, HttpRequest, LoginContext } from "../protocol.ts"
import { brokerText, isObject, parseObject, reveal } from "../text.ts"
import { sfeedOptions } from "./options.ts"

/** The address of last resort, and the sign that nobody configured another one. It has changed twice in two months. */
export const LAST_RESORT = "wss://sfeed.kotaksecurities.com/apifeed"

export const CONFIGURATION_PATH = "/5config/config"

/** The SDK's. */
const TIMEOUT_MS = 5000

/** The source of a data centre that is still served by the feed before this one, the protocol `kotak-hsm`. */
const OLD_FEED = "hs"

export function* addressOf({
  credentials,
  endpoint,
  options,
  services
}: Pick<LoginContext, "credentials" | "endpoint" | "options" | "services">): Generator<
  HttpRequest,
  string | ConnectionFailure,
  HttpAnswer
> {
  if (endpoint !== LAST_RESORT || !sfeedOptions(options).lookUp) return endpoint
  const dataCenter = reveal(credentials.dataCenter)
  const service = services["configuration"] ?? ""
  if (dataCenter !== "" && service !== "") {
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
    if (found !== undefined) return found
  }
  return webSocketAddress(reveal(credentials.feedUrl), false) ?? endpoint
}

const servedByOldFeed = (dataCenter: string): string =>
  `Kotak's configuration service names the old feed ("${OLD_FEED}") for data centre ${brokerText(dataCenter)}: set ` +
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
 * host wants a path is UNCONFIRMED. The login goes there, so an address without TLS is none.
 *
 * @param plain whether `http:` may become `ws:`
 */
export const webSocketAddress = (text: string, plain: boolean): string | undefined => {
  const [, scheme, rest] = /^(?:(\w+):\/\/)?((?!\w+:\/\/)[^\s/]\S*)$/.exec(text) ?? []
  if (rest === undefined) return undefined
  const secure = scheme === undefined || scheme === "https" || scheme === "wss"
  const allowed = secure || (plain && (scheme === "http" || scheme === "ws"))
  const address = `${secure ? "wss" : "ws"}://${rest}`
  return allowed && URL.canParse(address) ? address : undefined
}
