/** Feeds a quarantined wire frame to the shipped decoder, with what was requested on its connection. */
import type { Broker } from "../../brokers/broker.ts"
import { codecOptions } from "../../brokers/broker.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type { Protocol } from "../../protocols/protocol.ts"
import { explain, faultOf, makeGuard, mend } from "../ticks/guard.ts"
import type { QuarantineRecord } from "./record.ts"
import { frameOf, toChanges } from "./record.ts"

export interface Replayed {
  readonly id: number
  /** Why it was kept. */
  readonly cause: string
  /** `nothing`: neither a tick nor a reject, like a frame that needs earlier ones. */
  readonly outcome: "ticks" | "rejected" | "nothing"
  readonly ticks: ReadonlyArray<Tick>
  /** The cause `field` belongs to ticks that continued without one field. */
  readonly rejects: ReadonlyArray<{ readonly cause: string; readonly detail: string }>
}

const isTick = makeGuard()

/** @param feed the broker's stream that the frame came over */
export const replay = (record: QuarantineRecord, feed: Broker, protocol: Protocol): Replayed => {
  const ticks: Array<Tick> = []
  const rejects: Array<Replayed["rejects"][number]> = []
  const reject = (cause: string, detail: string): void => void rejects.push({ cause, detail })
  try {
    const codec = protocol.open(codecOptions(feed))
    codec.request(toChanges(record))
    codec.decode(frameOf(record), record.at, {
      tick: (instrument, tick) => {
        const name = nameOf(instrument)
        const good = isTick(tick) ? tick : mend(tick, (_, fault) => reject("field", `${name}: ${fault}`))
        if (good !== undefined) ticks.push(good)
        else reject("guard", `${name}: ${explain(tick)}`)
      },
      reject,
      leftOut: (instrument, field, value) =>
        reject("field", `${nameOf(instrument)}: ${faultOf(field, value)}`),
      event: () => {},
      send: () => {}
    })
  } catch (defect) {
    reject("defect", String(defect))
  }
  const isRejected = rejects.some((r) => r.cause !== "field")
  const outcome = isRejected ? "rejected" : ticks.length > 0 ? "ticks" : "nothing"
  return { id: record.id, cause: record.cause, outcome, ticks, rejects }
}
