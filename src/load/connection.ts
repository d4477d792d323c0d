/**
 * One client of a load: logs in, subscribes, and from then on counts what comes. The WebSocket is our own, over plain
 * sockets that share one buffer, because a client library would measure itself.
 */
import { connect, isIP } from "node:net"
import type { Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { decode } from "@msgpack/msgpack"
import { messageOf } from "../kit/messageOf.ts"
import { MSGPACK, handshakeEnd, handshakeOf, maskedFrame } from "./clientFrame.ts"
import { OPCODE, PEEK, ServerFrames } from "./serverFrames.ts"

export interface Subscription {
  readonly symbols: ReadonlyArray<{ readonly symbol: string; readonly exchange: string }>
  readonly mode: "LTP" | "Quote" | "Depth"
  /** Book levels asked for, in depth mode. */
  readonly depth: number
}

export interface LoadOptions {
  readonly url: URL
  /** The API key; never shown. */
  readonly key: string
  readonly encoding: "json" | "msgpack"
  /** Certificates, PEM, that are trusted instead of the well-known ones. */
  readonly ca?: string
  /** Told of the market data that is read whole, see `sampleEvery`. */
  readonly onSample?: (message: Message) => void
}

/** Told of every read that held market data: how many frames of it, and how many of this connection's came before. */
export type OnFrames = (connection: LoadConnection, frames: number, before: number) => void

export type Message = Readonly<Record<string, unknown>>

/** All connections of the process read into it: what is read is looked at before the next read. */
const shared = Buffer.allocUnsafeSlow(256 * 1024)

const MARKET_DATA = "market_data"
const LETTER_M = MARKET_DATA.charCodeAt(0)

/** A server that says nothing for so long will not. */
const ANSWER_MS = 30_000
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8])

export class LoadConnection {
  readonly #options: LoadOptions
  readonly #onFrames: OnFrames
  readonly #frames: ServerFrames
  readonly #subProtocol: string | undefined
  /** Where in a message its type begins, once market data was seen. */
  #typeAt = PEEK
  #counting = false
  #sampleEvery = 0
  /** Frames until one is read whole again; never when it is not above 0. */
  #untilSample = 0
  #socket: Socket | undefined
  #handshake: Buffer | undefined = Buffer.alloc(0)
  /** Answers that nobody has waited for yet. */
  readonly #answers: Array<Message> = []
  #waiter: ((answer: Message | Error) => void) | undefined
  /** Market data. */
  frames = 0
  bytes = 0
  /** Messages of other kinds that no request waits for: notices, states, late answers. */
  others = 0
  /** What the server did not take, each with its words. */
  readonly refused: Array<string> = []
  /** Why it ended; undefined while it is open. */
  ended: string | undefined

