import { beforeEach, describe, expect, it } from "vitest"
import type { Frame, View } from "../../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../../src/frame/frameWriter.ts"
import { Holdings } from "../../../src/gateway/topics/subscriptions.ts"
import type { Named } from "../../../src/gateway/messages/requestReader.ts"
import type { Parcel } from "../../../src/gateway/delivery/outboundFrame.ts"
import type { Member, Seat, Spelling } from "../../../src/gateway/topics/topics.ts"
import { Rooms } from "../../../src/gateway/topics/topics.ts"

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
const feed: Spelling = { symbol: "TCS", exchange: "NSE", tag: 3 }
const tick = {
  symbol: "TCS",
  exchange: "NSE",
  mode: "depth",
  received_time: 1764040501250,
  ltp: 3180,
  depth: { buy: [{ price: 3179.95, quantity: 120, orders: 3 }], sell: [] }
} as const
const frame = makeFrameWriter(view)(tick)

class Socket implements Member {
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
  deliver(_seat: Seat, { payload }: Parcel) {
    this.got.push(Buffer.from(payload).toString())
  }
}

describe("rooms", () => {
  let published: Array<readonly [string, string]>
  let rooms: Rooms
  beforeEach(() => {
    published = []
    rooms = new Rooms((name, payload) => published.push([name, Buffer.from(payload).toString()]))
  })

  it("pass the feed's text on unchanged, once, however many read it", () => {
    const [one, other] = [new Socket(), new Socket()]
    rooms.join(topic, feed, feed, one)
    rooms.join(topic, feed, feed, other)
    rooms.deliver(frame)
    expect(one.topics).toEqual(other.topics)
    expect(published).toEqual([[[...one.topics][0], frame.payload.toString()]])
    expect(rooms.framesOut).toBe(2)
    expect(rooms.bytesOut).toBe(2 * frame.payload.length)
  })

  it("publish nothing that nobody here reads", () => {
    rooms.deliver(frame)
    const socket = new Socket()
    rooms.leave(rooms.join(topic, feed, feed, socket))
    rooms.deliver(frame)
    expect(published).toEqual([])
    expect(socket.topics.size).toBe(0)
    expect(rooms.size).toBe(0)
  })

  it.each<[Spelling]>([
    [{ symbol: "TCS", exchange: "NSE", tag: 4 }],
    [{ symbol: "TCS:20", exchange: "NSE", tag: 3 }],
    [{ symbol: "TCS", exchange: "nse", tag: 3 }],
    [{ symbol: 'T"S\\:50', exchange: "NSE", tag: 4 }]
  ])("write a text of its own for %j", (spelling) => {
    const socket = new Socket()
    rooms.join(topic, feed, spelling, socket)
    rooms.join(topic, feed, spelling, new Socket())
    rooms.deliver(frame)
    expect(published.length).toBe(1)
    const [name, text] = published[0]!
    expect([...socket.topics]).toEqual([name])
    const original = JSON.parse(frame.payload.toString())
    const { symbol, exchange, tag } = spelling
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
    const plainSeat = rooms.join(topic, feed, feed, plain)
    const oddSeat = rooms.join(topic, feed, { ...feed, tag: 4 }, odd)
    rooms.deliver(frame)
    expect(published.map(([, text]) => JSON.parse(text).mode)).toEqual([3, 4])
    rooms.leave(oddSeat)
    rooms.deliver(frame)
    expect(published.length).toBe(3)
    rooms.leave(plainSeat)
    expect(rooms.size).toBe(0)
  })

  it("rewrite also a frame whose data begins differently", () => {
    const text =
      '{"type":"market_data","symbol":"TCS","exchange":"NSE","mode":3,"data":{"ltp":1,"symbol":"TCS"},"broker":"a"}'
    const start = text.indexOf('{"ltp"')
    const odd: Frame = {
      view,
      payload: Buffer.from(text),
      dataStart: start,
      dataEnd: text.indexOf("}") + 1,
      received: 0,
      exchanged: 0,
      published: 0
    }
    rooms.join(topic, feed, { ...feed, symbol: "TCS:20" }, new Socket())
    rooms.deliver(odd)
    expect(JSON.parse(published[0]![1])).toMatchObject({
      symbol: "TCS:20",
      data: { ltp: 1, symbol: "TCS:20", exchange: "NSE" }
    })
  })

  it("serve every spelling that is left, whichever went before it", () => {
    const spellings = [1, 2, 3, 4, 5].map((n): Spelling => ({ ...feed, exchange: " ".repeat(n) + "NSE" }))
    const seats = spellings.map((spelling) => rooms.join(topic, feed, spelling, new Socket()))
    for (const gone of [1, 4, 0]) rooms.leave(seats[gone]!)
    // Leaving twice takes nobody else out, neither who came under the same spelling meanwhile.
    const back = rooms.join(topic, feed, spellings[1]!, new Socket())
    rooms.leave(seats[4]!)
    rooms.deliver(frame)
    const read = published.map(([, text]) => (JSON.parse(text) as Spelling).exchange)
    expect(read.toSorted()).toEqual(["    NSE", "   NSE", "  NSE"])
    for (const seat of [back, seats[2]!, seats[3]!]) rooms.leave(seat)
    expect(rooms.size).toBe(0)
  })

  it("write to a solo reader directly and leave the topic to the others", () => {
    const solo = new Socket(true)
    const seat = rooms.join(topic, feed, feed, solo)
    rooms.deliver(frame)
    expect(published).toEqual([])
    expect(solo.got).toEqual([frame.payload.toString()])
    rooms.join(topic, feed, feed, new Socket())
    rooms.deliver(frame)
    expect(published.length).toBe(1)
    expect(solo.got.length).toBe(2)
    rooms.leave(seat)
    rooms.deliver(frame)
    expect(solo.got.length).toBe(2)
    expect(rooms.framesOut).toBe(1 + 2 + 1)
  })
})

