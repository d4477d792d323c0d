/**
 * The frames between our own processes: many in one ZeroMQ message, because a message costs some 7 µs and a
 * frame within one a fraction of that.
 *
 * ```
 * header   u32 magic, f64 epoch, u32 number of this batch, u32 count          20 bytes, little endian
 * frame    u32 view, u32 dataStart, u32 dataEnd, u32 payload bytes, u32 description bytes,
 *          f64 received, f64 exchanged, f64 published,
 *          description (JSON of the View; only when the view was not announced before), payload
 * ```
 *
 * Views go by number. The sender announces each one once, in its first frame. Who missed that (because it came
 * later, or ZeroMQ dropped the batch) asks for the description over the control socket and meanwhile keeps the
 * newest frame of the unknown view. Numbers hold within one epoch, that is one life of the feed process.
 *
 * Events travel between the batches (`eventMessage.ts`). Only a frame that waits for its view's description may come
 * after an event that followed it.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { FeedEvent } from "../../market/feedEvent.ts"
import { Mode } from "../../market/mode.ts"
import type { MarketFrame, View } from "../../frame/marketFrame.ts"
import { EVENTS_MAGIC, decodeEvents, encodeEvents } from "./eventMessage.ts"

/** "AWF2" */
const MAGIC = 0x32465741
const HEADER = 20
const ENTRY = 44

/** Bytes of a batch, roughly: a receiver that keeps one frame keeps its whole batch in memory. */
export const BATCH_BYTES = 65_536

export const ViewSchema = Schema.Struct({
  topic: Schema.NonEmptyString,
  user: Schema.String,
  broker: Schema.String,
  symbol: Schema.String,
  exchange: Schema.String,
  mode: Mode,
  levels: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
})

/** A view and its number on the link. */
export const NumberedView = Schema.Struct({ id: Schema.Int, view: ViewSchema })
export type NumberedView = typeof NumberedView.Type

const decodeView = Schema.decodeUnknownExit(ViewSchema)
const nothing = Buffer.alloc(0)

interface Known {
  readonly id: number
  readonly text: string
  readonly view: View
}

/** The sender's side: numbers views and packs frames. Remembers one record per topic that was ever read. */
export class BatchWriter {
  readonly epoch: number
  readonly #ids = new WeakMap<View, number>()
  readonly #byTopic = new Map<string, Known>()
  readonly #byId = new Map<number, Known>()
  #nextId = 1
  #number = 0

  /** @param epoch tells this life of the process from the one before */
  constructor(epoch: number) {
    this.epoch = epoch
  }

  /** Descriptions of the views that are still known. */
  describe(ids: ReadonlyArray<number>): ReadonlyArray<NumberedView> {
    const found: Array<NumberedView> = []
    for (const id of ids) {
      const known = this.#byId.get(id)
      if (known !== undefined) found.push({ id, view: known.view })
    }
    return found
  }

  /** Packs frames from `from` on, until the batch is full. Returns the index of the first frame left over. */
  write(frames: ReadonlyArray<MarketFrame>, from: number): { readonly batch: Buffer; readonly next: number } {
    const ids: Array<number> = []
    const descriptions: Array<Buffer> = []
    let size = HEADER
    let next = from
    while (next < frames.length && (next === from || size < BATCH_BYTES)) {
      const { payload, view } = frames[next]!
      let id = this.#ids.get(view)
      let description = nothing
      if (id === undefined) {
        const text = this.#announce(view)
        id = this.#ids.get(view)!
        if (text !== undefined) description = Buffer.from(text)
      }
      ids.push(id)
      descriptions.push(description)
      size += ENTRY + description.length + payload.length
      next++
    }
    const batch = Buffer.allocUnsafeSlow(size)
    batch.writeUInt32LE(MAGIC, 0)
    batch.writeDoubleLE(this.epoch, 4)
    batch.writeUInt32LE(this.#next(), 12)
    batch.writeUInt32LE(next - from, 16)
    let at = HEADER
    for (let i = 0; i < ids.length; i++) {
      const { dataEnd, dataStart, exchanged, payload, published, received } = frames[from + i]!
      const description = descriptions[i]!
      batch.writeUInt32LE(ids[i]!, at)
      batch.writeUInt32LE(dataStart, at + 4)
      batch.writeUInt32LE(dataEnd, at + 8)
      batch.writeUInt32LE(payload.length, at + 12)
      batch.writeUInt32LE(description.length, at + 16)
      batch.writeDoubleLE(received, at + 20)
      batch.writeDoubleLE(exchanged, at + 28)
      batch.writeDoubleLE(published, at + 36)
      at += ENTRY
      if (description.length > 0) at += description.copy(batch, at)
      at += payload.copy(batch, at)
    }
    return { batch, next }
  }

  /** A message of its own for these, which takes its place among the batches. */
  writeEvents(events: ReadonlyArray<FeedEvent>): Buffer {
    return encodeEvents(this.epoch, this.#next(), events)
  }

  #next(): number {
    this.#number = (this.#number + 1) >>> 0
    return this.#number
  }

  /** Gives a view its number. Returns its description, unless an equal view had the topic before. */
  #announce(view: View): string | undefined {
    const text = JSON.stringify(view)
    const before = this.#byTopic.get(view.topic)
    if (before !== undefined && before.text === text) {
      this.#ids.set(view, before.id)
      return undefined
    }
    if (before !== undefined) this.#byId.delete(before.id)
    const known = { id: this.#nextId++, text, view }
    this.#byTopic.set(view.topic, known)
    this.#byId.set(known.id, known)
    this.#ids.set(view, known.id)
    return text
  }
}

export interface BatchHandlers {
  /** The frames whose views are known. Payloads share the message's memory. */
  readonly frames: (frames: ReadonlyArray<MarketFrame>) => void
  readonly events: (events: ReadonlyArray<FeedEvent>) => void
  /** Views that this side knows nothing of; `learn` takes the answer. Called once per view until then. */
  readonly unknown: (ids: ReadonlyArray<number>) => void
  readonly malformed: (detail: string) => void
  /** So many messages never came. */
  readonly lost: (batches: number) => void
}

type Held = Omit<MarketFrame, "view">

/** The receiver's side. Whatever bytes arrive become frames or a `malformed`; never throws. */
export class BatchReader {
  readonly #handlers: BatchHandlers
  readonly #views = new Map<number, View>()
  readonly #byTopic = new Map<string, number>()
  /** The newest frame of every view that was asked for and not yet described. */
  readonly #held = new Map<number, Held>()
  #epoch: number | undefined
  #number = 0

