/**
 * The topics of IIFL Capital's market data: `prod/marketfeed/mw/v1/nseeq/2885`.
 * Source: IIFL Capital's developer documentation and the official BridgePy.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { WireInstrument } from "../../market/instrument.ts"

/** Streams of one instrument: market feed, index, open interest, and the price band of the next trades. */
export type Stream = "mw" | "index" | "oi" | "lpp"

/** Streams of a whole segment, whose packets name the instrument. */
export const segmentStreams = ["uppercircuit", "lowercircuit", "high52week", "low52week"] as const
export type SegmentStream = (typeof segmentStreams)[number]

export const topicOf = (stream: Stream, segment: string, id: string): string =>
  `prod/marketfeed/${stream}/v1/${segment}/${id}`

export const segmentTopic = (stream: SegmentStream | "marketstatus", segment: string): string =>
  `prod/marketfeed/${stream}/v1/${segment}`

const FORM = /^prod\/marketfeed\/([0-9a-z]+)\/v1\/([a-z]+)(?:\/([0-9a-z]+))?$/

export const parseTopic = (
  topic: string
): { readonly stream: string; readonly segment: string; readonly id: string | undefined } | undefined => {
  const parts = FORM.exec(topic)
  return parts === null ? undefined : { stream: parts[1]!, segment: parts[2]!, id: parts[3] }
}

export const isIndex = ({ exchange }: WireInstrument): boolean => exchange.endsWith("_INDEX")

const cash: ReadonlySet<string> = new Set<Exchange>(["NSE", "BSE"])

/** The streams of an instrument, whatever the mode: one packet serves all of them, and open interest comes apart. */
export const streamsOf = (instrument: WireInstrument): ReadonlyArray<Stream> =>
  isIndex(instrument) ? ["index"] : cash.has(instrument.exchange) ? ["mw"] : ["mw", "oi"]

/** Where indices are published is up to their master: some of NSE's are in a segment of contracts. */
export const segmentOf = (
  instrument: WireInstrument,
  codes: Readonly<Record<string, string>>
): string | undefined => {
  const code = codes[instrument.exchange]
  const own = instrument.brokerExchange.toLowerCase()
  return code !== undefined && isIndex(instrument) && Object.values(codes).includes(own) ? own : code
}
