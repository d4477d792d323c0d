/**
 * Who gets a frame: for every topic that somebody here reads, its audiences.
 *
 * Nearly everybody reads a frame as the feed wrote it; uWebSockets.js fans it out by topic. Two kinds of readers
 * need more: who spelled the instrument or the mode differently (`TCS:20`, `nse`, mode 4) gets a text of its own,
 * made once per spelling and frame; and AmiBroker gets every frame in a write of its own (see `Member.solo`).
 */
import type { Frame } from "../bus/frame.ts"
import type { ModeTag } from "./protocol.ts"

/** A socket, as far as rooms need it. None of the calls may throw, also after the socket closed. */
export interface Member {
  /**
   * Wants every frame in a write of its own. AmiBroker's plugin reads one frame per receive and loses the others
   * when several arrive in one segment, which is how a fan-out by topic sends them.
   */
  readonly solo: boolean
  readonly joinTopic: (topic: string) => void
  readonly leaveTopic: (topic: string) => void
  readonly sendBytes: (payload: Uint8Array) => void
}

/** How a client spells what it reads. */
export interface Spelling {
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
}

/** Those who read the same text. */
interface Audience {
  /** The socket server's topic. */
  readonly topic: string
  members: number
  readonly solos: Set<Member>
}

interface Variant extends Audience {
  /** What the feed's text has from `data` on, and what this variant has from the start of the frame. */
  readonly feedHead: Buffer
  readonly head: Buffer
  readonly spelling: Spelling
}

interface Room {
  readonly topic: string
  readonly plain: Audience
  /** A small array: iterated for every frame. */
  readonly variants: Array<Variant>
}

/** A member's place in a room; needed to leave it. */
export interface Seat {
  readonly room: Room
  readonly audience: Audience
}

const audience = (topic: string): Audience => ({ topic, members: 0, solos: new Set() })

const dataHead = (symbol: string, exchange: string): string =>
  `{"symbol":${JSON.stringify(symbol)},"exchange":${JSON.stringify(exchange)}`

const frameHead = ({ symbol, exchange, tag }: Spelling): string => {
  const data = dataHead(symbol, exchange)
  return `{"type":"market_data",${data.slice(1)},"mode":${tag},"data":${data}`
}

export class Rooms {
  readonly #rooms = new Map<string, Room>()
  readonly #publish: (topic: string, payload: Uint8Array) => void
  /** Frames and bytes handed to sockets, each receiver counted. */
  framesOut = 0
  bytesOut = 0

  /** @param publish sends a text frame to every socket in the topic */
  constructor(publish: (topic: string, payload: Uint8Array) => void) {
    this.#publish = publish
  }

  get size(): number {
    return this.#rooms.size
  }

  /**
   * @param topic the topic of the feed's frames
   * @param feed how the feed spells the instrument and numbers the mode
   */
  join(topic: string, feed: Spelling, spelling: Spelling, member: Member): Seat {
    let room = this.#rooms.get(topic)
    if (room === undefined) {
      room = { topic, plain: audience(topic), variants: [] }
      this.#rooms.set(topic, room)
    }
    const seat = { room, audience: this.#audienceFor(room, feed, spelling) }
    seat.audience.members++
    if (member.solo) seat.audience.solos.add(member)
    else member.joinTopic(seat.audience.topic)
    return seat
  }

  leave({ room, audience }: Seat, member: Member): void {
    audience.members--
    if (member.solo) audience.solos.delete(member)
    else member.leaveTopic(audience.topic)
    if (audience.members > 0) return
    const at = room.variants.indexOf(audience as Variant)
    if (at >= 0) room.variants.splice(at, 1)
    if (room.plain.members === 0 && room.variants.length === 0) this.#rooms.delete(room.topic)
  }

  deliver(frame: Frame): void {
    const room = this.#rooms.get(frame.view.topic)
    // Read by a client of another gateway, or by one that left a moment ago.
    if (room === undefined) return
    if (room.plain.members > 0) this.#send(room.plain, frame.payload)
    for (const variant of room.variants) this.#send(variant, rewrite(frame, variant))
  }

  #send(audience: Audience, payload: Uint8Array): void {
    this.framesOut += audience.members
    this.bytesOut += audience.members * payload.length
    if (audience.members > audience.solos.size) this.#publish(audience.topic, payload)
    for (const solo of audience.solos) solo.sendBytes(payload)
  }

  #audienceFor(room: Room, feed: Spelling, spelling: Spelling): Audience {
    if (feed.symbol === spelling.symbol && feed.exchange === spelling.exchange && feed.tag === spelling.tag) {
      return room.plain
    }
    // A line feed is in no topic of the feed, so a variant's topic is never taken for one.
    const topic = `${room.topic}\n${spelling.tag}\n${spelling.exchange}\n${spelling.symbol}`
    let variant = room.variants.find((v) => v.topic === topic)
    if (variant === undefined) {
      variant = {
        ...audience(topic),
        feedHead: Buffer.from(dataHead(feed.symbol, feed.exchange)),
        head: Buffer.from(frameHead(spelling)),
        spelling
      }
      room.variants.push(variant)
    }
    return variant
  }
}

/** The frame's text in the variant's spelling. */
const rewrite = (frame: Frame, { feedHead, head, spelling }: Variant): Buffer => {
  const { payload, dataStart } = frame
  const end = dataStart + feedHead.length
  // The usual case: `data` begins with the two names, so all that differs is the start of the text.
  if (payload.compare(feedHead, 0, feedHead.length, dataStart, end) === 0) {
    return Buffer.concat([head, payload.subarray(end)])
  }
  const { symbol, exchange, tag } = spelling
  const whole = JSON.parse(payload.toString("utf8")) as { readonly data: object }
  return Buffer.from(
    JSON.stringify({ ...whole, symbol, exchange, mode: tag, data: { ...whole.data, symbol, exchange } })
  )
}
