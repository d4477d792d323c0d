/** Refusals that a codec makes itself, reported with the next wire frame because `request` has no sink. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Sink } from "../protocol.ts"
import { brokerText } from "./text.ts"

/** @param what a token of this broker is: `a Kite token` */
export const badToken = (instrument: WireInstrument, what: string, broker: string): string =>
  `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is ${what}: ` +
  `import ${broker} instruments anew`

export class LocalRefusals {
  #waiting: Array<readonly [WireInstrument, string]> = []

  /** @param why names the instrument and the remedy */
  add(instrument: WireInstrument, why: string): void {
    this.#waiting.push([instrument, why])
  }

  /** Short, since every frame asks: what decoders inline of this they do not inline of their own. */
  report(sink: Sink): void {
    if (this.#waiting.length > 0) this.#tell(sink)
  }

  #tell(sink: Sink): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const [instrument, detail] of waiting) {
      sink.event({ type: "refused", detail, instruments: [instrument] })
    }
  }
}
