/**
 * Ticks to the client's JSON text: the frame writer, and JSON.stringify of the finished object; and that text to
 * MessagePack: as the gateway does it, and the library's encoding of the finished object.
 */
import { Encoder, decode } from "@msgpack/msgpack"
import type { View } from "../../src/frame/marketFrame.ts"
import { topicOf } from "../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../src/frame/frameToJson.ts"
import { makeFrameToMsgpack } from "../../src/frame/frameToMsgpack.ts"
import { modeNumber } from "../../src/market/mode.ts"
import type { Tick } from "../../src/market/tick.ts"
import type { Contestant } from "../harness.ts"
import { WrongResult, keep } from "../harness.ts"
import { ticksOf } from "./decode.ts"
import type { Feed, Packet } from "./feeds.ts"
import { frameObject } from "./frameObject.ts"

export const USER = "asha"

/** The view of a reader that asked for what is subscribed. */
export const viewOf = ({ instrument, want }: Packet, broker: string): View => {
  const { exchange, symbol } = instrument
  return {
    topic: topicOf(USER, exchange, symbol, want.mode, want.depth),
    user: USER,
    broker,
    symbol,
    exchange,
    mode: want.mode,
    levels: want.depth
  }
}

/** @throws WrongResult */
export const expectPayload = (name: string, payload: Buffer, view: View, tick: Tick): void => {
  const wanted = JSON.stringify(frameObject(view, tick))
  const text = payload.toString()
  if (text !== wanted) throw new WrongResult(`${name}: the frame is ${text} instead of ${wanted}`)
}

export const serialiser = (feed: Feed): Contestant => {
  const ticks = ticksOf(feed)
  const views = feed.packets.map((p) => viewOf(p, feed.wire.broker.name))
  const writers = views.map(makeFrameWriter)
  return {
    name: "AlgoWays",
    ticks: 1,
    run: (operations) => {
      for (let i = 0, at = 0; i < operations; i++) {
        keep(writers[at]!(ticks[at]!))
        if (++at === ticks.length) at = 0
      }
      return operations
    },
    check: () => {
      for (const [i, tick] of ticks.entries()) {
        const { dataEnd, dataStart, payload } = writers[i]!(tick)
        const name = `serialise, ${feed.name}`
        expectPayload(name, payload, views[i]!, tick)
        const { data } = JSON.parse(payload.toString()) as { readonly data: unknown }
        if (payload.subarray(dataStart, dataEnd).toString() !== JSON.stringify(data)) {
          throw new WrongResult(`${name}: dataStart and dataEnd do not enclose the data`)
        }
      }
    }
  }
}

/** What the peers get for nothing. Through JSON once, so that the objects have no undefined fields to step over. */
const objectsOf = (ticks: ReadonlyArray<Tick>, views: ReadonlyArray<View>): ReadonlyArray<unknown> =>
  ticks.map((t, i) => JSON.parse(JSON.stringify(frameObject(views[i]!, t))) as unknown)

/** The peer has only to make bytes of the finished object. */
export const stringifier = (feed: Feed): Contestant => {
  const ticks = ticksOf(feed)
  const views = feed.packets.map((p) => viewOf(p, feed.wire.broker.name))
  const objects = objectsOf(ticks, views)
  return {
    name: "JSON.stringify",
    ticks: 1,
    run: (operations) => {
      for (let i = 0, at = 0; i < operations; i++) {
        keep(Buffer.from(JSON.stringify(objects[at])))
        if (++at === objects.length) at = 0
      }
      return operations
    },
    check: () => {
      for (const [i, object] of objects.entries()) {
        expectPayload(
          `JSON.stringify, ${feed.name}`,
          Buffer.from(JSON.stringify(object)),
          views[i]!,
          ticks[i]!
        )
      }
    }
  }
}

/** From the frame's JSON, which is what a gateway has. */
export const packer = (feed: Feed): Contestant => {
  const ticks = ticksOf(feed)
  const views = feed.packets.map((p) => viewOf(p, feed.wire.broker.name))
  const payloads = ticks.map((t, i) => makeFrameWriter(views[i]!)(t).payload)
  const packers = views.map(({ exchange, mode, symbol }) => {
    const names = { symbol, exchange, tag: modeNumber[mode] }
    return makeFrameToMsgpack(names, names)
  })
  return {
    name: "AlgoWays",
    ticks: 1,
    run: (operations) => {
      for (let i = 0, at = 0; i < operations; i++) {
        keep(packers[at]!(payloads[at]!))
        if (++at === payloads.length) at = 0
      }
      return operations
    },
    check: () => {
      const encoder = new Encoder()
      for (const [i, object] of objectsOf(ticks, views).entries()) {
        if (packers[i]!(payloads[i]!)?.equals(encoder.encode(object)) !== true) {
          throw new WrongResult(`serialise msgpack, ${feed.name}: not what the library makes of the frame`)
        }
      }
    }
  }
}

/** One encoder for all frames: the library's `encode` makes one, with its memory, at every call. */
export const libraryPacker = (feed: Feed): Contestant => {
  const ticks = ticksOf(feed)
  const views = feed.packets.map((p) => viewOf(p, feed.wire.broker.name))
  const objects = objectsOf(ticks, views)
  const encoder = new Encoder()
  return {
    name: "@msgpack/msgpack",
    ticks: 1,
    run: (operations) => {
      for (let i = 0, at = 0; i < operations; i++) {
        keep(encoder.encode(objects[at]))
        if (++at === objects.length) at = 0
      }
      return operations
    },
    check: () => {
      for (const [i, tick] of ticks.entries()) {
        const wanted = JSON.stringify(frameObject(views[i]!, tick))
        const text = JSON.stringify(decode(encoder.encode(objects[i])))
        if (text !== wanted)
          throw new WrongResult(`@msgpack/msgpack, ${feed.name}: ${text} instead of ${wanted}`)
      }
    }
  }
}
