/**
 * Delta Exchange India: crypto derivatives, prices mostly in US dollars, sizes in contracts. Market data is public, so
 * there is nothing to log in with. Source: Delta Exchange's API documentation, unless a line says otherwise.
 */
import type { Broker } from "../broker.ts"
import { isObject, parseObject } from "../../protocols/kit/text.ts"

const PRODUCTS = "https://api.india.delta.exchange/v2/products?page_size=500&states=live"

/** Pages name their successor. */
const nextPage = (text: string): string | undefined => {
  const meta = parseObject(text)?.["meta"]
  const after = isObject(meta) ? meta["after"] : undefined
  return typeof after === "string" && after !== ""
    ? `${PRODUCTS}&after=${encodeURIComponent(after)}`
    : undefined
}

export const broker: Broker = {
  name: "deltaexchange",
  title: "Delta Exchange India",
  protocol: "deltaexchange",
  endpoint: "wss://public-socket.india.delta.exchange",
  credentials: [],
  exchanges: {
    // The wire has one book, of fifteen levels; readers of five get the first five of it.
    CRYPTO: { code: "DELTAIN", depthLevels: [5, 15] }
  },
  modes: ["ltp", "quote", "depth"],
  limits: {
    // A hundred books are documented (see the protocol's `cost`); for prices no number is known.
    subscriptionsPerConnection: { value: 1000, confirmed: false },
    // UNCONFIRMED: only the rate of new connections is documented, 150 in five minutes.
    connectionsPerLogin: { value: 5, confirmed: false }
  },
  // 150 symbols were seen to be taken in one request for prices. The pace is UNCONFIRMED.
  pacing: { batch: 50, intervalMs: 500 },
  // A heartbeat comes every 30 seconds, and the documentation says to reconnect after 35 without one.
  heartbeat: { sendEveryMs: 20_000, silentAfterMs: 35_000 },
  instrumentMaster: {
    format: "deltaexchange",
    sources: [{ name: "products.json", url: PRODUCTS, next: nextPage }],
    minimumRows: 50,
    load: async () => (await import("../masters/deltaexchange.ts")).parse
  }
}
