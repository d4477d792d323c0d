/**
 * Feeds recorded frames to the shipped decoder, as a connection did: a fresh codec at each opening, the same changes,
 * the same frames, the same answers, at the recorded times. Pure: the same recording gives the same ticks.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import type {
  Codec,
  CodecOptions,
  HttpRequest,
  Outbound,
  Protocol,
  RejectCause,
  Sink,
  WireEvent
} from "../../protocols/protocol.ts"
import { isHttpRequest } from "../../protocols/protocol.ts"
import { explain, faultOf, makeGuard, mend } from "../ticks/guard.ts"
import { digestOf } from "../recorder/records.ts"
import type { Recorded } from "./read.ts"

export interface PlayerOptions {
  readonly protocol: Protocol
  readonly options: CodecOptions
  /** Called for ticks that pass the guard. */
  readonly onTick: Sink["tick"]
  /** The cause `field` belongs to a tick that continued without one field. */
  readonly onReject: (cause: RejectCause, detail: string) => void
  readonly onEvent?: (event: WireEvent) => void
}

export class Player {
  readonly #options: PlayerOptions
  readonly #sink: Sink
  #codec: Codec
  /** The codec's HTTP requests that no answer has been matched with. */
  #open: Array<HttpRequest> = []
  /** Answers to requests that this decoder did not make. */
  unmatched = 0

  constructor(options: PlayerOptions) {
    this.#options = options
    const { onEvent = () => {}, onReject, onTick } = options
    const isTick = makeGuard()
    this.#sink = {
      tick: (instrument: WireInstrument, tick: Tick, refreshes: number) => {
        const name = nameOf(instrument)
        const good = isTick(tick) ? tick : mend(tick, (_, fault) => onReject("field", `${name}: ${fault}`))
        if (good !== undefined) onTick(instrument, good, refreshes)
        else onReject("guard", `${name}: ${explain(tick)}`)
      },
      reject: onReject,
      leftOut: (instrument, field, value) =>
        onReject("field", `${nameOf(instrument)}: ${faultOf(field, value)}`),
      event: onEvent,
      send: (outbound) => this.#sent([outbound])
    }
    this.#codec = options.protocol.open(options.options)
  }

  play(record: Recorded): void {
    switch (record.kind) {
      case "opened":
        this.#codec = this.#options.protocol.open(this.#options.options)
        this.#open = []
        return this.#contain(() => this.#sent(this.#codec.hello?.() ?? []))
      case "requested":
        return this.#contain(() => this.#sent(this.#codec.request(record.changes)))
      case "frame":
        return this.#contain(() => this.#codec.decode(record.frame, record.at, this.#sink))
      case "answered": {
        const index = this.#open.findIndex((request) => digestOf(request) === record.digest)
        const [request] = index < 0 ? [] : this.#open.splice(index, 1)
        if (request === undefined) return void this.unmatched++
        return this.#contain(() => this.#codec.answered?.(request, record.answer, record.at, this.#sink))
      }
    }
  }

  #sent(all: ReadonlyArray<Outbound>): void {
    for (const outbound of all) if (isHttpRequest(outbound)) this.#open.push(outbound)
  }

  #contain(act: () => void): void {
    try {
      act()
    } catch (defect) {
      this.#options.onReject("defect", String(defect))
    }
  }
}
