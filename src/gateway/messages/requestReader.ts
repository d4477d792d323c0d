/**
 * The client protocol, inbound: from one WebSocket frame to a request. Pure; never throws, whatever the text.
 *
 * The protocol is that of OpenAlgo's WebSocket proxy, plus what published examples and older clients send
 * (`instruments`, `depth_level`, mode 4). Keys that we do not know are ignored. The messages' published form is in
 * `messages/inbound.ts`; what is forgiven beyond it is listed in `docs/client-protocol.md`.
 */
import { isObject } from "../../kit/isObject.ts"
import type { Mode } from "../../market/mode.ts"
import { modeNumber } from "../../market/mode.ts"
import { DEEPEST, excessOf } from "../../market/jsonNesting.ts"
import type { MostParts } from "../../market/jsonNesting.ts"
import type { OptIns } from "../delivery/delivery.ts"
import { fromMsgpack } from "../delivery/encoding.ts"
import { msgpackFault } from "../delivery/msgpackShape.ts"
import type { InboundKey } from "./inbound.ts"
import { LONGEST_INTERVAL_MS, LONGEST_RESUME_NAME, slowPolicies } from "./inbound.ts"
import type { ErrorCode, ModeTag } from "./words.ts"
import type { Limit } from "../metrics.ts"
import { defaults } from "../options.ts"
import type { SubscriptionOptions } from "../topics/fanOut.ts"
import { usualOptions } from "../topics/fanOut.ts"

/** What goes into an error frame. Not every fault of a frame is one: a bad entry of a list fails alone. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  /** The limit that the frame goes beyond. */
  readonly limit?: Limit
}

export interface ModeChoice {
  readonly mode: Mode
  readonly tag: ModeTag
}

/** A name as the client spelled it (what it is answered with), and what it means. */
export interface Named {
  readonly ok: true
  readonly symbol: string
  readonly exchange: string
  readonly instrument: { readonly symbol: string; readonly exchange: string }
  /** From a `:20`, `:30` or `:50` behind the symbol. */
  readonly suffixDepth: number | undefined
}

/** An entry that fails by itself; the names are the client's own as far as they can be shown. */
export interface Unusable {
  readonly ok: false
  readonly symbol: string
  readonly exchange: string
  readonly message: string
}

export interface SubscribeBody {
  readonly choice: ModeChoice
  readonly terms: SubscriptionOptions
  /** Wanted book levels where the symbol says nothing; text when it was not a number. */
  readonly depth: number | { readonly unusable: string }
  readonly entries: ReadonlyArray<Named | Unusable>
}

export interface UnsubscribeBody {
  /** `mode` absent: every mode that the client holds. */
  readonly entries: ReadonlyArray<(Named & { readonly mode: Mode | undefined }) | Unusable>
}

/** Needs a login. That is checked before what the request says, so the faults of a body travel inside it. */
export type AccountRequest =
  | { readonly verb: "subscribe"; readonly body: SubscribeBody | Problem }
  | { readonly verb: "unsubscribe"; readonly body: UnsubscribeBody | Problem }
  | { readonly verb: "unsubscribe_all" }
  | { readonly verb: "subscribe_orders" }
  | { readonly verb: "unsubscribe_orders" }
  | { readonly verb: "get_broker_info" }

/** Whether the client wants back what its last connection held: of those by this name. Empty: of those without one. */
export type Resume = { readonly name: string } | "no"

export type Request =
  | AccountRequest
  | {
      readonly verb: "authenticate"
      readonly key: string | undefined
      readonly optIns: OptIns
      readonly resume: Resume | undefined
    }
  | { readonly verb: "get_supported_brokers" }
  /** Both as JSON text, ready to be put into the answer. */
  | { readonly verb: "ping"; readonly timestamp: string | undefined; readonly pingId: string | undefined }

/** `requestId` is JSON text, ready to be put into the answer; undefined when there was none. */
export type Inbound =
  | { readonly kind: "request"; readonly request: Request; readonly requestId: string | undefined }
  | { readonly kind: "problem"; readonly problem: Problem; readonly requestId: string | undefined }
  /** Needs no answer (`pong`). */
  | { readonly kind: "ignored" }

