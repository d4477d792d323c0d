import { beforeEach, describe, expect, it } from "vitest"
import type { MarketFrame, View } from "../../../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../../../src/frame/frameToJson.ts"
import { ClientSubscriptions } from "../../../../src/gateway/topics/subscriptions.ts"
import type { Named } from "../../../../src/gateway/messages/requestReader.ts"
import type { OutboundFrame } from "../../../../src/gateway/delivery/outboundFrame.ts"
import type { Subscriber, TopicSubscription, RequestedName } from "../../../../src/gateway/topics/fanOut.ts"
import { Topics } from "../../../../src/gateway/topics/fanOut.ts"

const topic = "asha/NSE:TCS/depth/5"
const view: View = {
  topic,
  user: "asha",
  broker: "alpha",
  symbol: "TCS",
  exchange: "NSE",
  mode: "depth",
  levels: 5
}
const feed: RequestedName = { symbol: "TCS", exchange: "NSE", tag: 3 }
const tick = {
  symbol: "TCS",
  exchange: "NSE",
  mode: "depth",
  received_time: 1764040501250,
  ltp: 3180,
  depth: { buy: [{ price: 3179.95, quantity: 120, orders: 3 }], sell: [] }
} as const
const frame = makeFrameWriter(view)(tick)

class Socket implements Subscriber {
  readonly encoding = "json"
  readonly solo: boolean
  readonly topics = new Set<string>()
  readonly got: Array<string> = []
  constructor(solo = false) {
    this.solo = solo
  }
  joinTopic(name: string) {
    this.topics.add(name)
  }
  leaveTopic(name: string) {
    this.topics.delete(name)
  }
  wantsEach() {
    return this.solo
  }
  deliver(_seat: TopicSubscription, { payload }: OutboundFrame) {
    this.got.push(Buffer.from(payload).toString())
  }
}

