/**
 * 5paisa's Xstream feed: JSON texts, prices in rupees. An instrument is known by exchange, exchange type and scrip
 * code together. Source: 5paisa's Xstream documentation and the official SDK (py5paisa), unless a line says otherwise.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Want } from "../protocol.ts"

/** Prices, book and open interest are services of their own. */
export const SERVICES = ["MarketFeedV3", "MarketDepthService", "GetScripInfoForFuture"] as const
export type Service = (typeof SERVICES)[number]

const DERIVATIVES: ReadonlySet<string> = new Set(["NFO", "BFO", "CDS", "BCD", "MCX"])

/** Prices in every mode, because the book carries none; open interest beside a quote of what has one. */
export const servicesOf = ({ exchange }: WireInstrument, { mode }: Want): ReadonlyArray<Service> => {
  const services: Array<Service> = ["MarketFeedV3"]
  if (mode !== "ltp" && DERIVATIVES.has(exchange)) services.push("GetScripInfoForFuture")
  if (mode === "depth" && !exchange.endsWith("_INDEX")) services.push("MarketDepthService")
  return services
}

/** `NC:2885`: exchange and type, and the scrip code. */
export const keyOf = (segment: string, scrip: number | string): string => `${segment}:${scrip}`

/** Rows of the book name their side by a letter's code: B and S. */
export const BID = 66
export const ASK = 83

/** Epoch milliseconds out of `/Date(1711684809000+0530)/`: UTC, whatever the suffix. The year 1 stands for none. */
export const dateIn = (value: unknown): number | undefined => {
  if (typeof value !== "string") return undefined
  const ms = /^\/Date\((-?\d+)(?:[+-]\d{4})?\)\/$/.exec(value)?.[1]
  return ms === undefined || Number(ms) <= 0 ? undefined : Number(ms)
}
