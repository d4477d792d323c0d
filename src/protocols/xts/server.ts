/** The broker's side of an XTS connection, for the simulator and for tests: the same Engine.IO frames, the same events. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Refusal, Want } from "../protocol.ts"
import type { Received, ServerCodec, ServerContext, UpgradeRequest } from "../serverProtocol.ts"
import { plainNumber, reveal } from "../kit/text.ts"
import { numericCodes } from "../kit/variant.ts"
import { changesText, fullMessage } from "./encode.ts"
import { binaryPacket } from "./encodeBinary.ts"
import { readFrame } from "./frames.ts"
import { userIdOf } from "./handshake.ts"
import type { MessageCode } from "./layout.ts"
import { BINARY_EVENT, DEPTH, ENGINE_MESSAGE, LTP, bitOf, indexOf, messageCodes } from "./layout.ts"
import type { XtsOptions } from "./options.ts"
import { xtsOptions } from "./options.ts"
import type { Address } from "./requests.ts"

/** What a login returns. */
export interface IssuedToken {
  readonly token: string
  readonly userId: string
}

const base64Url = (text: string): string =>
  btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

/** Unsigned in truth: nothing here verifies it. Ends in the year 2100. */
const jwtOf = (userID: string, publicKey: string): string =>
  [
    base64Url(JSON.stringify({ alg: "HS256", typ: "JWT" })),
    base64Url(JSON.stringify({ userID, publicKey, iat: 1_700_000_000, exp: 4_102_444_800 })),
    base64Url("simulated")
  ].join(".")

const DEMO_USER = "DEMO01_demo"
export const demo = { feedToken: jwtOf(DEMO_USER, "demo"), clientCode: DEMO_USER }

/** The token that is valid now: the stored one, or what a login with the accepted keys would get. */
export const issuedToken = ({ apiKey, clientCode, feedToken }: Credentials): IssuedToken => {
  const code = reveal(clientCode)
  const stored = reveal(feedToken)
  const token = stored === "" ? jwtOf(code === "" ? reveal(apiKey) : code, reveal(apiKey)) : stored
  return { token, userId: userIdOf(token) ?? code }
}

const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.slice(url.indexOf("?") + 1))

/** With which status the real server declines is UNCONFIRMED. */
export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = queryOf(url)
  const { token, userId } = issuedToken(accepted)
  if (query.get("transport") !== "websocket") return { status: 400, headers: {} }
  const right = query.get("token") === token && query.get("userID") === userId
  return right ? undefined : { status: 401, headers: {} }
}

const answers = (...frames: ReadonlyArray<Frame>): Received => ({ answers: frames, touched: [] })

/** Nothing depends on it: the token names the session. */
const SESSION_ID = "SimulatedXtsSession0"

const GREETING: ReadonlyArray<Frame> = [
  `0${JSON.stringify({ sid: SESSION_ID, upgrades: [], pingInterval: 25_000, pingTimeout: 60_000 })}`,
  "40",
  `42${JSON.stringify([
    "joined",
    {
      type: "success",
      code: "s-socket-0001",
      description: `Socket joined successfully! SocketId=${SESSION_ID}`
    }
  ])}`
]

/** Packets that one attachment carries at most. */
const PACKETS_PER_FRAME = 50

interface Held {
  codes: number
  /** What was sent last of each kind, in the order of `messageCodes`: the base of changes. */
  readonly told: Array<Tick | undefined>
}

export class XtsServerCodec implements ServerCodec {
  /** The session's name in REST requests. */
  readonly token: string
  readonly options: XtsOptions
  readonly #codes: Readonly<Record<string, number>>
  readonly #changesOnly: boolean
  readonly #held = new Map<WireInstrument, Held>()
  #sequence = 999_069_560_000_000

  constructor(options: CodecOptions, { request }: ServerContext) {
    const query = queryOf(request.url)
    this.options = xtsOptions(options)
    this.token = query.get("token") ?? ""
    this.#codes = numericCodes("xts", options.codes)
    this.#changesOnly = query.get("broadcastMode")?.toLowerCase() === "partial"
  }

  greet(): ReadonlyArray<Frame> {
    return GREETING
  }

  /** Requests come over REST; what clients send here keeps the connection. */
  receive(frame: Frame): Received {
    const packet = typeof frame === "string" ? readFrame(frame) : undefined
    switch (packet?.type) {
      case "ping":
        return answers(`3${packet.text}`)
      case "closed":
        return { ...answers(), close: { code: 1000, reason: "" } }
      default:
        return answers()
    }
  }

