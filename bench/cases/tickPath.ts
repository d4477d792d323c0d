/** The stages of the tick path, one group of comparable cases each. */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import { makeConflatingQueue } from "../../src/bus/conflatingQueue.ts"
import type { Frame, View } from "../../src/bus/frame.ts"
import { makeFrameWriter } from "../../src/bus/frameWriter.ts"
import type { Mode } from "../../src/market/mode.ts"
import { modeBit } from "../../src/market/mode.ts"
import type { Tick } from "../../src/market/tick.ts"
import type { Codec, Sink } from "../../src/protocols/protocol.ts"
import { isTick } from "../../src/session/guard.ts"
import type { Timed } from "../harness.ts"
import { sinkhole } from "../harness.ts"
import type { PacketKind } from "../packets.ts"
import type { Peer } from "../peers.ts"

export interface Group {
  readonly name: string
  readonly ours: Timed
  readonly peer?: Timed
  /** How many times as fast as the peer we want to be. */
  readonly goal?: number
}

const RECEIVED = 1_767_590_000_000

interface Collector {
  readonly sink: Sink
  last: Tick | undefined
  ticks: number
}

const collector = (accept: (tick: Tick) => boolean): Collector => {
  const c: Collector = {
    last: undefined,
    ticks: 0,
    sink: {
      tick: (_, tick) => {
        if (!accept(tick)) return
        c.last = tick
        c.ticks++
      },
      reject: (cause, detail) => assert.fail(`${cause}: ${detail}`),
      event: (event) => assert.fail(JSON.stringify(event))
    }
  }
  return c
}

const decodeTimed = (name: string, kind: PacketKind, accept: (tick: Tick) => boolean): Timed => {
  const codec = kind.codec()
  const { frames } = kind
  const c = collector(accept)
  return {
    name,
    run: (n) => {
      for (let i = 0; i < n; i++) codec.decode(frames[i % frames.length]!, RECEIVED, c.sink)
      sinkhole.value = c.last
    },
    check: () => checkDecode(kind, codec)
  }
}

/** Every frame becomes one good tick with the market's own values. */
const checkDecode = (kind: PacketKind, codec: Codec): void => {
  kind.frames.forEach((frame, i) => {
    const c = collector(isTick)
    codec.decode(frame, RECEIVED, c.sink)
    assert.equal(c.ticks, 1)
    const state = kind.states[i]!
    const tick = c.last!
    assert.equal(tick.symbol, state.symbol)
    if (tick.ltp !== undefined) assert.equal(tick.ltp, state.ltp)
    if (tick.volume !== undefined) assert.equal(tick.volume, state.volume)
    if (tick.depth !== undefined)
      assert.deepEqual(tick.depth.buy, state.depth!.buy.slice(0, tick.depth.buy.length))
  })
}

const peerTimed = (kind: PacketKind, peer: Peer): Timed => {
  const prepared = kind.frames.map(peer.prepare)
  return {
    name: peer.name,
    run: (n) => {
      for (let i = 0; i < n; i++) sinkhole.value = peer.parse(prepared[i % prepared.length])
    },
    check: () =>
      prepared.forEach((p, i) => {
        const ltp = peer.ltp(peer.parse(p), kind.divisor)
        if (ltp !== undefined) assert.equal(ltp, kind.states[i]!.ltp)
      })
  }
}

const ticksOf = (kind: PacketKind): ReadonlyArray<Tick> => {
  const codec = kind.codec()
  return kind.frames.map((frame) => {
    const c = collector(() => true)
    codec.decode(frame, RECEIVED, c.sink)
    return c.last!
  })
}

const guardTimed = (kind: PacketKind): Timed => {
  const ticks = ticksOf(kind)
  return {
    name: "guard",
    run: (n) => {
      let good = 0
      for (let i = 0; i < n; i++) if (isTick(ticks[i % ticks.length]!)) good++
      sinkhole.value = good
    },
    check: () => {
      for (const tick of ticks) {
        assert.ok(isTick(tick))
        assert.ok(!isTick({ ...tick, ltp: Number.NaN }))
      }
    }
  }
}

const modeOf = (kind: PacketKind): Mode => ticksOf(kind)[0]!.mode

