/**
 * Kotak's records in a data message: each tells its length.
 *
 * `uint16 length of the rest, uint8 S or U, uint32 topic`, in a snapshot `uint8 length, name`, then `uint8 n, n int32`,
 * and in a snapshot `uint8 count, (uint8 id, uint8 length, text)*`, which the name of the topic says already.
 */
import type { Dialect } from "../hsm/codec.ts"
import { SNAPSHOT, UPDATE } from "../hsm/layout.ts"
import { nameAt } from "../hsm/messages.ts"

export const readRecords: Dialect["records"] = (topics, view, from, length, count, receivedAt, sink) => {
  let at = from
  for (let i = 0; i < count; i++) {
    const end = at + 2 > length ? length + 1 : at + 2 + view.getUint16(at)
    if (end > length) return sink.reject("truncated", `record ${i + 1} of ${count}`)
    if (at + 8 > end) {
      sink.reject("truncated", `record ${i + 1} of ${count} says it has ${end - at - 2} bytes`)
      at = end
      continue
    }
    const what = view.getUint8(at + 2)
    const id = view.getUint32(at + 3)
    if (what === UPDATE) {
      const n = view.getUint8(at + 7)
      if (at + 8 + 4 * n > end)
        sink.reject("truncated", `record ${i + 1} of ${count} says it has ${n} values`)
      else topics.update(id, view, at + 8, n, receivedAt, sink)
    } else if (what === SNAPSHOT) {
      const size = view.getUint8(at + 7)
      const values = at + 8 + size + 1
      const n = values > end ? 0 : view.getUint8(values - 1)
      if (values + 4 * n > end) sink.reject("truncated", `record ${i + 1} of ${count}`)
      else {
        const name = nameAt(view, at + 8, size)
        topics.snapshot(id, name, view, values, n, undefined, receivedAt, sink)
      }
    } else sink.reject("unknown_packet", `a record of kind ${what}`)
    at = end
  }
}
