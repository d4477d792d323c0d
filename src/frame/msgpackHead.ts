/** The head of a view's frames, up to the names in `data`: as the feed writes it, and in MessagePack. */
import { encode } from "@msgpack/msgpack"

/** What differs in how a feed and a reader write a frame. */
export interface Names {
  readonly symbol: string
  readonly exchange: string
  /** What stands as `mode`. */
  readonly tag: unknown
}

const dataOf = ({ exchange, symbol }: Names): object => ({ symbol, exchange })

const headOf = (names: Names): object => ({
  type: "market_data",
  ...dataOf(names),
  mode: names.tag,
  data: dataOf(names)
})

/** Its text, and as many whole words as there are in that. */
export const feedHead = (names: Names): { readonly text: Uint8Array; readonly words: Int32Array } => {
  const text = new Uint8Array(Buffer.from(JSON.stringify(headOf(names)).slice(0, -"}}".length)))
  return { text, words: new Int32Array(text.buffer, 0, text.length >> 2) }
}

interface PackedHead {
  /** Where it says how many members `data` has. */
  readonly countAt: number
  /** The head with this many bytes for that. */
  readonly withRoom: (room: number) => Uint8Array
}

export const packedHead = (names: Names): PackedHead => {
  const head = encode(headOf(names))
  // The broker is to come.
  head[0]!++
  const countAt = head.length - encode(dataOf(names)).length
  return {
    countAt,
    withRoom: (room) => {
      const roomy = new Uint8Array(head.length + room - 1)
      roomy.set(head)
      roomy.set(head.subarray(countAt + 1), countAt + room)
      return roomy
    }
  }
}
