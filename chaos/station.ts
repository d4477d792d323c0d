/** One broker of a scenario: its simulator, its user, what the readers hold, and what goes wrong. */
import * as Effect from "effect/Effect"
import type { Broker } from "../src/brokers/broker.ts"
import { topicOf } from "../src/frame/marketFrame.ts"
import { nameOf } from "../src/market/instrument.ts"
import type { Mode } from "../src/market/mode.ts"
import type { SubscribeRequest } from "../src/market/subscription.ts"
import type { SimulatorHandle } from "../src/simulator/index.ts"
import { CredentialStore } from "../src/store/credentials/credentials.ts"
import type { Doors } from "./doors.ts"
import type { Trouble } from "./faults.ts"
import { describeTrouble } from "./faults.ts"
import { Observer } from "./observer.ts"
import { pricedOf } from "./prices.ts"
import type { Priced } from "./prices.ts"
import type { Stage, Step } from "./scenario.ts"
import type { Recorder } from "./violations.ts"
import { Wants } from "./wants.ts"

/** The level of all depth readers: a deeper one may come over a socket of its own. */
const DEPTH = 5
export const CORE = "core"

/** When the login was no good: from the first refusal that was due until new credentials were stored. */
export interface Refusing {
  readonly from: number
  until: number
}

export class Station {
  readonly stage: Stage
  readonly simulator: SimulatorHandle
  readonly broker: Broker
  readonly priced: Priced
  readonly wants = new Wants()
  readonly recorder: Recorder
  readonly observer: Observer
  readonly refusing: Array<Refusing> = []
  /** Epoch ms: connections that the simulator does not see end, until then. */
  blindUntil = 0
  /** Some request of the client may have been lost unseen, an unsubscription among them. */
  losesRequests = false
  /** Epoch ms; until then what is held in vain may not tick, and so not be noticed. */
  faultsOverAt = Infinity
  /** Epoch ms of each new login in the database. */
  readonly renewed: Array<number> = []
  doors!: Doors

  constructor(stage: Stage, simulator: SimulatorHandle, broker: Broker, recorder: Recorder) {
    this.stage = stage
    this.simulator = simulator
    this.broker = broker
    this.recorder = recorder
    this.priced = pricedOf(simulator)
    this.observer = new Observer(broker.name, this.wants, this.priced, recorder)
  }

  #request(pick: number, wanted: Mode): SubscribeRequest {
    const { instruments } = this.priced
    const { exchange, symbol } = instruments[pick % instruments.length]!
    const { modes } = this.broker
    const mode = modes.includes(wanted) ? wanted : modes[0]!
    return { symbol, exchange, mode, ...(mode === "depth" ? { depth: DEPTH } : {}) }
  }

  readonly #topic = ({ exchange, mode, symbol }: SubscribeRequest): string =>
    topicOf(this.stage.user, exchange, symbol, mode, DEPTH)

  readonly subscribe = (
    reader: string,
    asked: ReadonlyArray<{ readonly pick: number; readonly mode: Mode }>
  ) =>
    Effect.gen({ self: this }, function* () {
      const byTopic = new Map(
        asked.map(({ mode, pick }) => {
          const request = this.#request(pick, mode)
          return [this.#topic(request), request] as const
        })
      )
      const held = new Set([...byTopic.keys()].filter((topic) => this.wants.holds(topic, reader)))
      for (const [topic, request] of byTopic) this.wants.add(topic, nameOf(request), reader, Date.now())
      const results = yield* this.doors.subscribe(reader, [...byTopic.values()])
      for (const [i, [topic, request]] of [...byTopic].entries()) {
        const result = results[i]!
        if (result.status === "success") {
          if (result.topic !== topic)
            this.recorder.violated("harness", `${topic} is served as ${result.topic}`)
          continue
        }
        if (!held.has(topic)) this.wants.remove(topic, reader, Date.now())
        if (result.code !== "MAX_CAPACITY_REACHED")
          this.recorder.violated(
            "harness",
            `${nameOf(request)} ${request.mode}: ${result.code} ${result.message}`
          )
      }
    })

  readonly #unsubscribe = (reader: string, picks: ReadonlyArray<number>) =>
    Effect.gen({ self: this }, function* () {
      const held = this.wants.topicsOf(reader)
      if (held.length === 0) return
      const chosen = new Map(picks.map((pick) => held[pick % held.length]!))
      const requests = Array.from(chosen, ([topic, name]) => ({
        exchange: name.slice(0, name.indexOf(":")),
        symbol: name.slice(name.indexOf(":") + 1),
        mode: topic.split("/")[2] as Mode
      }))
      const results = yield* this.doors.unsubscribe(reader, requests)
      for (const [i, topic] of [...chosen.keys()].entries()) {
        const result = results[i]!
        if (result.status === "success") this.wants.remove(topic, reader, Date.now())
        else
          this.recorder.violated(
            "harness",
            `${topic} could not be given up: ${result.code} ${result.message}`
          )
      }
    })

  readonly #release = (reader: string) =>
    Effect.gen({ self: this }, function* () {
      const held = this.wants.topicsOf(reader)
      yield* this.doors.release(reader)
      for (const [topic] of held) this.wants.remove(topic, reader, Date.now())
    })

  readonly step = ({ act, mode, picks, reader }: Step): Effect.Effect<void> => {
    if (act === "release") return this.#release(reader)
    if (act === "unsubscribe") return this.#unsubscribe(reader, picks)
    return this.subscribe(
      reader,
      picks.map((pick) => ({ pick, mode }))
    )
  }

  /** The same values under a new version: the simulator takes them for another login once it is told so. */
  readonly renew = Effect.gen({ self: this }, function* () {
    const { credentials } = this.simulator
    this.simulator.setCredentials(credentials)
    yield* Effect.orDie(
      Effect.flatMap(CredentialStore, (store) => store.set(this.stage.user, this.broker.name, credentials))
    )
    this.renewed.push(Date.now())
    for (const refused of this.refusing) refused.until = Math.min(refused.until, Date.now())
  })

  /** Something goes wrong, for a while. */
  readonly suffer = (trouble: Trouble): Effect.Effect<void, never, CredentialStore> =>
    Effect.gen({ self: this }, function* () {
      const { simulator } = this
      const { drop, lasts, lies, login, loses, what } = trouble
      yield* Effect.sleep(trouble.at)
      this.recorder.note(`begins: ${describeTrouble(trouble)}`)
      if (lies) this.observer.lies(true)
      if (loses) this.losesRequests = true
      if (login) this.refusing.push({ from: Date.now(), until: Infinity })
      const blind = typeof what === "object" && what.fault === "blackHole"
      if (blind) this.blindUntil = Infinity
      const end = this.#begin(what)
      if (drop) simulator.dropConnections()
      if (what === "renew") yield* this.renew
      yield* Effect.sleep(lasts)
      end()
      if (blind) this.blindUntil = Date.now() + 1000
      if (login) yield* this.renew
      if (lies) this.observer.lies(false)
      this.recorder.note(`ends: ${trouble.name}`)
    })

  #begin(what: Trouble["what"]): () => void {
    const { simulator } = this
    if (typeof what === "object") {
      const { end } = simulator.inject(what)
      return end
    }
    switch (what) {
      case "reject":
        simulator.rejectCredentials(true)
        return () => simulator.rejectCredentials(false)
      case "standstill":
        simulator.pause()
        return simulator.resume
      case "renew":
        return () => {}
    }
  }
}