describe("topics", () => {
  let published: Array<readonly [string, string]>
  let topics: Topics
  beforeEach(() => {
    published = []
    topics = new Topics((name, payload) => published.push([name, Buffer.from(payload).toString()]))
  })

  it("pass the feed's text on unchanged, once, however many read it", () => {
    const [one, other] = [new Socket(), new Socket()]
    topics.subscribe(topic, feed, feed, one)
    topics.subscribe(topic, feed, feed, other)
    topics.deliver(frame)
    expect(one.topics).toEqual(other.topics)
    expect(published).toEqual([[[...one.topics][0], frame.payload.toString()]])
    expect(topics.framesOut).toBe(2)
    expect(topics.bytesOut).toBe(2 * frame.payload.length)
  })

  it("publish nothing without a reader here", () => {
    topics.deliver(frame)
    const socket = new Socket()
    topics.unsubscribe(topics.subscribe(topic, feed, feed, socket))
    topics.deliver(frame)
    expect(published).toEqual([])
    expect(socket.topics.size).toBe(0)
    expect(topics.size).toBe(0)
  })

  it.each<[RequestedName]>([
    [{ symbol: "TCS", exchange: "NSE", tag: 4 }],
    [{ symbol: "TCS:20", exchange: "NSE", tag: 3 }],
    [{ symbol: "TCS", exchange: "nse", tag: 3 }],
    [{ symbol: 'T"S\\:50', exchange: "NSE", tag: 4 }]
  ])("write a text of its own for %j", (requested) => {
    const socket = new Socket()
    topics.subscribe(topic, feed, requested, socket)
    topics.subscribe(topic, feed, requested, new Socket())
    topics.deliver(frame)
    expect(published.length).toBe(1)
    const [name, text] = published[0]!
    expect([...socket.topics]).toEqual([name])
    const original = JSON.parse(frame.payload.toString())
    const { symbol, exchange, tag } = requested
    expect(JSON.parse(text)).toEqual({
      ...original,
      symbol,
      exchange,
      mode: tag,
      data: { ...original.data, symbol, exchange }
    })
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(original))
  })

  it("keep variants apart from the plain text and forget them with their last reader", () => {
    const plain = new Socket()
    const odd = new Socket()
    const plainSeat = topics.subscribe(topic, feed, feed, plain)
    const oddSeat = topics.subscribe(topic, feed, { ...feed, tag: 4 }, odd)
    topics.deliver(frame)
    expect(published.map(([, text]) => JSON.parse(text).mode)).toEqual([3, 4])
    topics.unsubscribe(oddSeat)
    topics.deliver(frame)
    expect(published.length).toBe(3)
    topics.unsubscribe(plainSeat)
    expect(topics.size).toBe(0)
  })

  it("rewrite also a frame whose data begins differently", () => {
    const text =
      '{"type":"market_data","symbol":"TCS","exchange":"NSE","mode":3,"data":{"ltp":1,"symbol":"TCS"},"broker":"a"}'
    const start = text.indexOf('{"ltp"')
    const odd: MarketFrame = {
      view,
      payload: Buffer.from(text),
      dataStart: start,
      dataEnd: text.indexOf("}") + 1,
      received: 0,
      exchanged: 0,
      published: 0
    }
    topics.subscribe(topic, feed, { ...feed, symbol: "TCS:20" }, new Socket())
    topics.deliver(odd)
    expect(JSON.parse(published[0]![1])).toMatchObject({
      symbol: "TCS:20",
      data: { ltp: 1, symbol: "TCS:20", exchange: "NSE" }
    })
  })

  it("serve each remaining name, whichever left before it", () => {
    const spellings = [1, 2, 3, 4, 5].map((n): RequestedName => ({
      ...feed,
      exchange: " ".repeat(n) + "NSE"
    }))
    const topicSubscriptions = spellings.map((requested) =>
      topics.subscribe(topic, feed, requested, new Socket())
    )
    for (const gone of [1, 4, 0]) topics.unsubscribe(topicSubscriptions[gone]!)
    // Leaving twice takes nobody else out, neither who came under the same spelling meanwhile.
    const back = topics.subscribe(topic, feed, spellings[1]!, new Socket())
    topics.unsubscribe(topicSubscriptions[4]!)
    topics.deliver(frame)
    const read = published.map(([, text]) => (JSON.parse(text) as RequestedName).exchange)
    expect(read.toSorted()).toEqual(["    NSE", "   NSE", "  NSE"])
    for (const topicSubscription of [back, topicSubscriptions[2]!, topicSubscriptions[3]!])
      topics.unsubscribe(topicSubscription)
    expect(topics.size).toBe(0)
  })

  it("write to a solo reader directly and leave the topic to the others", () => {
    const solo = new Socket(true)
    const topicSubscription = topics.subscribe(topic, feed, feed, solo)
    topics.deliver(frame)
    expect(published).toEqual([])
    expect(solo.got).toEqual([frame.payload.toString()])
    topics.subscribe(topic, feed, feed, new Socket())
    topics.deliver(frame)
    expect(published.length).toBe(1)
    expect(solo.got.length).toBe(2)
    topics.unsubscribe(topicSubscription)
    topics.deliver(frame)
    expect(solo.got.length).toBe(2)
    expect(topics.framesOut).toBe(1 + 2 + 1)
  })
})