/** Nothing is known of the values; but only keys that the published messages have are read. */
type Json = { readonly [K in InboundKey]?: unknown }

/** A value as JSON text; undefined for null, for nothing, and for what nests too deep to be written. */
const jsonText = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** A value as an error message may show it. */
const show = (value: unknown): string => {
  const text = jsonText(value) ?? String(value === null ? "null" : typeof value)
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}

/** The names that an entry gave, as far as they are text: failed entries are answered with them. */
const shown = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : show(value)

const modesByName: ReadonlyMap<string, Mode> = new Map([
  ["ltp", "ltp"],
  ["quote", "quote"],
  ["depth", "depth"]
])
const modesByNumber: ReadonlyMap<unknown, ModeChoice> = new Map<unknown, ModeChoice>([
  [1, { mode: "ltp", tag: 1 }],
  [2, { mode: "quote", tag: 2 }],
  [3, { mode: "depth", tag: 3 }],
  [4, { mode: "depth", tag: 4 }]
])

/** 1, 2, 3, 4 or a name in any case. Numbers in quotes are no modes. */
export const readMode = (value: unknown): ModeChoice | undefined => {
  if (typeof value !== "string") return modesByNumber.get(value)
  const mode = modesByName.get(value.trim().toLowerCase())
  return mode === undefined ? undefined : { mode, tag: modeNumber[mode] }
}

const invalidMode = (value: unknown): Problem => ({
  code: "INVALID_MODE",
  message: `Invalid mode ${show(value)}: use 1 (LTP), 2 (Quote) or 3 (Depth), or the name`
})

const isGiven = (frame: Json, key: InboundKey): boolean => frame[key] !== undefined

const suffixed = /^(.+):(20|30|50)$/

export const named = (symbol: string, exchange: string): Named => {
  const match = suffixed.exec(symbol)
  return {
    ok: true,
    symbol,
    exchange,
    instrument: { symbol: match?.[1] ?? symbol, exchange: exchange.trim().toUpperCase() },
    suffixDepth: match === null ? undefined : Number(match[2])
  }
}

/** Undefined for an entry that lacks a symbol or an exchange: such entries are left out. */
const readEntry = (entry: unknown, index: number): Named | Unusable | undefined => {
  if (!isObject(entry)) {
    const message = `Entry ${index + 1} is ${show(entry)}; it must be an object with symbol and exchange`
    return { ok: false, symbol: "", exchange: "", message }
  }
  const { symbol, exchange } = entry
  if (!symbol || !exchange) return undefined
  if (typeof symbol === "string" && typeof exchange === "string") return named(symbol, exchange)
  const wrong = typeof symbol === "string" ? "exchange" : "symbol"
  return {
    ok: false,
    symbol: shown(symbol),
    exchange: shown(exchange),
    message: `Entry ${index + 1}: ${wrong} must be text`
  }
}

const nothingNamed: Problem = {
  code: "INVALID_PARAMETERS",
  message: "Name at least one instrument: symbols [{symbol, exchange}], or symbol and exchange"
}

/** Absent, null, empty text and empty lists make way for the next form. */
const isFilled = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value))

type Listed = { readonly entry: Named | Unusable; readonly source: Json }

/** The instruments that a frame names, in order; `symbols` beats `instruments` beats the single form. */
const readEntries = (frame: Json): ReadonlyArray<Listed> | Problem => {
  const key = isFilled(frame["symbols"])
    ? "symbols"
    : isFilled(frame["instruments"])
      ? "instruments"
      : undefined
  if (key === undefined) {
    const { symbol, exchange } = frame
    if (!symbol || !exchange) return nothingNamed
    if (typeof symbol === "string" && typeof exchange === "string") {
      return [{ entry: named(symbol, exchange), source: frame }]
    }
    const message = `${typeof symbol === "string" ? "exchange" : "symbol"} must be text`
    return { code: "INVALID_PARAMETERS", message }
  }
  const list = frame[key]
  if (!Array.isArray(list)) {
    return {
      code: "INVALID_PARAMETERS",
      message: `${key} must be a list of {symbol, exchange}, not ${show(list)}`
    }
  }
  const entries: Array<Listed> = []
  for (const [index, item] of list.entries()) {
    const entry = readEntry(item, index)
    if (entry !== undefined) entries.push({ entry, source: isObject(item) ? item : {} })
  }
  return entries
}