  has(instrument: WireInstrument, code: MessageCode): boolean {
    return ((this.#held.get(instrument)?.codes ?? 0) & bitOf(code)) !== 0
  }

  /** @param state that the answer of the request tells, if it tells one */
  add(instrument: WireInstrument, code: MessageCode, state: Tick | undefined): void {
    const held = this.#held.get(instrument) ?? { codes: 0, told: messageCodes.map(() => undefined) }
    held.codes |= bitOf(code)
    held.told[indexOf[code]] = copyOf(state)
    this.#held.set(instrument, held)
  }

  remove(instrument: WireInstrument, code: MessageCode): void {
    const held = this.#held.get(instrument)
    if (held === undefined) return
    held.codes &= ~bitOf(code)
    if (held.codes === 0) this.#held.delete(instrument)
  }

  /** Subscriptions as the broker counts them. */
  get count(): number {
    let count = 0
    for (const { codes } of this.#held.values()) {
      count += messageCodes.filter((code) => (codes & bitOf(code)) !== 0).length
    }
    return count
  }

  holds(instrument: WireInstrument): ReadonlyArray<Want> {
    return messageCodes.filter((code) => this.has(instrument, code)).map((code) => wantOf(code, instrument))
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    const packets: Array<Uint8Array> = []
    for (const [instrument, tick] of states) {
      const held = this.#held.get(instrument)
      const address = held === undefined ? undefined : this.#addressOf(instrument)
      if (held === undefined || address === undefined) continue
      for (const code of messageCodes) {
        if ((held.codes & bitOf(code)) === 0) continue
        if (this.options.product === "json") this.#event(frames, held, code, address, tick)
        // No SDK has a binary form of the LTP message.
        else if (code !== LTP) packets.push(this.#packet(code, address, tick))
      }
    }
    for (let at = 0; at < packets.length; at += PACKETS_PER_FRAME) {
      frames.push(`451-${JSON.stringify([BINARY_EVENT, { _placeholder: true, num: 0 }])}`)
      frames.push(attachmentOf(packets.slice(at, at + PACKETS_PER_FRAME)))
    }
    return frames
  }

  #event(frames: Array<Frame>, held: Held, code: MessageCode, address: Address, tick: Tick): void {
    const index = indexOf[code]
    const before = this.#changesOnly ? held.told[index] : undefined
    if (before === undefined) {
      const text = fullMessage(code, address, tick, ++this.#sequence)
      frames.push(`42${JSON.stringify([`${code}-json-full`, text])}`)
    } else {
      const text = changesText(code, address, before, tick)
      if (text === undefined) return
      frames.push(`42${JSON.stringify([`${code}-json-partial`, text])}`)
    }
    if (this.#changesOnly) held.told[index] = copyOf(tick)
  }

  #packet(code: MessageCode, address: Address, tick: Tick): Uint8Array {
    const { divisors, layout } = this.options
    const divisor = divisors.get(address.exchangeSegment) ?? 1
    return binaryPacket(code, layout, address, tick, ++this.#sequence, divisor)
  }

  #addressOf({ exchange, token }: WireInstrument): Address | undefined {
    const segment = this.#codes[exchange]
    const id = plainNumber(token, Number.MAX_SAFE_INTEGER)
    return segment === undefined || id === undefined
      ? undefined
      : { exchangeSegment: segment, exchangeInstrumentID: id }
  }
}

/** The market may go on with the same object. */
const copyOf = (tick: Tick | undefined): Tick | undefined =>
  tick === undefined
    ? undefined
    : {
        ...tick,
        ...(tick.depth === undefined
          ? {}
          : {
              depth: {
                buy: tick.depth.buy.map((l) => ({ ...l })),
                sell: tick.depth.sell.map((l) => ({ ...l }))
              }
            })
      }

const wantOf = (code: MessageCode, { exchange }: WireInstrument): Want => {
  if (code === LTP) return { mode: "ltp", depth: 0 }
  // An index has no book: its depth message has empty rows.
  return code === DEPTH && !exchange.endsWith("_INDEX")
    ? { mode: "depth", depth: 5 }
    : { mode: "quote", depth: 0 }
}

const attachmentOf = (packets: ReadonlyArray<Uint8Array>): Uint8Array => {
  const frame = new Uint8Array(1 + packets.reduce((sum, { length }) => sum + length, 0))
  frame[0] = ENGINE_MESSAGE
  let at = 1
  for (const packet of packets) {
    frame.set(packet, at)
    at += packet.length
  }
  return frame
}
