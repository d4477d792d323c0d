/** Nubra's commands: words and JSON parted by single spaces, one channel and one exchange each. */
import type { Outbound } from "../protocol.ts"
import { chunks } from "../kit/text.ts"
import type { Channel } from "./layout.ts"
import { BOOK, BUCKET, CHANNELS, GREEKS, INDEX, ONE_DAY_NAME } from "./layout.ts"

/** How the channels call an instrument. */
export interface ChannelPlace {
  /** `NSE`, `BSE` or `MCX`. */
  readonly word: string
  readonly name: string
  /** The instrument's number; 0 for an index. */
  readonly ref: number
}

const words: Readonly<Record<Channel, string>> = {
  [INDEX]: "index",
  [BUCKET]: "index_bucket",
  [BOOK]: "orderbook",
  [GREEKS]: "greeks"
}

/** Without spaces, because they part the words of a command: those inside names are escaped. */
const json = (value: unknown): string => JSON.stringify(value).replaceAll(" ", "\\u0020")

export type Verb = "batch_subscribe" | "batch_unsubscribe"

export const commands = (
  verb: Verb,
  token: string,
  items: ReadonlyArray<{ readonly kind: Channel; readonly place: ChannelPlace }>,
  batch: number
): ReadonlyArray<Outbound> => {
  const frames: Array<Outbound> = []
  for (const channel of CHANNELS) {
    const affected = items.filter(({ kind }) => kind === channel).map(({ place }) => place)
    const start = `${verb} ${token} ${words[channel]}`
    if (channel === BOOK || channel === GREEKS) {
      const refs = affected.map(({ ref }) => ref)
      for (const instruments of chunks(refs, batch))
        frames.push(`${start} ${json({ instruments, indexes: [] })}`)
      continue
    }
    const interval = channel === BUCKET ? ` ${ONE_DAY_NAME}` : ""
    for (const [word, names] of byWord(affected)) {
      for (const indexes of chunks(names, batch)) {
        frames.push(`${start} ${json({ instruments: [], indexes })}${interval} ${word}`)
      }
    }
  }
  return frames
}

const byWord = (places: ReadonlyArray<ChannelPlace>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const groups = new Map<string, Array<string>>()
  for (const { name, word } of places) {
    const group = groups.get(word)
    if (group === undefined) groups.set(word, [name])
    else group.push(name)
  }
  return groups
}

/** How many levels all books of the session have from now on. */
export const depthCommand = (token: string, levels: number): Outbound =>
  `batch_subscribe ${token} orderbook_depth ${levels}`