const viewOf = (tick: Tick, mode: Mode, levels: number): View => ({
  topic: `bench/${tick.exchange}:${tick.symbol}/${mode}`,
  user: "bench",
  broker: "zerodha",
  symbol: tick.symbol,
  exchange: tick.exchange,
  mode,
  levels: mode === "depth" ? levels : 0
})

const serialiseGroup = (kind: PacketKind): Group => {
  const ticks = ticksOf(kind)
  const mode = modeOf(kind)
  const writers = ticks.map((tick) => makeFrameWriter(viewOf(tick, mode, kind.want.depth)))
  // The peer gets the finished object for nothing: it only has to turn it into bytes.
  const objects = ticks.map((tick, i) => JSON.parse(writers[i]!(tick).payload.toString()) as unknown)
  const label = mode === "depth" ? `depth-${kind.want.depth}` : mode
  return {
    name: `serialise ${label}, ${kind.name}`,
    ours: {
      name: "frame writer",
      run: (n) => {
        for (let i = 0; i < n; i++) sinkhole.value = writers[i % writers.length]!(ticks[i % ticks.length]!)
      },
      check: () =>
        ticks.forEach((tick, i) =>
          assert.equal(writers[i]!(tick).payload.toString(), JSON.stringify(objects[i]))
        )
    },
    peer: {
      name: "JSON.stringify",
      run: (n) => {
        for (let i = 0; i < n; i++) sinkhole.value = Buffer.from(JSON.stringify(objects[i % objects.length]))
      },
      check: () => objects.forEach((o) => assert.ok(Buffer.from(JSON.stringify(o)).length > 0))
    },
    ...(label === "depth-5" ? { goal: 2 } : {})
  }
}

/** Frame bytes to published payload, without a network: codec, guard, queue in chunks, writer, bus handler. */
const pipelineTimed = (kind: PacketKind): Timed => {
  const codec = kind.codec()
  const { frames } = kind
  const mode = modeOf(kind)
  const writers = new Map(
    ticksOf(kind).map((t) => [t.symbol, makeFrameWriter(viewOf(t, mode, kind.want.depth))])
  )
  interface Item {
    readonly write: (tick: Tick) => Frame
    readonly tick: Tick
  }
  const queue = makeConflatingQueue<Item>({ capacity: 32_768, keyOf: ({ tick }) => tick.symbol })
  const published = { frames: 0, bytes: 0 }
  const handle = (chunk: ReadonlyArray<Frame>): void => {
    for (const frame of chunk) published.bytes += frame.payload.length
    published.frames += chunk.length
  }
  const sink: Sink = {
    tick: (instrument, tick, refreshes) => {
      if (!isTick(tick) || (refreshes & modeBit[mode]) === 0) return
      queue.offerUnsafe({ write: writers.get(instrument.symbol)!, tick })
    },
    reject: (cause) => assert.fail(cause),
    event: (event) => assert.fail(event.type)
  }
  const CHUNK = 64
  const run = (n: number): void => {
    for (let i = 0; i < n;) {
      for (let k = 0; k < CHUNK && i < n; k++, i++) codec.decode(frames[i % frames.length]!, RECEIVED, sink)
      const out: Array<Frame> = []
      for (const { tick, write } of Effect.runSync(queue.takeAll)) out.push(write(tick))
      handle(out)
    }
  }
  return {
    name: "pipeline",
    run,
    check: () => {
      const before = published.frames
      run(frames.length)
      assert.equal(published.frames - before, frames.length)
      assert.equal(queue.stats.conflated + queue.stats.dropped, 0)
    }
  }
}

/** All groups over all kinds of packets. */
export const tickPath = (
  kinds: ReadonlyArray<PacketKind>,
  peerOf: (kind: PacketKind) => Peer
): ReadonlyArray<Group> =>
  kinds.flatMap((kind): ReadonlyArray<Group> => {
    const peer = () => peerTimed(kind, peerOf(kind))
    return [
      { name: `decode, ${kind.name}`, ours: decodeTimed("decode", kind, () => true), peer: peer() },
      { name: `guard, ${kind.name}`, ours: guardTimed(kind) },
      {
        name: `decode + guard, ${kind.name}`,
        ours: decodeTimed("decode + guard", kind, isTick),
        peer: peer(),
        ...(kind.name.startsWith("kite full") ? { goal: 30 } : {})
      },
      serialiseGroup(kind),
      { name: `bytes to payload, ${kind.name}`, ours: pipelineTimed(kind) }
    ]
  })
