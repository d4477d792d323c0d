/**
 * Who gets a frame: for every topic that somebody here reads, its audiences.
 *
 * Nearly everybody reads a frame as the feed wrote it; uWebSockets.js fans it out by topic. Who spelled the instrument
 * or the mode differently (`TCS:20`, `nse`, mode 4) or reads MessagePack gets bytes of its own, made once per audience
 * and frame. Who needs each frame handed to it (see `Member.wantsEach`) sits in the same audience beside the topic.
 */
import type { Frame } from "../../frame/marketFrame.ts"
import type { Encoding } from "../delivery/encoding.ts"
import { toMsgpack } from "../delivery/encoding.ts"
import { makeFrameToMsgpack } from "../../frame/frameToMsgpack.ts"
import type { SlowPolicy } from "../delivery/outbox.ts"
import { Parcel } from "../delivery/outboundFrame.ts"
import type { ModeTag } from "../messages/requestReader.ts"

/** What a client chose for a subscription. */
export interface Terms {
  readonly slow: SlowPolicy
  /** At most one frame in so many ms; 0: every one. */
  readonly intervalMs: number
}

export const usualTerms: Terms = { slow: "conflate", intervalMs: 0 }

/** A socket, as far as rooms need it. None of the calls may throw, also after the socket closed. */
export interface Member {
  readonly encoding: Encoding
  /** Wants a subscription's frames handed to it one by one, rather than by topic. */
  readonly wantsEach: (terms: Terms) => boolean
  readonly joinTopic: (topic: string) => void
  readonly leaveTopic: (topic: string) => void
  readonly deliver: (seat: Seat, parcel: Parcel) => void
}

/** How a client spells what it reads. */
export interface Spelling {
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
}

/** Those who read the same bytes. */
interface Audience {
  /** The room and how they read the instrument in it. */
  readonly key: string
  /** Its place among the room's. */
  at: number
  /** The socket server's topic: short, because it is copied and hashed for every frame. */
  readonly topic: string
  readonly encoding: Encoding
  /** Those who read by topic. */
  byTopic: number
  readonly each: Set<Seat>
  /** What a frame is to them; undefined: as the feed wrote it. */
  readonly render: ((frame: Frame) => Buffer) | undefined
}

interface Room {
  readonly topic: string
  /** Of the last frame that went through. */
  received: number
  /** Nearly always one. An array: iterated for every frame. */
  readonly audiences: Array<Audience>
}

/** A member's place in a room. */
export interface Seat {
  readonly room: Room
  readonly audience: Audience
  readonly member: Member
  readonly spelling: Spelling
  readonly terms: Terms
  /** Whether it is among those who get each frame handed to them. */
  each: boolean
}

const dataHead = (symbol: string, exchange: string): string =>
  `{"symbol":${JSON.stringify(symbol)},"exchange":${JSON.stringify(exchange)}`

const frameHead = ({ symbol, exchange, tag }: Spelling): string => {
  const data = dataHead(symbol, exchange)
  return `{"type":"market_data",${data.slice(1)},"mode":${tag},"data":${data}`
}

export class Rooms {
  readonly #rooms = new Map<string, Room>()
  /** Of all rooms, by their keys. */
  readonly #audiences = new Map<string, Audience>()
  readonly #publish: (topic: string, payload: Uint8Array, binary: boolean) => void
  #topics = 0
  /** Frames and bytes handed to sockets, each receiver counted. */
  framesOut = 0
  bytesOut = 0

  /** @param publish sends a frame to every socket in the topic */
  constructor(publish: (topic: string, payload: Uint8Array, binary: boolean) => void) {
    this.#publish = publish
  }

  get size(): number {
    return this.#rooms.size
  }

  /**
   * @param topic the topic of the feed's frames
   * @param feed how the feed spells the instrument and numbers the mode
   */
  join(topic: string, feed: Spelling, spelling: Spelling, member: Member, terms: Terms = usualTerms): Seat {
    let room = this.#rooms.get(topic)
    if (room === undefined) {
      room = { topic, received: 0, audiences: [] }
      this.#rooms.set(topic, room)
    }
    const audience = this.#audience(room, feed, spelling, member.encoding)
    const seat: Seat = { room, audience, member, spelling, terms, each: member.wantsEach(terms) }
    this.#sit(seat)
    return seat
  }