/** Book levels where a request names none. */
export const DEFAULT_DEPTH = 5

const readDepth = (frame: Json): SubscribeBody["depth"] => {
  const given = frame["depth"] ?? frame["depth_level"]
  if (given === undefined || given === null) return DEFAULT_DEPTH
  return Number.isFinite(given) ? Number(given) : { unusable: show(given) }
}

const readTerms = (frame: Json): SubscriptionOptions | Problem => {
  const slow = frame["slow"] ?? usualOptions.slow
  const intervalMs = frame["interval_ms"] ?? usualOptions.intervalMs
  if (!slowPolicies.has(slow)) {
    const message = `Invalid slow ${show(slow)}: use "conflate", "drop-oldest" or "close"`
    return { code: "INVALID_PARAMETERS", message }
  }
  if (typeof intervalMs !== "number" || !(intervalMs >= 0 && intervalMs <= LONGEST_INTERVAL_MS)) {
    const message = `Invalid interval_ms ${show(intervalMs)}: it must be a number of milliseconds`
    return { code: "INVALID_PARAMETERS", message }
  }
  return { slow: slow as SubscriptionOptions["slow"], intervalMs }
}

const readOptIns = (frame: Json): OptIns => ({
  events: frame["events"] === true,
  snapshot: frame["snapshot"] === true,
  clocks: frame["clocks"] === true
})

/** Undefined: the request says nothing, so that the key decides. */
const readResume = (frame: Json): Resume | undefined => {
  const given = frame["resume"]
  if (given === true) return { name: "" }
  if (typeof given === "string" && given !== "") return { name: given.slice(0, LONGEST_RESUME_NAME) }
  return given === false ? "no" : undefined
}

const readSubscribe = (frame: Json): SubscribeBody | Problem => {
  const choice = isGiven(frame, "mode") ? readMode(frame["mode"]) : readMode("quote")
  if (choice === undefined) return invalidMode(frame["mode"])
  const listed = readEntries(frame)
  if ("code" in listed) return listed
  const options = readTerms(frame)
  if ("code" in options) return options
  return { choice, terms: options, depth: readDepth(frame), entries: listed.map(({ entry }) => entry) }
}

/** The mode of an entry is its own, else that of the frame, else all that is held. */
const readUnsubscribe = (frame: Json): UnsubscribeBody | Problem => {
  const listed = readEntries(frame)
  if ("code" in listed) return listed
  const common = isGiven(frame, "mode") ? readMode(frame["mode"])?.mode : undefined
  const commonIsBad = isGiven(frame, "mode") && common === undefined
  const entries: Array<UnsubscribeBody["entries"][number]> = []
  for (const { entry, source } of listed) {
    if (!entry.ok) {
      entries.push(entry)
    } else if (source !== frame && isGiven(source, "mode")) {
      const own = readMode(source["mode"])?.mode
      if (own !== undefined) entries.push({ ...entry, mode: own })
      else {
        const { symbol, exchange } = entry
        entries.push({ ok: false, symbol, exchange, message: invalidMode(source["mode"]).message })
      }
    } else if (commonIsBad) {
      return invalidMode(frame["mode"])
    } else {
      entries.push({ ...entry, mode: common })
    }
  }
  return { entries }
}

/** `action`, or `type` where there is no action. A verb in an unusual case is still that verb. */
const readVerb = (frame: Json): string | undefined => {
  const given = frame["action"] || frame["type"]
  return typeof given === "string" ? given.trim().toLowerCase() : undefined
}

const readKey = (frame: Json): string | undefined => {
  const given = frame["api_key"] || frame["apikey"]
  return given ? (typeof given === "string" ? given : show(given)) : undefined
}

