/**
 * MQTT control packets out of a stream of bytes: cut here, so that no length field makes anybody wait for more than a
 * packet can have, and read by `mqtt-packet`, one whole packet at a time. All but PUBLISH, which is nearly everything
 * that comes: the library takes five times as long over one as all the rest of its decoding together (measured).
 * Source: MQTT 3.1.1 (OASIS standard).
 */
import { generate, parser } from "mqtt-packet"
import type { Packet, Parser } from "mqtt-packet"
import { FrameReader } from "../kit/bytes.ts"
import { StreamBuffer } from "../kit/streamBuffer.ts"

export type { Packet }

/** The longest here are order updates of some thousand bytes, and a client's SUBSCRIBE of a thousand topics. */
const MAX_PACKET_BYTES = 256 * 1024

const LENGTH_BYTES = 4

const PUBLISH = 3
/** By kind: what has another length is nonsense, which the library would take long to say. */
const LENGTHS: Readonly<Record<number, number>> = { 2: 2, 4: 2, 5: 2, 6: 2, 7: 2, 11: 2, 12: 0, 13: 0, 14: 0 }
const QOS = 0b110

const utf8 = new TextDecoder()

/** First bytes that a server may send: the kind of packet, and flags that are fixed for all but PUBLISH. */
export const FROM_SERVER: ReadonlySet<number> = new Set([
  0x20,
  ...Array.from({ length: 16 }, (_, flags) => 0x30 | flags).filter((byte) => (byte & 6) !== 6),
  0x40,
  0x50,
  0x62,
  0x70,
  0x90,
  0xb0,
  0xd0
])

/** The same of a client. */
export const FROM_CLIENT: ReadonlySet<number> = new Set([0x10, 0x30, 0x31, 0x40, 0x82, 0xa2, 0xc0, 0xe0])

export const packetBytes = (packet: Packet): Uint8Array => generate(packet)

export interface PacketSink {
  /** @param id of the packet, 0 where it asks for no answer. @param at where in the view its payload begins */
  readonly publish: (topic: string, id: number, view: DataView, at: number, length: number) => void
  /** Any other packet. */
  readonly packet: (packet: Packet) => void
  /** A packet of the right length with nonsense in it; the stream goes on behind it. */
  readonly malformed: (detail: string) => void
}

export class PacketReader {
  readonly #firstBytes: ReadonlySet<number>
  readonly #sink: PacketSink
  readonly #waiting = new StreamBuffer()
  readonly #frames = new FrameReader()
  #parser: Parser
  #packet: Packet | undefined
  #error: string | undefined

  /** @param firstBytes that the other side may send */
  constructor(firstBytes: ReadonlySet<number>, sink: PacketSink) {
    this.#firstBytes = firstBytes
    this.#sink = sink
    this.#parser = this.#makeParser()
  }

  #makeParser(): Parser {
    return parser({ protocolVersion: 4 })
      .on("packet", (packet) => {
        this.#packet = packet
      })
      .on("error", (error: unknown) => {
        this.#error = String(error)
      })
  }

  /** Returns why the stream is of no further use, where it is not; what is left of it is dropped then. */
  read(bytes: Uint8Array): string | undefined {
    const whole = this.#waiting.join(bytes)
    const view = this.#frames.view(whole)
    let at = 0
    let broken: string | undefined
    while (at < whole.length) {
      if (!this.#firstBytes.has(whole[at]!)) {
        broken = `no packet begins with 0x${whole[at]!.toString(16).padStart(2, "0")}`
        break
      }
      let size = 0
      let start = at + 1
      let byte = 0x80
      for (let unit = 1; byte >= 0x80 && start < whole.length && start <= at + LENGTH_BYTES; unit *= 0x80) {
        byte = whole[start++]!
        size += (byte & 0x7f) * unit
      }
      if (byte >= 0x80) {
        if (start <= at + LENGTH_BYTES) break
        broken = "a packet's length does not end"
        break
      }
      if (size > MAX_PACKET_BYTES) {
        broken = `a packet of ${size} bytes`
        break
      }
      const end = start + size
      if (end > whole.length) break
      const kind = whole[at]! >> 4
      if (kind === PUBLISH) this.#publish(whole, view, at, start, end)
      else if (size !== (LENGTHS[kind] ?? size))
        this.#sink.malformed(`a packet of kind ${kind} with ${size} bytes`)
      else this.#parse(whole.subarray(at, end))
      at = end
    }
    this.#waiting.keep(whole, broken === undefined ? at : whole.length)
    return broken
  }

  /** Topic, the packet's id where the sender waits for an answer, payload. */
  #publish(whole: Uint8Array, view: DataView, first: number, start: number, end: number): void {
    const asks = (whole[first]! & QOS) !== 0
    const topicEnd = start + 2 + (end < start + 2 ? 0 : view.getUint16(start))
    const at = asks ? topicEnd + 2 : topicEnd
    if (at > end || end < start + 2) return this.#sink.malformed("a PUBLISH that is shorter than its topic")
    const topic = utf8.decode(whole.subarray(start + 2, topicEnd))
    this.#sink.publish(topic, asks ? view.getUint16(topicEnd) : 0, view, at, end - at)
  }

  #parse(bytes: Uint8Array): void {
    this.#packet = undefined
    this.#error = undefined
    try {
      this.#parser.parse(bytes as Buffer)
    } catch (error) {
      // The library reads some fields without asking whether they are there.
      this.#parser = this.#makeParser()
      this.#error = String(error)
    }
    if (this.#error !== undefined) this.#sink.malformed(this.#error)
    else if (this.#packet !== undefined) this.#sink.packet(this.#packet)
  }
}
