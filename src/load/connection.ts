/**
 * One client of a load: logs in, subscribes, and from then on counts what comes. The WebSocket is our own, over plain
 * sockets that share one buffer, because a client library would measure itself.
 */
import { randomBytes } from "node:crypto"
import { connect } from "node:net"
import type { Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { decode } from "@msgpack/msgpack"
import { OPCODE, ServerFrames } from "./serverFrames.ts"

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
}

/** Told of every read that held market data: how many frames of it, and how many of this connection's came before. */
export type OnFrames = (connection: LoadConnection, frames: number, before: number) => void

type Message = Readonly<Record<string, unknown>>

/** All connections of the process read into it: what is read is looked at before the next read. */
const shared = Buffer.allocUnsafeSlow(256 * 1024)

/** Where in a message its type's first letter stands: `{"type":"m`, and the same in MessagePack. */
const TYPE_AT = { json: 9, msgpack: 7 } as const
const LETTER_M = 109

/** A server that says nothing for so long will not. */
const ANSWER_MS = 30_000

export class LoadConnection {
  readonly #options: LoadOptions
  readonly #onFrames: OnFrames
  readonly #frames: ServerFrames
  readonly #typeAt: number
  #socket: Socket | undefined
  #handshake: Buffer | undefined = Buffer.alloc(0)
  /** Answers that nobody has waited for yet. */
  readonly #answers: Array<Message> = []
  #waiter: ((answer: Message | Error) => void) | undefined
  /** Market data. */
  frames = 0
  bytes = 0
  /** Data messages of other kinds: notices, states, answers. */
  others = 0
  /** Why it ended; undefined while it is open. */
  ended: string | undefined

  constructor(options: LoadOptions, onFrames: OnFrames = () => undefined) {
    this.#options = options
    this.#onFrames = onFrames
    this.#typeAt = TYPE_AT[options.encoding]
    this.#frames = new ServerFrames({
      passed: (length, bytes, at) => {
        if (length > this.#typeAt && bytes[at + this.#typeAt] === LETTER_M) {
          this.frames++
          this.bytes += length
        } else this.others++
      },
      read: (opcode, payload) => this.#read(opcode, payload)
    })
  }

  /** Connects and shakes hands. @throws Error that says what the server answered */
  async open(): Promise<void> {
    const { encoding, url } = this.#options
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
    const socket = secure
      ? connectTls({ host, port, servername: host })
      : connect({ host, port, onread, noDelay: true })
    if (secure) socket.on("data", (chunk: Buffer) => this.#arrived(chunk))
    this.#socket = socket
    socket.on("error", (error) => this.#end(error.message))
    socket.on("close", () => this.#end("the server closed the connection"))
    const opened = this.#answer()
    socket.write(
      [
        `GET ${url.pathname}${url.search} HTTP/1.1`,
        `Host: ${url.host}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "Sec-WebSocket-Version: 13",
        ...(encoding === "msgpack" ? ["Sec-WebSocket-Protocol: algoways.msgpack"] : []),
        "\r\n"
      ].join("\r\n")
    )
    await opened
  }

  /** @throws Error with the server's words */
  async logIn(): Promise<void> {
    this.#send({ action: "authenticate", api_key: this.#options.key })
    const answer = await this.#answer()
    if (answer["status"] !== "success") throw new Error(`the server refused the login: ${wordsOf(answer)}`)
  }

  /** Resolves with the number of instruments that the server took. @throws Error with the server's words */
  async subscribe({ depth, mode, symbols }: Subscription): Promise<number> {
    this.#send({ action: "subscribe", symbols, mode, depth })
    const answer = await this.#answer()
    if (answer["type"] !== "subscribe") throw new Error(`the server refused to subscribe: ${wordsOf(answer)}`)
    const taken = answer["subscriptions"]
    return Array.isArray(taken)
      ? taken.filter((entry: { readonly status?: unknown }) => entry.status === "success").length
      : 0
  }

  /** From now on messages are counted and no longer read: answers are of no interest any more. */
  count(): void {
    this.#frames.reading = false
  }

  close(): void {
    this.#socket?.destroy()
  }

  #arrived(chunk: Uint8Array): void {
    try {
      if (this.#handshake !== undefined) return this.#shakeHands(chunk)
      const before = this.frames
      this.#frames.push(chunk)
      if (this.frames > before) this.#onFrames(this, this.frames - before, before)
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error))
      this.close()
    }
  }

  #shakeHands(chunk: Uint8Array): void {
    const all = Buffer.concat([this.#handshake!, chunk])
    const end = all.indexOf("\r\n\r\n")
    if (end < 0) {
      this.#handshake = all
      return
    }
    this.#handshake = undefined
    const [status = ""] = all.toString("latin1", 0, end).split("\r\n")
    if (!/^HTTP\/1\.1 101\b/.test(status)) throw new Error(`the server declined the connection: ${status}`)
    this.#tell({})
    if (all.length > end + 4) this.#arrived(Buffer.from(all.subarray(end + 4)))
  }

  #read(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case OPCODE.PING:
        return this.#write(OPCODE.PONG, payload)
      case OPCODE.CLOSE:
        return this.#end(`closed by the server: ${payload.toString("utf8", 2) || "no reason given"}`)
      case OPCODE.TEXT:
        return this.#message(JSON.parse(payload.toString("utf8")) as Message, payload.length)
      case OPCODE.BINARY:
        return this.#message(decode(payload) as Message, payload.length)
    }
  }

  #message(message: Message, bytes: number): void {
    if (message["type"] !== "market_data") return this.#tell(message)
    this.frames++
    this.bytes += bytes
  }

  /** In JSON also where MessagePack is read: the server takes both. */
  #send(message: object): void {
    this.#write(OPCODE.TEXT, Buffer.from(JSON.stringify(message)))
  }

  /** Masked, as a client must, with a key of zeros: the payload stays as it is. */
  #write(opcode: number, payload: Buffer): void {
    const length = payload.length
    const head =
      length < 126
        ? [0x80 | opcode, 0x80 | length]
        : length < 65_536
          ? [0x80 | opcode, 0x80 | 126, length >> 8, length & 255]
          : [
              0x80 | opcode,
              0x80 | 127,
              0,
              0,
              0,
              0,
              (length >>> 24) & 255,
              (length >> 16) & 255,
              (length >> 8) & 255,
              length & 255
            ]
    this.#socket?.write(Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]))
  }

  #tell(answer: Message | Error): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter !== undefined) waiter(answer)
    else if (!(answer instanceof Error)) this.#answers.push(answer)
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
}

const wordsOf = (answer: Message): string =>
  typeof answer["message"] === "string" ? answer["message"] : JSON.stringify(answer).slice(0, 200)
