/**
 * Who gets a frame: for every topic that somebody here reads, its audiences.
 *
 * Nearly everybody reads a frame as the feed wrote it; uWebSockets.js fans it out by topic. Who spelled the instrument
 * or the mode differently (`TCS:20`, `nse`, mode 4) or reads MessagePack gets bytes of its own, made once per audience
 * and frame. Who needs each frame handed to it (see `Member.wantsEach`) sits in the same audience beside the topic.
 */
import type { MarketFrame } from "../../frame/marketFrame.ts"
import type { Encoding } from "../delivery/encoding.ts"
import { toMsgpack } from "../delivery/encoding.ts"
import { makeFrameToMsgpack } from "../../frame/frameToMsgpack.ts"
import type { SlowPolicy } from "../delivery/outbox.ts"
import { OutboundFrame } from "../delivery/outboundFrame.ts"
import type { ModeTag } from "../messages/words.ts"

/** What a client chose for a subscription. */
export interface SubscriptionOptions {
  readonly slow: SlowPolicy
  /** At most one frame in so many ms; 0: every one. */
  readonly intervalMs: number
}

export const usualOptions: SubscriptionOptions = { slow: "conflate", intervalMs: 0 }

/** A socket, as far as rooms need it. None of the calls may throw, also after the socket closed. */
export interface Subscriber {
  readonly encoding: Encoding
  /** Wants a subscription's frames handed to it one by one, rather than by topic. */
  readonly wantsEach: (options: SubscriptionOptions) => boolean
  readonly joinTopic: (topic: string) => void
  readonly leaveTopic: (topic: string) => void
  readonly deliver: (topicSubscription: TopicSubscription, frame: OutboundFrame) => void
}

/** How a client spells what it reads. */
export interface RequestedName {
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
}

/** Those who read the same bytes. */
interface Rendition {
  /** The room and how they read the instrument in it. */
  readonly key: string
  /** Its place among the room's. */
  at: number
  /** The socket server's topic: short, because it is copied and hashed for every frame. */
  readonly topic: string
  readonly encoding: Encoding
  /** Those who read by topic. */
  byTopic: number
  readonly each: Set<TopicSubscription>
  /** What a frame is to them; undefined: as the feed wrote it. */
  readonly render: ((frame: MarketFrame) => Buffer) | undefined
}

interface Topic {
  /** The one of the feed's frames. */
  readonly name: string
  /** Of the last frame that went through. */
  received: number
  /** Nearly always one. An array: iterated for every frame. */
  readonly renditions: Array<Rendition>
}

/** A member's place in a room. */
export interface TopicSubscription {
  readonly topic: Topic
  readonly rendition: Rendition
  readonly subscriber: Subscriber
  readonly requested: RequestedName
  readonly options: SubscriptionOptions
  /** Whether it is among those who get each frame handed to them. */
  each: boolean
}

const dataHead = (symbol: string, exchange: string): string =>
  `{"symbol":${JSON.stringify(symbol)},"exchange":${JSON.stringify(exchange)}`

const frameHead = ({ symbol, exchange, tag }: RequestedName): string => {
  const data = dataHead(symbol, exchange)
  return `{"type":"market_data",${data.slice(1)},"mode":${tag},"data":${data}`
}

export class Topics {
  readonly #topics = new Map<string, Topic>()
  /** Of all rooms, by their keys. */
  readonly #renditions = new Map<string, Rendition>()
  readonly #publish: (topic: string, payload: Uint8Array, binary: boolean) => void
  #lastTopic = 0
  /** Frames and bytes handed to sockets, each receiver counted. */
  framesOut = 0
  bytesOut = 0

  /** @param publish sends a frame to every socket in the topic */
  constructor(publish: (topic: string, payload: Uint8Array, binary: boolean) => void) {
    this.#publish = publish
  }

  get size(): number {
    return this.#topics.size
  }

