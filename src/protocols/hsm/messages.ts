/**
 * HSM's messages apart from market data: `uint16 length of the rest, uint8 type`, then mostly
 * `uint8 count, (uint8 id, uint16 length, bytes)*`.
 */
import { ACKNOWLEDGEMENT, HEAD_SIZE } from "./layout.ts"

export interface Field {
  readonly id: number
  readonly bytes: Uint8Array
}

export const field = (id: number, content: string | Uint8Array): Field => ({
  id,
  bytes: typeof content === "string" ? bytesOf(content) : content
})

/** Tokens and names are ASCII. */
export const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** One character for each byte: what is not ASCII matches no name. */
export const textOf = (bytes: Uint8Array): string => {
  let text = ""
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!)
  return text
}

/** The same, out of a data message. */
export const nameAt = (view: DataView, at: number, size: number): string => {
  let name = ""
  for (let i = 0; i < size; i++) name += String.fromCharCode(view.getUint8(at + i))
  return name
}

export const message = (type: number, fields: ReadonlyArray<Field>): Uint8Array => {
  let length = HEAD_SIZE + 1
  for (const { bytes } of fields) length += 3 + bytes.length
  const out = new Uint8Array(length)
  const view = new DataView(out.buffer)
  view.setUint16(0, length - 2)
  view.setUint8(2, type)
  view.setUint8(3, fields.length)
  let at = HEAD_SIZE + 1
  for (const { bytes, id } of fields) {
    view.setUint8(at, id)
    view.setUint16(at + 1, bytes.length)
    out.set(bytes, at + 3)
    at += 3 + bytes.length
  }
  return out
}

/** The fields of a message in their order; undefined for one that ends early. */
export const readFields = (frame: Uint8Array): ReadonlyArray<Field> | undefined => {
  const { length } = frame
  if (length <= HEAD_SIZE) return undefined
  const fields: Array<Field> = []
  let at = HEAD_SIZE + 1
  for (let i = frame[HEAD_SIZE]!; i > 0; i--) {
    if (at + 3 > length) return undefined
    const end = at + 3 + (frame[at + 1]! << 8) + frame[at + 2]!
    if (end > length) return undefined
    fields.push({ id: frame[at]!, bytes: frame.subarray(at + 3, end) })
    at = end
  }
  return fields
}

/** A big-endian number of any length. */
export const numberOf = (bytes: Uint8Array): number => {
  let n = 0
  for (let i = 0; i < bytes.length; i++) n = n * 256 + bytes[i]!
  return n
}

export const uint32 = (n: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

/** @param messageNumber of the last data message that it covers */
export const acknowledgement = (messageNumber: number): Uint8Array =>
  message(ACKNOWLEDGEMENT, [field(1, uint32(messageNumber))])

/** The length of a topic's name has one byte. */
export const MAX_TOPIC = 255

/** A list of topics has two bytes for its length; this leaves room for one more topic. */
const MAX_LIST = 0xffff - 2 * (1 + MAX_TOPIC)

/**
 * Requests for topics, as many in each as the broker takes and the length field can say.
 *
 * @param type SUBSCRIBE or UNSUBSCRIBE
 */
export const topicsMessages = (
  type: number,
  topics: ReadonlyArray<string>,
  channel: number,
  batch: number
): ReadonlyArray<{ readonly bytes: Uint8Array; readonly topics: ReadonlyArray<string> }> => {
  const messages: Array<{ readonly bytes: Uint8Array; readonly topics: ReadonlyArray<string> }> = []
  let first = 0
  let length = 0
  for (let i = 0; i < topics.length; i++) {
    length += 1 + topics[i]!.length
    const full = i + 1 - first >= batch || length > MAX_LIST
    if (!full && i + 1 < topics.length) continue
    const own = topics.slice(first, i + 1)
    messages.push({ bytes: topicsMessage(type, own, channel), topics: own })
    first = i + 1
    length = 0
  }
  return messages
}

const topicsMessage = (type: number, topics: ReadonlyArray<string>, channel: number): Uint8Array => {
  const list = new Uint8Array(topics.reduce((sum, topic) => sum + 1 + topic.length, 2))
  new DataView(list.buffer).setUint16(0, topics.length)
  let at = 2
  for (const topic of topics) {
    list[at] = topic.length
    list.set(bytesOf(topic), at + 1)
    at += 1 + topic.length
  }
  return message(type, [field(1, list), field(2, Uint8Array.of(channel))])
}

/** The topics of a request, or undefined for a list that is not what it should be. */
export const readTopics = (list: Uint8Array): ReadonlyArray<string> | undefined => {
  if (list.length < 2) return undefined
  const topics: Array<string> = []
  let at = 2
  for (let i = (list[0]! << 8) + list[1]!; i > 0; i--) {
    const end = at + 1 + (list[at] ?? Infinity)
    if (end > list.length) return undefined
    topics.push(textOf(list.subarray(at + 1, end)))
    at = end
  }
  return topics
}