describe("holdings", () => {
  const rooms = new Rooms(() => undefined)
  const named = (symbol: string, exchange = "NSE"): Named => ({
    ok: true,
    symbol,
    exchange,
    instrument: { symbol: symbol.replace(/:\d+$/, ""), exchange: exchange.toUpperCase() },
    suffixDepth: undefined
  })
  const hold = (holdings: Holdings, name: Named, tag: 1 | 2 | 3 | 4, level = 5) => {
    const mode = tag === 1 ? "ltp" : tag === 2 ? "quote" : "depth"
    const at = `${name.instrument.symbol}/${mode}/${level}`
    const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
    const seat = rooms.join(at, feed, spelling, new Socket())
    holdings.put({ ...spelling, topic: at, seat, name, mode, depth: level })
  }

  it("remove one mode or all of a name, and tell the feed what is gone", () => {
    const holdings = new Holdings()
    for (const tag of [1, 2, 3] as const) hold(holdings, named("TCS"), tag)
    expect(holdings.remove(named("TCS"), "quote").requests).toEqual([
      { symbol: "TCS", exchange: "NSE", mode: "quote" }
    ])
    expect(holdings.remove(named("INFY"), undefined)).toEqual({ holdings: [], requests: [] })
    const rest = holdings.remove(named("TCS"), undefined)
    expect(rest.holdings.map((h) => h.tag)).toEqual([1, 3])
    expect(rest.requests.map((r) => r.mode)).toEqual(["ltp", "depth"])
    expect(holdings.remove(named("TCS"), undefined)).toEqual({ holdings: [], requests: [] })
  })

  it("keep the feed's subscription until the last spelling of it goes", () => {
    const holdings = new Holdings()
    hold(holdings, named("TCS"), 3)
    hold(holdings, named("TCS:20"), 3, 20)
    hold(holdings, named("TCS", "nse"), 4)
    expect(holdings.remove(named("TCS"), "depth")).toMatchObject({
      holdings: [{ symbol: "TCS" }],
      requests: []
    })
    expect(holdings.remove(named("TCS:20"), undefined).requests).toEqual([])
    expect(holdings.remove(named("TCS", "nse"), "depth").requests).toEqual([
      { symbol: "TCS", exchange: "NSE", mode: "depth" }
    ])
  })

  it("hold a name once, whatever it is served as, and remove all that was ever held by it", () => {
    const holdings = new Holdings()
    const series = named("CENTRALBK-BE")
    const put = (servedAs: string | undefined, tag: 1 | 2) => {
      const symbol = servedAs ?? series.instrument.symbol
      const name = { ...series, instrument: { ...series.instrument, symbol } }
      const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
      const seat = rooms.join(name.instrument.symbol, feed, spelling, new Socket())
      const mode = tag === 1 ? "ltp" : "quote"
      const holding = { ...spelling, topic: name.instrument.symbol, seat, name, mode, depth: 5 } as const
      return holdings.put(holding)
    }
    expect([put("CENTRALBK", 1), put("CENTRALBK", 2)]).toEqual([undefined, undefined])
    expect(put(undefined, 2)).toEqual({ symbol: "CENTRALBK", exchange: "NSE", mode: "quote" })
    expect(holdings.count).toBe(2)
    expect([...holdings].map((h) => [h.topic, h.tag])).toEqual([
      ["CENTRALBK", 1],
      ["CENTRALBK-BE", 2]
    ])
    expect(holdings.find(series, 2)?.topic).toBe("CENTRALBK-BE")
    expect(holdings.find(series, 1)?.topic).toBe("CENTRALBK")
    expect(holdings.spellingsOf("NSE:CENTRALBK")).toEqual([{ symbol: "CENTRALBK-BE", exchange: "NSE" }])
    expect(holdings.remove(series, undefined).requests).toEqual([
      { symbol: "CENTRALBK", exchange: "NSE", mode: "ltp" },
      { symbol: "CENTRALBK-BE", exchange: "NSE", mode: "quote" }
    ])
    expect([holdings.count, holdings.size]).toEqual([0, 0])
  })

  it("give back the very records that were put in, which others know them by", () => {
    const holdings = new Holdings()
    const name = named("TCS")
    const spelling = { symbol: "TCS", exchange: "NSE", tag: 1 } as const
    const seat = rooms.join("TCS/ltp", feed, spelling, new Socket())
    const holding = { ...spelling, topic: "TCS/ltp", seat, name, mode: "ltp", depth: 5 } as const
    holdings.put(holding)
    expect(holdings.find(name, 1)).toBe(holding)
    expect([...holdings][0]).toBe(holding)
    expect(holdings.remove(name, undefined).holdings[0]).toBe(holding)
    holdings.put(holding)
    expect(holdings.clear().holdings[0]).toBe(holding)
  })

  it("hold a name once per mode number, whatever the book level", () => {
    const holdings = new Holdings()
    hold(holdings, named("TCS"), 3, 5)
    hold(holdings, named("TCS"), 3, 20)
    expect(holdings.find(named("TCS"), 3)?.topic).toBe("TCS/depth/20")
    hold(holdings, named("TCS"), 4, 5)
    expect(holdings.clear().holdings.map((h) => h.tag)).toEqual([3, 4])
    expect(holdings.clear()).toEqual({ holdings: [], requests: [] })
  })
})