  constructor(handlers: BatchHandlers) {
    this.#handlers = handlers
  }

  read(message: Buffer): void {
    const magic = message.length < HEADER ? undefined : message.readUInt32LE(0)
    if (magic !== MAGIC && magic !== EVENTS_MAGIC) {
      return this.#handlers.malformed(`a message of ${message.length} bytes that is no batch of frames`)
    }
    this.#follow(message.readDoubleLE(4), message.readUInt32LE(12))
    if (magic === EVENTS_MAGIC) {
      const { events, problem } = decodeEvents(message)
      if (events.length > 0) this.#handlers.events(events)
      if (problem !== undefined) this.#handlers.malformed(problem)
      return
    }
    const count = message.readUInt32LE(16)
    const frames: Array<MarketFrame> = []
    const unknown: Array<number> = []
    let at = HEADER
    let problem: string | undefined
    for (let i = 0; i < count && problem === undefined; i++) {
      if (at + ENTRY > message.length) {
        problem = `a batch that ends within frame ${i + 1} of ${count}`
        break
      }
      const id = message.readUInt32LE(at)
      const dataStart = message.readUInt32LE(at + 4)
      const dataEnd = message.readUInt32LE(at + 8)
      const described = at + ENTRY
      const start = described + message.readUInt32LE(at + 16)
      const end = start + message.readUInt32LE(at + 12)
      if (end > message.length || dataStart > dataEnd || dataEnd > end - start) {
        problem = `a batch whose frame ${i + 1} of ${count} has impossible lengths`
        break
      }
      const times = {
        received: message.readDoubleLE(at + 20),
        exchanged: message.readDoubleLE(at + 28),
        published: message.readDoubleLE(at + 36)
      }
      if (start > described) {
        problem = this.#learnText(id, message.toString("utf8", described, start))
        this.#held.delete(id)
      }
      const view = this.#views.get(id)
      if (view === undefined) {
        if (!this.#held.has(id)) unknown.push(id)
        // A copy: it may wait while many batches pass.
        this.#held.set(id, {
          ...times,
          payload: Buffer.from(message.subarray(start, end)),
          dataStart,
          dataEnd
        })
      } else {
        frames.push({ view, payload: message.subarray(start, end), dataStart, dataEnd, ...times })
      }
      at = end
    }
    if (frames.length > 0) this.#handlers.frames(frames)
    if (unknown.length > 0) this.#handlers.unknown(unknown)
    if (problem !== undefined) this.#handlers.malformed(problem)
  }

  /** Takes descriptions and releases the frames that waited for them. */
  learn(epoch: number, described: ReadonlyArray<NumberedView>): void {
    if (epoch !== this.#epoch) return
    const frames: Array<MarketFrame> = []
    for (const { id, view } of described) {
      this.#learn(id, view)
      const held = this.#held.get(id)
      if (held === undefined) continue
      this.#held.delete(id)
      frames.push({ view, ...held })
    }
    if (frames.length > 0) this.#handlers.frames(frames)
  }

  /** No description will come for these: the views are gone, or nobody answered. They are asked for again if seen. */
  forget(ids: ReadonlyArray<number>): void {
    for (const id of ids) this.#held.delete(id)
  }

  #follow(epoch: number, number: number): void {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#views.clear()
      this.#byTopic.clear()
      this.#held.clear()
    } else {
      const missing = (number - this.#number - 1) >>> 0
      // A number that went backwards is no loss of four billion.
      if (missing > 0 && missing < 0x7fffffff) this.#handlers.lost(missing)
    }
    this.#number = number
  }

  #learnText(id: number, text: string): string | undefined {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return `a description of view ${id} that is not JSON`
    }
    const view = decodeView(json)
    if (Exit.isFailure(view)) return `a description of view ${id} that lacks something`
    this.#learn(id, view.value)
    return undefined
  }

  #learn(id: number, view: View): void {
    const before = this.#byTopic.get(view.topic)
    // Numbers only grow: a late answer must not bring back what the stream has replaced since.
    if (before !== undefined && before > id) return
    if (before !== undefined && before !== id) this.#views.delete(before)
    this.#byTopic.set(view.topic, id)
    this.#views.set(id, view)
  }
}