/** A list that is too long is not looked into: that alone would hold up everybody. */
const tooMany = (frame: Json, most: number): Problem | undefined => {
  for (const list of [frame["symbols"], frame["instruments"]]) {
    if (!Array.isArray(list) || list.length <= most) continue
    const message = `${list.length} entries are more than ${most} in one request: send several`
    return { code: "INVALID_PARAMETERS", message, limit: "entries" }
  }
  return undefined
}

const readRequest = (frame: Json, maxEntries: number): Request | Problem | undefined => {
  const verb = readVerb(frame)
  switch (verb) {
    case "auth":
    case "authenticate":
      return {
        verb: "authenticate",
        key: readKey(frame),
        optIns: readOptIns(frame),
        resume: readResume(frame)
      }
    case "subscribe":
      return { verb, body: tooMany(frame, maxEntries) ?? readSubscribe(frame) }
    case "unsubscribe":
      return frame["type"] === "unsubscribe_all"
        ? { verb: "unsubscribe_all" }
        : { verb, body: tooMany(frame, maxEntries) ?? readUnsubscribe(frame) }
    case "unsubscribe_all":
    case "subscribe_orders":
    case "unsubscribe_orders":
    case "get_broker_info":
    case "get_supported_brokers":
      return { verb }
    case "ping":
      return { verb, timestamp: jsonText(frame["timestamp"]), pingId: jsonText(frame["_pingId"]) }
    // Some clients answer pings of other servers; there is nothing to say to that.
    case "pong":
      return undefined
    default:
      return {
        code: "INVALID_ACTION",
        message: `Invalid action: ${show(frame["action"] || frame["type"])}`
      }
  }
}

const tooDeep: Inbound = {
  kind: "problem",
  problem: { code: "INVALID_JSON", message: `Invalid JSON message: it nests deeper than ${DEEPEST} levels` },
  requestId: undefined
}

/**
 * What a request of so many entries may hold: an entry is an object of a few keys, and one of them may hold another. A message
 * with more is not parsed: that would take far longer than to handle as many entries.
 */
const mostParts = (maxEntries: number): MostParts => ({
  containers: 2 * maxEntries + 64,
  values: 8 * maxEntries + 64
})

const tooMuch = (maxEntries: number): Inbound => ({
  kind: "problem",
  problem: {
    code: "INVALID_PARAMETERS",
    message: `The message holds more than ${maxEntries} entries can: send several requests`,
    limit: "entries"
  },
  requestId: undefined
})

/** Reads one frame of JSON text. */
export const readFrame = (text: string, maxEntries = defaults.maxEntries): Inbound => {
  const excess = excessOf(text, mostParts(maxEntries))
  if (excess !== undefined) return excess === "deep" ? tooDeep : tooMuch(maxEntries)
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    // The text is not shown: it may hold a key.
    return {
      kind: "problem",
      problem: { code: "INVALID_JSON", message: "Invalid JSON message" },
      requestId: undefined
    }
  }
  return readMessage(frame, maxEntries)
}

/** Reads one frame of MessagePack. */
export const readPacked = (bytes: Uint8Array, maxEntries = defaults.maxEntries): Inbound => {
  const fault = msgpackFault(bytes, mostParts(maxEntries))
  return fault === "many"
    ? tooMuch(maxEntries)
    : readMessage(fault === undefined ? fromMsgpack(bytes) : undefined, maxEntries)
}

/** Reads one message, whatever encoding it came in. */
export const readMessage = (frame: unknown, maxEntries = defaults.maxEntries): Inbound => {
  if (!isObject(frame)) {
    const problem: Problem = { code: "SERVER_ERROR", message: "A message must be an object" }
    return { kind: "problem", problem, requestId: undefined }
  }
  const requestId = jsonText(frame["request_id"])
  const request = readRequest(frame, maxEntries)
  if (request === undefined) return { kind: "ignored" }
  return "code" in request
    ? { kind: "problem", problem: request, requestId }
    : { kind: "request", request, requestId }
}
