/**
 * Fyers' records in a data message. A record does not tell its length, so one of an unknown kind ends the message.
 *
 * - `S, uint16 topic, uint8 length, name, uint8 n, n int32, 2 bytes, uint16 multiplier, uint8 precision,
 *   3 x (uint8 length, text)`, for all kinds of topics
 * - `U, uint16 topic, uint8 n, n int32`
 * - `L, uint16 topic`, and as many int32 as a lite update has
 */
import type { Dialect } from "../hsm/codec.ts"
import { LITE, SNAPSHOT, UPDATE, divisorOf } from "../hsm/layout.ts"
import { nameAt } from "../hsm/messages.ts"
import type { Topics } from "../hsm/topics.ts"

export const readRecords: Dialect["records"] = (topics, view, from, length, count, receivedAt, sink) => {
  let at = from
  for (let i = 0; i < count; i++) {
    if (at + 4 > length) return sink.reject("truncated", `record ${i + 1} of ${count}`)
    const what = view.getUint8(at)
    const id = view.getUint16(at + 1)
    const size = view.getUint8(at + 3)
    switch (what) {
      case UPDATE: {
        const end = at + 4 + 4 * size
        if (end > length) return sink.reject("truncated", `record ${i + 1} of ${count}`)
        topics.update(id, view, at + 4, size, receivedAt, sink)
        at = end
        break
      }
      case SNAPSHOT: {
        const values = at + 4 + size + 1
        const end = values > length ? 0 : endOfSnapshot(view, values, length)
        if (end === 0) return sink.reject("truncated", `record ${i + 1} of ${count}`)
        const n = view.getUint8(values - 1)
        const scale = values + 4 * n + 2
        const divisor = divisorOf(view.getUint16(scale), view.getUint8(scale + 2))
        topics.snapshot(id, nameAt(view, at + 4, size), view, values, n, divisor, receivedAt, sink)
        at = end
        break
      }
      case LITE: {
        const n = liteCount(topics, id)
        if (n === undefined) return sink.reject("unknown_packet", `a lite update of topic ${id}`)
        const end = at + 3 + 4 * n
        if (end > length) return sink.reject("truncated", `record ${i + 1} of ${count}`)
        topics.update(id, view, at + 3, n, receivedAt, sink)
        at = end
        break
      }
      default:
        return sink.reject("unknown_packet", `a record of kind ${what}`)
    }
  }
}

/** The values of a lite update. Those of unknown topics can be skipped where all kinds have as many. */
const liteCount = (topics: Topics, id: number): number | undefined => {
  const { lite } = topics.fields
  const kind = topics.kindOf(id)
  if (kind !== undefined) return lite[kind]
  return lite.sf === lite.if ? lite.sf : undefined
}

/** @param values where they begin, behind their count. 0 for a record that ends early. */
const endOfSnapshot = (view: DataView, values: number, length: number): number => {
  let end = values + 4 * view.getUint8(values - 1) + 5
  for (let text = 0; text < 3; text++) {
    if (end >= length) return 0
    end += 1 + view.getUint8(end)
  }
  return end > length ? 0 : end
}