  leave(seat: Seat): void {
    this.#stand(seat)
    const { audience, room } = seat
    if (audience.byTopic > 0 || audience.each.size > 0) return
    // A seat that is left again finds its audience gone.
    if (this.#audiences.get(audience.key) !== audience) return
    this.#audiences.delete(audience.key)
    const last = room.audiences.pop()!
    if (last !== audience) {
      room.audiences[audience.at] = last
      last.at = audience.at
    }
    if (room.audiences.length === 0) this.#rooms.delete(room.topic)
  }

  /** The member may want its frames the other way now. */
  reseat(seat: Seat): void {
    const each = seat.member.wantsEach(seat.terms)
    if (each === seat.each) return
    this.#stand(seat)
    seat.each = each
    this.#sit(seat)
  }

  #sit(seat: Seat): void {
    const { audience, each, member } = seat
    if (each) audience.each.add(seat)
    else {
      audience.byTopic++
      member.joinTopic(audience.topic)
    }
  }

  #stand(seat: Seat): void {
    const { audience, each, member } = seat
    if (each) audience.each.delete(seat)
    else {
      audience.byTopic--
      member.leaveTopic(audience.topic)
    }
  }

  #audience(room: Room, feed: Spelling, spelling: Spelling, encoding: Encoding): Audience {
    const { exchange, symbol, tag } = spelling
    // Names may hold any character: lengths tell where one ends.
    const key = `${encoding}${tag}:${exchange.length}:${symbol.length}:${exchange}${symbol}${room.topic}`
    const known = this.#audiences.get(key)
    if (known !== undefined) return known
    const plain =
      feed.symbol === spelling.symbol && feed.exchange === spelling.exchange && feed.tag === spelling.tag
    const text = plain ? undefined : rewriter(feed, spelling)
    const audience: Audience = {
      key,
      at: room.audiences.length,
      topic: String(++this.#topics),
      encoding,
      byTopic: 0,
      each: new Set(),
      render: encoding === "json" ? text : packer(feed, spelling, text)
    }
    room.audiences.push(audience)
    this.#audiences.set(key, audience)
    return audience
  }

  deliver(frame: Frame): void {
    const room = this.#rooms.get(frame.view.topic)
    // Read by a client of another gateway, or by one that left a moment ago.
    if (room === undefined) return
    room.received = frame.received
    for (const audience of room.audiences) {
      const { byTopic, each, encoding, render, topic } = audience
      const payload = render === undefined ? frame.payload : render(frame)
      const readers = byTopic + each.size
      this.framesOut += readers
      this.bytesOut += readers * payload.length
      if (byTopic > 0) this.#publish(topic, payload, encoding === "msgpack")
      if (each.size > 0) {
        const parcel = new Parcel(payload, frame)
        for (const seat of each) seat.member.deliver(seat, parcel)
      }
    }
  }
}

/**
 * What a known tick is to a seat that was taken before it was asked for; undefined when the seat has been served a newer
 * one meanwhile.
 */
export const snapshotFor = ({ audience, room }: Seat, frame: Frame): Uint8Array | undefined => {
  if (room.received > frame.received) return undefined
  return audience.render === undefined ? frame.payload : audience.render(frame)
}

/** Writes a frame in MessagePack; `text` spells it as its reader does, where that is not as the feed does. */
const packer = (
  feed: Spelling,
  spelling: Spelling,
  text: ((frame: Frame) => Buffer) | undefined
): ((frame: Frame) => Buffer) => {
  const pack = makeFrameToMsgpack(feed, spelling)
  return (frame) => pack(frame.payload) ?? toMsgpack((text?.(frame) ?? frame.payload).toString("utf8"))
}

/** Writes a frame's text in another spelling. */
const rewriter = (feed: Spelling, spelling: Spelling): ((frame: Frame) => Buffer) => {
  const feedHead = Buffer.from(dataHead(feed.symbol, feed.exchange))
  const head = Buffer.from(frameHead(spelling))
  const { symbol, exchange, tag } = spelling
  return ({ dataStart, payload }) => {
    const end = dataStart + feedHead.length
    // The usual case: `data` begins with the two names, so all that differs is the start of the text.
    if (payload.compare(feedHead, 0, feedHead.length, dataStart, end) === 0) {
      return Buffer.concat([head, payload.subarray(end)])
    }
    const whole = JSON.parse(payload.toString("utf8")) as { readonly data: object }
    return Buffer.from(
      JSON.stringify({ ...whole, symbol, exchange, mode: tag, data: { ...whole.data, symbol, exchange } })
    )
  }
}
