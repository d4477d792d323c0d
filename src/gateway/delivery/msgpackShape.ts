/**
 * Looks a MessagePack message over before it is decoded: the decoder makes an array as long as the message claims, so
 * a few bytes could claim gigabytes. One pass over the bytes, no recursion, nothing made.
 */
import { DEEPEST, anyParts } from "../../market/jsonNesting.ts"
import type { MostParts } from "../../market/jsonNesting.ts"

/** Bytes behind the first one that hold a value's size, and bytes of the value, by the first byte from 0xc0 on. */
const SIZED: ReadonlyMap<number, { readonly size: number; readonly fixed: number }> = new Map(
  (
    [
      [0xc0, 0, 0],
      [0xc2, 0, 0],
      [0xc3, 0, 0],
      [0xc4, 1, 0],
      [0xc5, 2, 0],
      [0xc6, 4, 0],
      [0xc7, 1, 1],
      [0xc8, 2, 1],
      [0xc9, 4, 1],
      [0xca, 0, 4],
      [0xcb, 0, 8],
      [0xcc, 0, 1],
      [0xcd, 0, 2],
      [0xce, 0, 4],
      [0xcf, 0, 8],
      [0xd0, 0, 1],
      [0xd1, 0, 2],
      [0xd2, 0, 4],
      [0xd3, 0, 8],
      [0xd4, 0, 2],
      [0xd5, 0, 3],
      [0xd6, 0, 5],
      [0xd7, 0, 9],
      [0xd8, 0, 17],
      [0xd9, 1, 0],
      [0xda, 2, 0],
      [0xdb, 4, 0]
    ] as const
  ).map(([first, size, fixed]) => [first, { size, fixed }])
)

const numberAt = (bytes: Uint8Array, at: number, size: number): number => {
  let value = 0
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

/** Values inside an array or a map that starts here, and the bytes of its head; undefined for another value. */
const containerAt = (
  bytes: Uint8Array,
  at: number
): { readonly values: number; readonly head: number } | undefined => {
  const first = bytes[at]!
  if (first >= 0x80 && first <= 0x8f) return { values: 2 * (first & 15), head: 1 }
  if (first >= 0x90 && first <= 0x9f) return { values: first & 15, head: 1 }
  switch (first) {
    case 0xdc:
      return { values: numberAt(bytes, at + 1, 2), head: 3 }
    case 0xdd:
      return { values: numberAt(bytes, at + 1, 4), head: 5 }
    case 0xde:
      return { values: 2 * numberAt(bytes, at + 1, 2), head: 3 }
    case 0xdf:
      return { values: 2 * numberAt(bytes, at + 1, 4), head: 5 }
    default:
      return undefined
  }
}

/** Bytes of a value that holds no others; NaN for what is no MessagePack. */
const lengthAt = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at]!
  if (first < 0x80 || first >= 0xe0) return 1
  if (first >= 0xa0 && first <= 0xbf) return 1 + (first & 31)
  const sized = SIZED.get(first)
  if (sized === undefined) return Number.NaN
  return 1 + sized.size + numberAt(bytes, at + 1, sized.size) + sized.fixed
}

/**
 * What keeps bytes from being decoded: they are not one whole value that nests no deeper than this and holds all that it claims
 * ("unsound"), or it holds more than it may ("many"). A map counts its keys as values too.
 */
export const msgpackFault = (
  bytes: Uint8Array,
  most: MostParts = anyParts
): "unsound" | "many" | undefined => {
  /** Values that are still to come, by level. */
  const due = [1]
  let at = 0
  let containers = 0
  let values = 0
  for (;;) {
    while (due.length > 0 && due[due.length - 1] === 0) due.pop()
    if (due.length === 0) return at === bytes.length ? undefined : "unsound"
    if (at >= bytes.length) return "unsound"
    due[due.length - 1]!--
    const container = containerAt(bytes, at)
    if (container === undefined) {
      at += lengthAt(bytes, at)
      if (!(at <= bytes.length)) return "unsound"
      continue
    }
    at += container.head
    // Each value takes a byte at least.
    if (container.values > bytes.length - at || due.length > DEEPEST) return "unsound"
    values += container.values
    if (++containers > most.containers || values > 2 * most.values) return "many"
    due.push(container.values)
  }
}