  constructor(options: LoadOptions, onFrames: OnFrames = () => undefined) {
    this.#options = options
    this.#onFrames = onFrames
    this.#subProtocol = options.encoding === "msgpack" ? MSGPACK : undefined
    this.#frames = new ServerFrames({
      passed: (length, bytes, at) => {
        if (length > this.#typeAt && bytes[at + this.#typeAt] === LETTER_M) {
          this.frames++
          this.bytes += length
          if (--this.#untilSample === 0) this.#frames.reading = true
        } else this.others++
      },
      read: (opcode, payload) => this.#read(opcode, payload)
    })
  }

  /** Of the market data that is counted, one frame in so many is read whole, at random; 0: none. */
  get sampleEvery(): number {
    return this.#sampleEvery
  }

  set sampleEvery(every: number) {
    this.#sampleEvery = every
    this.#untilSample = every === 0 ? 0 : 1 + Math.floor(Math.random() * (2 * every - 1))
  }

  /** Connects and shakes hands. @throws Error that says what the server answered */
  async open(): Promise<void> {
    const { ca, url } = this.#options
    const secure = url.protocol === "wss:"
    const host = url.hostname.replace(/^\[|\]$/g, "")
    const port = Number(url.port) || (secure ? 443 : 80)
    const onread = {
      buffer: shared,
      callback: (size: number): boolean => {
        this.#arrived(shared.subarray(0, size))
        return true
      }
    }
    // An address is no name that a certificate could be asked for by.
    const named = isIP(host) === 0 ? { servername: host } : {}
    const socket = secure
      ? connectTls({ host, port, ...named, ...(ca === undefined ? {} : { ca }) })
      : connect({ host, port, onread, noDelay: true })
    if (secure) socket.on("data", (chunk: Buffer) => this.#arrived(chunk))
    this.#socket = socket
    // Where a name has several addresses, the error of all of them together has only a code.
    socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#end(error.message || error.code || "no connection")
    )
    socket.on("close", () => this.#end("the server ended the connection without a word"))
    const opened = this.#answer()
    socket.write(handshakeOf(url, this.#subProtocol))
    await opened
  }

  /** @throws Error with the server's words */
  async logIn(): Promise<void> {
    this.#send({ action: "authenticate", api_key: this.#options.key })
    const answer = await this.#answerOf("auth")
    if (answer["status"] !== "success") {
      throw new Error(`the server refused the login: ${this.#wordsOf(answer)}`)
    }
  }

  /** Resolves with the number of instruments that the server took. @throws Error with the server's words */
  async subscribe({ depth, mode, symbols }: Subscription): Promise<number> {
    this.#send({ action: "subscribe", symbols, mode, depth })
    const answer = await this.#answerOf("subscribe")
    const entries = answer["subscriptions"]
    if (answer["type"] !== "subscribe" || !Array.isArray(entries)) {
      throw new Error(`the server refused to subscribe: ${this.#wordsOf(answer)}`)
    }
    let taken = 0
    for (const entry of entries as ReadonlyArray<Message>) {
      if (entry["status"] === "success") taken++
      else
        this.refused.push(`${String(entry["exchange"])}:${String(entry["symbol"])}: ${this.#wordsOf(entry)}`)
    }
    return taken
  }

  /** From now on messages are counted, and read only for samples: answers are of no interest any more. */
  count(): void {
    this.#counting = true
    this.others += this.#answers.length
    this.#answers.length = 0
  }

  close(): void {
    if (this.#handshake === undefined && this.ended === undefined) {
      this.#write(OPCODE.CLOSE, NORMAL_CLOSURE)
      this.#socket?.destroySoon()
    } else this.#socket?.destroy()
    this.#end("closed here")
  }

  #arrived(chunk: Uint8Array): void {
    if (this.ended !== undefined) return
    try {
      if (this.#handshake !== undefined) return this.#shakeHands(chunk)
      const before = this.frames
      this.#frames.push(chunk)
      if (this.frames > before) this.#onFrames(this, this.frames - before, before)
    } catch (error) {
      this.#end(messageOf(error))
      this.#socket?.destroy()
    }
  }

  #shakeHands(chunk: Uint8Array): void {
    const all = Buffer.concat([this.#handshake!, chunk])
    const end = handshakeEnd(all, this.#subProtocol)
    if (end === undefined) {
      this.#handshake = all
      return
    }
    this.#handshake = undefined
    this.#tell({})
    if (all.length > end) this.#arrived(all.subarray(end))
  }

  #read(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case OPCODE.PING:
        return this.#write(OPCODE.PONG, payload)
      case OPCODE.CLOSE:
        return this.#closed(payload)
      case OPCODE.TEXT:
        return this.#message(JSON.parse(payload.toString("utf8")) as Message, payload)
      case OPCODE.BINARY:
        // JSON may come in binary frames, too.
        return this.#message(
          (this.#subProtocol === undefined
            ? JSON.parse(payload.toString("utf8"))
            : decode(payload)) as Message,
          payload
        )
    }
  }

  #message(message: Message, payload: Buffer): void {
    if (message["type"] === MARKET_DATA) {
      this.frames++
      this.bytes += payload.length
      if (this.#counting) this.#sampled(message, payload)
    } else if (this.#waiter !== undefined || !this.#counting) this.#tell(message)
    else this.others++
  }

  /** Learns by the way how this server writes its messages. Where the type stands too late, all must be read. */
  #sampled(message: Message, payload: Buffer): void {
    const every = this.#sampleEvery
    if (every > 0) this.#options.onSample?.(message)
    const typeAt = payload.indexOf(MARKET_DATA)
    this.#typeAt = typeAt
    this.#frames.reading = every === 1 || typeAt >= PEEK
    // At random, so that no rhythm of the market decides which frames are seen.
    this.sampleEvery = every
  }

  #closed(payload: Buffer): void {
    const code = payload.length < 2 ? "" : `${payload.readUInt16BE(0)} `
    const words = this.#hidden(payload.toString("utf8", 2)) || "no reason given"
    this.#write(OPCODE.CLOSE, payload.subarray(0, 2))
    this.#end(`closed by the server: ${code}${words}`)
    this.#socket?.destroySoon()
  }

  /** In JSON also where MessagePack is read: the server takes both. */
  #send(message: object): void {
    this.#write(OPCODE.TEXT, Buffer.from(JSON.stringify(message)))
  }

  #write(opcode: number, payload: Buffer): void {
    this.#socket?.write(maskedFrame(opcode, payload))
  }

  #tell(answer: Message | Error): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter !== undefined) waiter(answer)
    else if (!(answer instanceof Error)) this.#answers.push(answer)
  }

  /** The next answer of a type, or the next error: what else a server says in between is of no interest. */
  async #answerOf(type: string): Promise<Message> {
    for (;;) {
      const answer = await this.#answer()
      if (answer["type"] === type || answer["status"] === "error") return answer
    }
  }

  #answer(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const waiting = this.#answers.shift()
      if (waiting !== undefined) return resolve(waiting)
      if (this.ended !== undefined) return reject(new Error(this.ended))
      const late = setTimeout(() => this.#tell(new Error("the server did not answer")), ANSWER_MS)
      this.#waiter = (answer) => {
        clearTimeout(late)
        if (answer instanceof Error) reject(answer)
        else resolve(answer)
      }
    })
  }

  #end(why: string): void {
    if (this.ended !== undefined) return
    this.ended = why
    this.#tell(new Error(why))
  }

  #wordsOf(answer: Message): string {
    const { code, message } = answer
    const words = typeof message === "string" ? message : JSON.stringify(answer).slice(0, 200)
    return this.#hidden(typeof code === "string" ? `${words} (${code})` : words)
  }

  /** A server that repeats the key would have it shown. */
  #hidden(words: string): string {
    return words.replaceAll(this.#options.key, "<key>")
  }
}
