/**
 * The topics that clients of this gateway subscribe to. Each topic has one rendition for each form in which clients read it.
 *
 * Most clients read a frame as the feed wrote it, and uWebSockets.js fans it out by topic. Clients that requested the
 * instrument or the mode by another name (`TCS:20`, `nse`, mode 4) or read MessagePack get other bytes, made once per
 * rendition and frame. Clients that need each frame handed to them (see `Subscriber.wantsEach`) share the rendition.
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
  /** At most one frame per interval, in ms; 0: every frame. */
  readonly intervalMs: number
}

export const usualOptions: SubscriptionOptions = { slow: "conflate", intervalMs: 0 }

/** The part of a socket that topics need. No call may throw, even after the socket closed. */
export interface Subscriber {
  readonly encoding: Encoding
  /** True if the subscription's frames are handed over one by one, not by topic. */
  readonly wantsEach: (options: SubscriptionOptions) => boolean
  readonly joinTopic: (topic: string) => void
  readonly leaveTopic: (topic: string) => void
  readonly deliver: (topicSubscription: TopicSubscription, frame: OutboundFrame) => void
}

/** The name and mode number by which a client requested an instrument. */
export interface RequestedName {
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
}

/** One form of a topic's frames, and the subscribers that read these bytes. */
interface Rendition {
  /** Made of the topic, the encoding, the mode number and the requested name. */
  readonly key: string
  /** Its index in `Topic.renditions`. */
  at: number
  /** The socket server's topic: short, because it is copied and hashed for every frame. */
  readonly topic: string
  readonly encoding: Encoding
  /** How many subscribers read by topic. */
  byTopic: number
  readonly each: Set<TopicSubscription>
  /** Makes the bytes from a frame; undefined: they are as the feed wrote them. */
  readonly render: ((frame: MarketFrame) => Buffer) | undefined
}

interface Topic {
  /** The topic of the feed's frames. */
  readonly name: string
  /** `received` of the last frame. */
  received: number
  /** Nearly always one. An array: iterated for every frame. */
  readonly renditions: Array<Rendition>
}

/** One subscriber's subscription to a topic. */
export interface TopicSubscription {
  readonly topic: Topic
  readonly rendition: Rendition
  readonly subscriber: Subscriber
  readonly requested: RequestedName
  readonly options: SubscriptionOptions
  /** True if each frame is handed over to it; false if it reads by topic. */
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
  /** Of all topics, by key. */
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
   * @param feed the feed's own name and mode number of the instrument
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
    // A second call for the same subscription: the rendition is gone.
    if (this.#renditions.get(rendition.key) !== rendition) return
    this.#renditions.delete(rendition.key)
    const last = topic.renditions.pop()!
    if (last !== rendition) {
      topic.renditions[rendition.at] = last
      last.at = rendition.at
    }
    if (topic.renditions.length === 0) this.#topics.delete(topic.name)
  }

  /** Asks the subscriber again whether it wants each frame, and moves the subscription if that has changed. */
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
    const text = plain ? undefined : jsonRenderer(feed, requested)
    const rendition: Rendition = {
      key,
      at: topic.renditions.length,
      topic: String(++this.#lastTopic),
      encoding,
      byTopic: 0,
      each: new Set(),
      render: encoding === "json" ? text : msgpackRenderer(feed, requested, text)
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

/** The bytes of the last known tick for a new subscription; undefined when its topic has delivered a newer tick meanwhile. */
export const snapshotFor = (
  { rendition, topic }: TopicSubscription,
  frame: MarketFrame
): Uint8Array | undefined => {
  if (topic.received > frame.received) return undefined
  return rendition.render === undefined ? frame.payload : rendition.render(frame)
}

/** Writes a frame in MessagePack. `text` writes it with the requested name, where that differs from the feed's. */
const msgpackRenderer = (
  feed: RequestedName,
  requested: RequestedName,
  text: ((frame: MarketFrame) => Buffer) | undefined
): ((frame: MarketFrame) => Buffer) => {
  const pack = makeFrameToMsgpack(feed, requested)
  return (frame) => pack(frame.payload) ?? toMsgpack((text?.(frame) ?? frame.payload).toString("utf8"))
}

/** Writes a frame's text with the requested name. */
const jsonRenderer = (feed: RequestedName, requested: RequestedName): ((frame: MarketFrame) => Buffer) => {
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
