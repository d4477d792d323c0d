/** The client's side of one connection to Nubra's feed. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import { ByteKeys } from "../kit/byteKeys.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Reader } from "../kit/protobuf.ts"
import { checkEnd, endOf, readerOf, skipField } from "../kit/protobuf.ts"
import type { Change, Codec, CodecOptions, Handshake, Frame, Outbound, Sink } from "../protocol.ts"
import { brokerText, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import type { Place } from "../kit/subscriptionDiff.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { Element, Finder } from "./decode.ts"
import { decodeBook, decodeBucket, decodeGreeks, decodeIndex } from "./decode.ts"
import * as L from "./layout.ts"
import { DEFAULT_EXCHANGE, nameOnWire, plainName } from "./names.ts"
import { nubraOptions } from "./options.ts"
import type { ChannelPlace } from "./requests.ts"
import { commands, depthCommand } from "./requests.ts"

interface Subscription {
  readonly instrument: WireInstrument
  readonly channels: ReadonlyArray<L.Channel>
  readonly isDeep: boolean
}

interface Batch {
  readonly decode: (reader: Reader, receivedAt: number, find: Finder) => Element
  /** The tags of its lists. */
  readonly lists: ReadonlyArray<number>
}

const batches: ReadonlyMap<string, Batch> = new Map([
  [L.INDEX_BATCH, { decode: decodeIndex, lists: [L.ELEMENTS, L.MORE_ELEMENTS] }],
  [L.BUCKET_BATCH, { decode: decodeBucket, lists: [L.ELEMENTS, L.MORE_ELEMENTS] }],
  [L.BOOK_BATCH, { decode: decodeBook, lists: [L.ELEMENTS] }],
  [L.GREEKS_BATCH, { decode: decodeGreeks, lists: [L.ELEMENTS] }]
])

class Names extends ByteKeys<Subscription> {
  readonly givenUp = new GivenUp(this)
}

/** Stands for the number where an instrument has none: indices. */
const NO_NUMBER = 0