  /**
   * @param name the topic of the feed's frames
   * @param feed how the feed spells the instrument and numbers the mode
   */
  subscribe(
    name: string,
    feed: RequestedName,
    requested: RequestedName,
    subscriber: Subscriber,
    options: SubscriptionOptions = usualOptions
  ): TopicSubscription {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = { name, received: 0, renditions: [] }
      this.#topics.set(name, topic)
    }
    const rendition = this.#rendition(topic, feed, requested, subscriber.encoding)
    const topicSubscription: TopicSubscription = {
      topic,
      rendition,
      subscriber,
      requested,
      options,
      each: subscriber.wantsEach(options)
    }
    this.#attach(topicSubscription)
    return topicSubscription
  }

  unsubscribe(topicSubscription: TopicSubscription): void {
    this.#detach(topicSubscription)
    const { rendition, topic } = topicSubscription
    if (rendition.byTopic > 0 || rendition.each.size > 0) return
    // A seat that is left again finds its audience gone.
    if (this.#renditions.get(rendition.key) !== rendition) return
    this.#renditions.delete(rendition.key)
    const last = topic.renditions.pop()!
    if (last !== rendition) {
      topic.renditions[rendition.at] = last
      last.at = rendition.at
    }
    if (topic.renditions.length === 0) this.#topics.delete(topic.name)
  }

  /** The member may want its frames the other way now. */
  resubscribe(topicSubscription: TopicSubscription): void {
    const each = topicSubscription.subscriber.wantsEach(topicSubscription.options)
    if (each === topicSubscription.each) return
    this.#detach(topicSubscription)
    topicSubscription.each = each
    this.#attach(topicSubscription)
  }

  #attach(topicSubscription: TopicSubscription): void {
    const { rendition, each, subscriber } = topicSubscription
    if (each) rendition.each.add(topicSubscription)
    else {
      rendition.byTopic++
      subscriber.joinTopic(rendition.topic)
    }
  }

  #detach(topicSubscription: TopicSubscription): void {
    const { rendition, each, subscriber } = topicSubscription
    if (each) rendition.each.delete(topicSubscription)
    else {
      rendition.byTopic--
      subscriber.leaveTopic(rendition.topic)
    }
  }

  #rendition(topic: Topic, feed: RequestedName, requested: RequestedName, encoding: Encoding): Rendition {
    const { exchange, symbol, tag } = requested
    // Names may hold any character: lengths tell where one ends.
    const key = `${encoding}${tag}:${exchange.length}:${symbol.length}:${exchange}${symbol}${topic.name}`
    const known = this.#renditions.get(key)
    if (known !== undefined) return known
    const plain =
      feed.symbol === requested.symbol && feed.exchange === requested.exchange && feed.tag === requested.tag
    const text = plain ? undefined : rewriter(feed, requested)
    const rendition: Rendition = {
      key,
      at: topic.renditions.length,
      topic: String(++this.#lastTopic),
      encoding,
      byTopic: 0,
      each: new Set(),
      render: encoding === "json" ? text : packer(feed, requested, text)
    }
    topic.renditions.push(rendition)
    this.#renditions.set(key, rendition)
    return rendition
  }

  deliver(frame: MarketFrame): void {
    const topic = this.#topics.get(frame.view.topic)
    // Read by a client of another gateway, or by one that left a moment ago.
    if (topic === undefined) return
    topic.received = frame.received
    for (const rendition of topic.renditions) {
      const { byTopic, each, encoding, render } = rendition
      const payload = render === undefined ? frame.payload : render(frame)
      const readers = byTopic + each.size
      this.framesOut += readers
      this.bytesOut += readers * payload.length
      if (byTopic > 0) this.#publish(rendition.topic, payload, encoding === "msgpack")
      if (each.size > 0) {
        const outbound = new OutboundFrame(payload, frame)
        for (const subscription of each) subscription.subscriber.deliver(subscription, outbound)
      }
    }
  }
}

/**
 * What a known tick is to a seat that was taken before it was asked for; undefined when the seat has been served a newer
 * one meanwhile.
 */
export const snapshotFor = (
  { rendition, topic }: TopicSubscription,
  frame: MarketFrame
): Uint8Array | undefined => {
  if (topic.received > frame.received) return undefined
  return rendition.render === undefined ? frame.payload : rendition.render(frame)
}

/** Writes a frame in MessagePack; `text` spells it as its reader does, where that is not as the feed does. */
const packer = (
  feed: RequestedName,
  requested: RequestedName,
  text: ((frame: MarketFrame) => Buffer) | undefined
): ((frame: MarketFrame) => Buffer) => {
  const pack = makeFrameToMsgpack(feed, requested)
  return (frame) => pack(frame.payload) ?? toMsgpack((text?.(frame) ?? frame.payload).toString("utf8"))
}

/** Writes a frame's text in another spelling. */
const rewriter = (feed: RequestedName, requested: RequestedName): ((frame: MarketFrame) => Buffer) => {
  const feedHead = Buffer.from(dataHead(feed.symbol, feed.exchange))
  const head = Buffer.from(frameHead(requested))
  const { symbol, exchange, tag } = requested
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
