/**
 * Events between our own processes: a message of its own between the batches of frames, numbered with them.
 *
 * ```
 * header   u32 magic, f64 epoch, u32 number of this message, u32 count        20 bytes, little endian
 * body     JSON array of so many FeedEvents
 * ```
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { FeedEvent } from "../../market/feedEvent.ts"

/** "AWE1" */
export const EVENTS_MAGIC = 0x31455741
const HEADER = 20

const decodeEvent = Schema.decodeUnknownExit(FeedEvent)

export const encodeEvents = (epoch: number, number: number, events: ReadonlyArray<FeedEvent>): Buffer => {
  const body = JSON.stringify(events)
  const message = Buffer.allocUnsafeSlow(HEADER + Buffer.byteLength(body))
  message.writeUInt32LE(EVENTS_MAGIC, 0)
  message.writeDoubleLE(epoch, 4)
  message.writeUInt32LE(number, 12)
  message.writeUInt32LE(events.length, 16)
  message.write(body, HEADER, "utf8")
  return message
}

export interface DecodedEvents {
  readonly events: ReadonlyArray<FeedEvent>
  /** What is wrong with the message; the events that could be understood are there all the same. */
  readonly problem?: string
}

/** @param message of at least a header's length, whose magic has been looked at. Never throws. */
export const decodeEvents = (message: Buffer): DecodedEvents => {
  let json: unknown
  try {
    json = JSON.parse(message.toString("utf8", HEADER))
  } catch {
    return { events: [], problem: "a message of events that is not JSON" }
  }
  if (!Array.isArray(json)) return { events: [], problem: "a message of events that is no list" }
  const events: Array<FeedEvent> = []
  for (const item of json) {
    const event = decodeEvent(item)
    if (Exit.isSuccess(event)) events.push(event.value)
  }
  const count = message.readUInt32LE(16)
  if (json.length !== count)
    return { events, problem: `a message of ${json.length} events that says ${count}` }
  if (events.length === count) return { events }
  return { events, problem: `${count - events.length} of ${count} events of an unknown kind or shape` }
}