describe("client subscriptions", () => {
  const topics = new Topics(() => undefined)
  const named = (symbol: string, exchange = "NSE"): Named => ({
    ok: true,
    symbol,
    exchange,
    instrument: { symbol: symbol.replace(/:\d+$/, ""), exchange: exchange.toUpperCase() },
    suffixDepth: undefined
  })
  const hold = (subscriptions: ClientSubscriptions, name: Named, tag: 1 | 2 | 3 | 4, level = 5) => {
    const mode = tag === 1 ? "ltp" : tag === 2 ? "quote" : "depth"
    const at = `${name.instrument.symbol}/${mode}/${level}`
    const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
    const topicSubscription = topics.subscribe(at, feed, spelling, new Socket())
    subscriptions.put({ ...spelling, topic: at, topicSubscription, name, mode, depth: level })
  }

  it("remove one mode or all of a name, and return what the feed must unsubscribe", () => {
    const subscriptions = new ClientSubscriptions()
    for (const tag of [1, 2, 3] as const) hold(subscriptions, named("TCS"), tag)
    expect(subscriptions.remove(named("TCS"), "quote").requests).toEqual([
      { symbol: "TCS", exchange: "NSE", mode: "quote" }
    ])
    expect(subscriptions.remove(named("INFY"), undefined)).toEqual({ subscriptions: [], requests: [] })
    const rest = subscriptions.remove(named("TCS"), undefined)
    expect(rest.subscriptions.map((h) => h.tag)).toEqual([1, 3])
    expect(rest.requests.map((r) => r.mode)).toEqual(["ltp", "depth"])
    expect(subscriptions.remove(named("TCS"), undefined)).toEqual({ subscriptions: [], requests: [] })
  })

  it("keep the feed's subscription until its last name goes", () => {
    const subscriptions = new ClientSubscriptions()
    hold(subscriptions, named("TCS"), 3)
    hold(subscriptions, named("TCS:20"), 3, 20)
    hold(subscriptions, named("TCS", "nse"), 4)
    expect(subscriptions.remove(named("TCS"), "depth")).toMatchObject({
      subscriptions: [{ symbol: "TCS" }],
      requests: []
    })
    expect(subscriptions.remove(named("TCS:20"), undefined).requests).toEqual([])
    expect(subscriptions.remove(named("TCS", "nse"), "depth").requests).toEqual([
      { symbol: "TCS", exchange: "NSE", mode: "depth" }
    ])
  })

  it("have a name once, whatever instrument it stands for, and remove all of its subscriptions", () => {
    const subscriptions = new ClientSubscriptions()
    const series = named("CENTRALBK-BE")
    const put = (servedAs: string | undefined, tag: 1 | 2) => {
      const symbol = servedAs ?? series.instrument.symbol
      const name = { ...series, instrument: { ...series.instrument, symbol } }
      const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
      const topicSubscription = topics.subscribe(name.instrument.symbol, feed, spelling, new Socket())
      const mode = tag === 1 ? "ltp" : "quote"
      const holding = {
        ...spelling,
        topic: name.instrument.symbol,
        topicSubscription,
        name,
        mode,
        depth: 5
      } as const
      return subscriptions.put(holding)
    }
    expect([put("CENTRALBK", 1), put("CENTRALBK", 2)]).toEqual([undefined, undefined])
    expect(put(undefined, 2)).toEqual({ symbol: "CENTRALBK", exchange: "NSE", mode: "quote" })
    expect(subscriptions.count).toBe(2)
    expect([...subscriptions].map((h) => [h.topic, h.tag])).toEqual([
      ["CENTRALBK", 1],
      ["CENTRALBK-BE", 2]
    ])
    expect(subscriptions.find(series, 2)?.topic).toBe("CENTRALBK-BE")
    expect(subscriptions.find(series, 1)?.topic).toBe("CENTRALBK")
    expect(subscriptions.namesOf("NSE:CENTRALBK")).toEqual([{ symbol: "CENTRALBK-BE", exchange: "NSE" }])
    expect(subscriptions.remove(series, undefined).requests).toEqual([
      { symbol: "CENTRALBK", exchange: "NSE", mode: "ltp" },
      { symbol: "CENTRALBK-BE", exchange: "NSE", mode: "quote" }
    ])
    expect([subscriptions.count, subscriptions.size]).toEqual([0, 0])
  })

  it("return the same objects that were put in, since others refer to them", () => {
    const subscriptions = new ClientSubscriptions()
    const name = named("TCS")
    const spelling = { symbol: "TCS", exchange: "NSE", tag: 1 } as const
    const topicSubscription = topics.subscribe("TCS/ltp", feed, spelling, new Socket())
    const holding = { ...spelling, topic: "TCS/ltp", topicSubscription, name, mode: "ltp", depth: 5 } as const
    subscriptions.put(holding)
    expect(subscriptions.find(name, 1)).toBe(holding)
    expect([...subscriptions][0]).toBe(holding)
    expect(subscriptions.remove(name, undefined).subscriptions[0]).toBe(holding)
    subscriptions.put(holding)
    expect(subscriptions.clear().subscriptions[0]).toBe(holding)
  })

  it("have a name once per mode number, whatever the depth levels", () => {
    const subscriptions = new ClientSubscriptions()
    hold(subscriptions, named("TCS"), 3, 5)
    hold(subscriptions, named("TCS"), 3, 20)
    expect(subscriptions.find(named("TCS"), 3)?.topic).toBe("TCS/depth/20")
    hold(subscriptions, named("TCS"), 4, 5)
    expect(subscriptions.clear().subscriptions.map((h) => h.tag)).toEqual([3, 4])
    expect(subscriptions.clear()).toEqual({ subscriptions: [], requests: [] })
  })
})
