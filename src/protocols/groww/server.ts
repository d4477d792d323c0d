/** The broker's side of Groww's feed, for the simulator and for tests: a NATS server for its subjects alone. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { StreamBuffer } from "../kit/streamBuffer.ts"
import { textCodes } from "../kit/variant.ts"
import { encodePayload } from "./encode.ts"
import * as Nats from "./nats.ts"
import { growwOptions } from "./options.ts"
import { proves } from "./socketToken.ts"
import type { Kind } from "./subjects.ts"
import { kindsOf, parseSubject, subjectOf } from "./subjects.ts"

const WANTS: Readonly<Record<Kind, Want>> = {
  price: { mode: "ltp", depth: 0 },
  price_detailed: { mode: "quote", depth: 0 },
  book: { mode: "depth", depth: 5 }
}

const CLOSING = { code: 1008, reason: "" }
const violation = Nats.bytesOf("-ERR 'Authorization Violation'\r\n")
const unknown = Nats.bytesOf("-ERR 'Unknown Protocol Operation'\r\n")

/** Nonces differ from connection to connection; that they can be guessed endangers no simulated market. */
let connections = 0

export class GrowwServerCodec implements ServerCodec {
  readonly #accepted: () => Credentials
  readonly #codes: Readonly<Record<string, string>>
  readonly #detailedDivisor: number
  readonly #nonce = `simulated${String(++connections).padStart(12, "0")}`
  readonly #waiting = new StreamBuffer()
  /** The client's numbers of a subject's subscriptions. */
  readonly #sids = new Map<string, Set<string>>()
  readonly #subjectOf = new Map<string, string>()
  #loggedIn = false

  constructor(options: CodecOptions, { accepted }: Pick<ServerContext, "accepted">) {
    this.#codes = textCodes("groww", options.codes)
    this.#detailedDivisor = growwOptions(options).detailedDivisor
    this.#accepted = accepted
  }

  greet(): ReadonlyArray<Frame> {
    const info = {
      server_id: "SIMULATED",
      version: "2.10.18",
      proto: 1,
      headers: true,
      max_payload: Nats.MAX_PAYLOAD_BYTES,
      auth_required: true,
      nonce: this.#nonce
    }
    return [Nats.bytesOf(`INFO ${JSON.stringify(info)} \r\n`)]
  }

  isLoggedIn(): boolean {
    return this.#loggedIn
  }

  receive(frame: Frame, find: FindByToken): Received {
    const bytes = this.#waiting.join(typeof frame === "string" ? Nats.bytesOf(frame) : frame)
    const answers: Array<Frame> = []
    const touched: Array<WireInstrument> = []
    let at = 0
    for (;;) {
      const lf = bytes.indexOf(Nats.LF, at)
      if (lf < 0) break
      const line = Nats.textOf(bytes, at, Nats.lineEnd(bytes, at, lf))
      at = lf + 1
      const last = this.#operation(line, find, answers, touched)
      if (last === undefined) continue
      this.#waiting.keep(bytes, bytes.length)
      return { answers: [...answers, last], touched: [], close: CLOSING }
    }
    this.#waiting.keep(bytes, at)
    if (bytes.length - at <= Nats.MAX_LINE_BYTES) return { answers, touched }
    return { answers: [...answers, unknown], touched: [], close: CLOSING }
  }

  /** Returns the last word to a client that is sent away. */
  #operation(
    line: string,
    find: FindByToken,
    answers: Array<Frame>,
    touched: Array<WireInstrument>
  ): Frame | undefined {
    const [name = "", ...fields] = line.trim().split(/[ \t]+/)
    switch (name.toUpperCase()) {
      case "CONNECT":
        this.#loggedIn = proves(this.#accepted(), line.trim().slice(name.length), this.#nonce)
        return this.#loggedIn ? undefined : violation
      case "PING":
        answers.push(Nats.PONG)
        return this.#loggedIn ? undefined : violation
      case "PONG":
        return undefined
      case "SUB":
        if (!this.#loggedIn) return violation
        this.#subscribe(fields, find, touched)
        return undefined
      case "UNSUB":
        this.#unsubscribe(fields[0] ?? "")
        return undefined
      default:
        return unknown
    }
  }

  /** `SUB subject [queue group] sid`. A subject that does not exist is silent. */
  #subscribe(fields: ReadonlyArray<string>, find: FindByToken, touched: Array<WireInstrument>): void {
    const subject = fields[0] ?? ""
    const sid = fields.at(-1) ?? ""
    const parsed = parseSubject(subject)
    if (parsed === undefined || !kindsOf(parsed.path).includes(parsed.kind)) return
    const instrument = find(parsed.token, parsed.path)
    if (instrument === undefined) return
    this.#unsubscribe(sid)
    const sids = this.#sids.get(subject)
    if (sids === undefined) this.#sids.set(subject, new Set([sid]))
    else sids.add(sid)
    this.#subjectOf.set(sid, subject)
    touched.push(instrument)
  }

  #unsubscribe(sid: string): void {
    const subject = this.#subjectOf.get(sid)
    if (subject === undefined) return
    this.#subjectOf.delete(sid)
    const sids = this.#sids.get(subject)!
    sids.delete(sid)
    if (sids.size === 0) this.#sids.delete(subject)
  }

  holds({ exchange, token }: WireInstrument): ReadonlyArray<Want> {
    const path = this.#codes[exchange]
    if (path === undefined) return []
    return kindsOf(path)
      .filter((kind) => this.#sids.has(subjectOf(path, kind, token)))
      .map((kind) => WANTS[kind])
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const path = this.#codes[instrument.exchange]
      if (path === undefined) continue
      for (const kind of kindsOf(path)) {
        const subject = subjectOf(path, kind, instrument.token)
        const sids = this.#sids.get(subject)
        if (sids === undefined) continue
        const payload = encodePayload(path, kind, instrument, tick, this.#detailedDivisor)
        for (const sid of sids) frames.push(message(subject, sid, payload))
      }
    }
    return frames
  }
}

const message = (subject: string, sid: string, payload: Uint8Array): Uint8Array => {
  const head = Nats.bytesOf(`MSG ${subject} ${sid} ${payload.length}\r\n`)
  const frame = new Uint8Array(head.length + payload.length + 2)
  frame.set(head)
  frame.set(payload, head.length)
  frame.set([13, 10], frame.length - 2)
  return frame
}
