/**
 * Kotak Securities (Kotak Neo). Source: Kotak's "Market Data WebSocket - Developer Guide", the official Python SDKs
 * (kotak-neo-python; of the old feed HSWebSocketLib) and Kotak Neo's API documentation, unless a line says otherwise.
 *
 * UNCONFIRMED: whether MCX quantities, volume and open interest count Kotak's lots, as one user saw on the old feed.
 */
import { LAST_RESORT } from "../../protocols/kotak-sfeed/address.ts"
import type { Broker, CredentialNeed, ExchangeCapability, MasterSource } from "../broker.ts"

const tradable = (code: string): ExchangeCapability => ({ code, depthLevels: [5] })

/** Indices are known by name and have no book. */
const index = (code: string): ExchangeCapability => ({ code, depthLevels: [] })

/** @param folder cash files have a folder of their own */
const source = (name: string, folder: "transformed" | "transformed-v1"): MasterSource => ({
  name,
  url: (day) => `https://lapi.kotaksecurities.com/wso2-scripmaster/v1/prod/${day}/${folder}/${name}`
})

const sid: CredentialNeed = {
  field: "feedToken",
  label: "trading sid",
  where: "data.sid of the answer to the MPIN step (tradeApiValidate); it ends overnight"
}

const exchanges = {
  NSE: tradable("nse_cm"),
  BSE: tradable("bse_cm"),
  NFO: tradable("nse_fo"),
  BFO: tradable("bse_fo"),
  CDS: tradable("cde_fo"),
  // In no published instrument file, so far as is known.
  BCD: tradable("bse_cd"),
  MCX: tradable("mcx_fo"),
  NCO: tradable("nse_com"),
  NSE_INDEX: index("nse_cm"),
  BSE_INDEX: index("bse_cm")
}

const { NCO: _, ...withoutCommodities } = exchanges

const limits: Broker["limits"] = {
  // Of all kinds of subscriptions together (guide, SDK). The SDK of the old feed began anew above the same number.
  subscriptionsPerConnection: { value: 3000, confirmed: true },
  // UNCONFIRMED: no source names a number.
  connectionsPerLogin: { value: 1, confirmed: false }
}

export const broker: Broker = {
  name: "kotak",
  title: "Kotak Securities",
  // The feed that replaces the old one (below), which Kotak announced to end on 15 September 2026.
  protocol: "kotak-sfeed",
  endpoint: LAST_RESORT,
  services: { configuration: "https://lapi.kotaksecurities.com" },
  credentials: [
    {
      field: "clientCode",
      label: "UCC, your unique client code",
      where: "data.ucc of the answer to the MPIN step (tradeApiValidate), the code that you log in with"
    },
    sid,
    {
      field: "dataCenter",
      label: "data centre",
      where:
        "data.dataCenter of the same answer, such as E43: Kotak's configuration service has the feed's address by it",
      optional: true
    },
    {
      field: "feedUrl",
      label: "address of the feed",
      where:
        "data.feedUrl of the same answer, where it has one: https://host/path, wss://host/path or a bare host; taken when " +
        "that service does not say",
      optional: true
    },
    {
      field: "authToken",
      label: "trading token",
      where: "data.token of the same answer: the old feed asks for it, this one does not",
      optional: true
    }
  ],
  exchanges,
  modes: ["ltp", "quote", "depth"],
  limits,
  // The SDK puts all into one frame; size and pace are ours, and UNCONFIRMED.
  pacing: { batch: 500, intervalMs: 200 },
  // No heartbeat of the protocol's own; the SDK pings as often.
  heartbeat: { pingEveryMs: 20_000, silentAfterMs: 60_000 },
  otherProtocols: [
    {
      protocol: "kotak-hsm",
      when: "for as long as Kotak names the old feed (`hs`) for your data centre",
      endpoint: "wss://mlhsm.kotaksecurities.com",
      credentials: [
        {
          field: "authToken",
          label: "trading token",
          where: "data.token of the answer to the MPIN step (tradeApiValidate); it ends overnight"
        },
        sid
      ],
      // NSE's commodities are in no source of this feed. BSE currency as its SDK writes it: UNCONFIRMED.
      exchanges: { ...withoutCommodities, BCD: tradable("bcs-fo") },
      limits,
      // The size is the SDK's; the pace is UNCONFIRMED.
      pacing: { batch: 100, intervalMs: 200 },
      // No heartbeat of the protocol's own: pings keep a quiet market apart from a dead connection.
      heartbeat: { pingEveryMs: 30_000, silentAfterMs: 75_000 }
    }
  ],
  instrumentMaster: {
    format: "kotak",
    sources: [
      source("nse_cm-v1.csv", "transformed-v1"),
      source("bse_cm-v1.csv", "transformed-v1"),
      source("nse_fo.csv", "transformed"),
      source("bse_fo.csv", "transformed"),
      source("cde_fo.csv", "transformed"),
      source("mcx_fo.csv", "transformed"),
      // A small market, whose file may be missing on a day.
      { ...source("nse_com.csv", "transformed"), optional: true }
    ],
    minimumRows: 20_000,
    load: async () => (await import("../masters/kotak.ts")).parse
  }
}