export class NubraCodec implements Codec {
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #greeks: boolean
  readonly #token: string
  /** By exchange word, then by name. */
  readonly #byWord = new ByteKeys<Names>()
  readonly #byNumber = new Map<number, Subscription>()
  readonly #formerNumbers = new GivenUp(this.#byNumber)
  /** Of packets that nobody wants any more, in their order in the frame at hand. */
  readonly #strangers: Array<WireInstrument | undefined> = []
  readonly #elements: Array<Element> = []
  /** How many instruments want more than the shallow book, and the depth that the session has. */
  #deep = 0
  #levels = 0
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions, handshake?: Handshake) {
    this.#codes = textCodes("nubra", options.codes)
    this.#batch = options.batch
    this.#greeks = nubraOptions(options).greeks
    this.#token = handshake?.secrets?.["token"] ?? ""
    for (const word of [...Object.values(this.#codes), DEFAULT_EXCHANGE]) {
      if (this.#byWord.get(word) === undefined) this.#byWord.set(word, new Names())
    }
  }

  /** Channels only come or go together, so what goes makes room before what comes. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => this.#placeOf(instrument),
      kinds: ({ channels }) => channels,
      make: (instrument, to, _, { ref }) => {
        const channels = L.channelsOf(to, instrument.exchange, this.#greeks)
        const subscription = {
          instrument,
          channels,
          isDeep: channels.includes(L.BOOK) && to.depth > L.SHALLOW
        }
        if (ref !== NO_NUMBER) this.#byNumber.set(ref, subscription)
        return subscription
      },
      drop: (_, { ref }) => this.#formerNumbers.drop(ref)
    })
    for (const { before, inUse, now } of changed) {
      if (inUse && before?.isDeep === true) this.#deep--
      if (now?.isDeep === true) this.#deep++
    }
    return stepsOf(changed, { order: "oldFirst" }).flatMap(({ action, items }) => {
      const asked = commands(`batch_${action}`, this.#token, items, this.#batch)
      return action === "subscribe"
        ? [...this.#depth(items.some(({ kind }) => kind === L.BOOK)), ...asked]
        : asked
    })
  }

  /** How deep the session's books are from now on, where that changes. */
  #depth(addsBooks: boolean): ReadonlyArray<Outbound> {
    const levels = this.#deep > 0 ? L.DEEP : L.SHALLOW
    if (levels === this.#levels || (this.#levels === 0 && !addsBooks)) return []
    this.#levels = levels
    return [depthCommand(this.#token, levels)]
  }

  /** Where an instrument's messages are looked for, or why it cannot be subscribed. */
  #placeOf(instrument: WireInstrument): NubraPlace | string {
    const { exchange, token } = instrument
    const word = this.#codes[exchange]
    const names = word === undefined ? undefined : this.#byWord.get(word)
    if (word === undefined || names === undefined) {
      return `${nameOf(instrument)}: Nubra has no word for ${exchange}`
    }
    const ref = L.isIndexExchange(exchange) ? NO_NUMBER : plainNumber(token, Number.MAX_SAFE_INTEGER)
    if (ref === undefined) {
      return badToken(instrument, "not a plain number", "Nubra's")
    }
    const name = nameOnWire(instrument)
    // Messages of the index channel say neither symbol nor number: a second owner of a name would get the first's prices.
    const other = [names.get(name), this.#byNumber.get(ref)].find(
      (held) => held !== undefined && nameOf(held.instrument) !== nameOf(instrument)
    )
    if (other !== undefined) {
      return `${nameOf(instrument)} cannot be told from ${nameOf(other.instrument)} on this feed`
    }
    return { id: name, givenUp: names.givenUp, word, name, ref }
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    const elements = this.#elements
    elements.length = 0
    const strangers = this.#strangers
    strangers.length = 0
    let type: string
    try {
      type = this.#readFrame(readerOf(frame), receivedAt)
    } catch (malformed) {
      return sink.reject(
        malformed instanceof RangeError ? "truncated" : "unknown_packet",
        `${frame.length} bytes are no message of this feed`
      )
    }
    if (elements.length === 0) sink.event({ type: "ignored", what: type })
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i]!
      if (element === "not_subscribed") sink.reject("not_subscribed", type, strangers.shift())
      else if (element === "ignored") sink.event({ type: "ignored", what: type })
      else {
        const { instrument, tick } = element
        sink.tick(instrument, tick, tick.depth === undefined ? refreshes[tick.mode] : refreshes.depth)
      }
    }
  }

  /** @returns what the message is */
  #readFrame(reader: Reader, receivedAt: number): string {
    const [anyAt, anyEnd] = lastField(reader, reader.len, L.ANY)
    reader.pos = anyAt
    const [urlAt, urlEnd] = lastField(reader, anyEnd, L.TYPE_URL)
    reader.pos = anyAt
    const [valueAt, valueEnd] = lastField(reader, anyEnd, L.VALUE)
    if (urlAt === urlEnd) return "a message without a type"
    const url = new TextDecoder().decode(reader.buf.subarray(urlAt, urlEnd))
    const type = url.slice(url.lastIndexOf(".") + 1)
    const batch = batches.get(type)
    if (batch === undefined) return brokerText(type)
    reader.pos = valueAt
    while (reader.pos < valueEnd) {
      const tag = reader.uint32()
      if (batch.lists.includes(tag)) this.#elements.push(batch.decode(reader, receivedAt, this.#finder))
      else skipField(reader, tag)
    }
    checkEnd(reader, valueEnd)
    return type
  }

  readonly #finder: Finder = {
    byName: (frame, nameAt, nameEnd, exchangeAt, exchangeEnd) => {
      const names =
        exchangeAt === exchangeEnd
          ? this.#byWord.get(DEFAULT_EXCHANGE)
          : this.#byWord.at(frame, exchangeAt, exchangeEnd)
      if (names === undefined) return this.#stranger(undefined)
      const found = names.at(frame, nameAt, nameEnd)
      if (found !== undefined) return found.instrument
      // Not as the broker's master spells it: a long name, or another case.
      const name = plainName(new TextDecoder().decode(frame.subarray(nameAt, nameEnd)))
      return names.get(name)?.instrument ?? this.#stranger(names.givenUp.of(name))
    },
    byNumber: (ref) => this.#byNumber.get(ref)?.instrument ?? this.#stranger(this.#formerNumbers.of(ref))
  }

  #stranger(former: Subscription | undefined): undefined {
    this.#strangers.push(former?.instrument)
    return undefined
  }
}

interface NubraPlace extends ChannelPlace, Place<string, Subscription> {}

/** Where the last field of a tag is, an empty range where there is none. Reads on to `end`. */
const lastField = (reader: Reader, end: number, wanted: number): readonly [at: number, end: number] => {
  let found: readonly [number, number] = [reader.pos, reader.pos]
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag !== wanted) {
      skipField(reader, tag)
      continue
    }
    const to = endOf(reader)
    found = [reader.pos, to]
    reader.pos = to
  }
  checkEnd(reader, end)
  return found
}

/** The broker's texts are for people: one says that the session has ended, some report errors. */
const decodeText = (text: string, sink: Sink): void => {
  const detail = brokerText(text)
  if (/invalid token/i.test(text)) {
    return sink.event({ type: "failure", failure: new AuthRejected({ detail }) })
  }
  if (/error|exception|failed/i.test(text)) return sink.event({ type: "refused", detail })
  sink.event({ type: "ignored", what: detail })
}
