/**
 * A simulated market inside the process that reads it, for brokers that have none of their own (`simulated: true`): the
 * same venue and the same wire bytes as the simulator's servers, without a socket. One market per broker, shared by all
 * its connections, standing still while nobody reads.
 */
import * as Effect from "effect/Effect"
import type { Peer } from "./peer.ts"
import { makeSimulatedBroker } from "./simulatedBroker.ts"
import type { SimulatedBroker } from "./simulatedBroker.ts"
import type { MasterFile } from "../brokers/broker.ts"
import { BrokerRegistry } from "../brokers/registry.ts"
import type { Frame } from "../protocols/protocol.ts"

/** Changes per second over the whole market: lively, and next to nothing for the processor. */
const TICKS_PER_SECOND = 200

export interface InProcessConnection {
  readonly send: (frame: Frame) => void
  readonly close: () => void
}

const stages = new Map<string, Promise<Running>>()

class Running {
  readonly stage: SimulatedBroker
  #clients = 0
  #timer: NodeJS.Timeout | undefined

  constructor(stage: SimulatedBroker) {
    this.stage = stage
  }

  connect(onFrame: (frame: Frame) => void, onEnd: () => void): InProcessConnection {
    let open = true
    let session: ReturnType<SimulatedBroker["venue"]["join"]> | undefined
    const end = (): void => {
      if (!open) return
      open = false
      session?.left()
      if (--this.#clients === 0) clearInterval(this.#timer)
      onEnd()
    }
    const peer: Peer = {
      remote: "this process",
      isOpen: () => open,
      buffered: () => 0,
      send: (frames) => {
        // As a socket would: later, and in order.
        setImmediate(() => {
          for (const frame of frames) if (open) onFrame(frame)
        })
      },
      close: end,
      terminate: end,
      reset: end
    }
    session = this.stage.venue.join(peer, this.stage.feeds[0]!)
    if (this.#clients++ === 0) {
      this.#timer = setInterval(this.stage.venue.turn, this.stage.turnMs)
      this.#timer.unref()
    }
    return { send: session.receive, close: end }
  }
}

const start = (broker: string): Promise<Running> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const module = yield* (yield* BrokerRegistry).load(broker)
      return new Running(
        yield* makeSimulatedBroker({ broker: module.broker, ticksPerSecond: TICKS_PER_SECOND })
      )
    }).pipe(Effect.provide(BrokerRegistry.layer))
  )

const running = (broker: string): Promise<Running> => {
  const known = stages.get(broker)
  if (known !== undefined) return known
  const started = start(broker)
  stages.set(broker, started)
  started.catch(() => stages.delete(broker))
  return started
}

/** @param url `simulated:NAME`, with whatever the protocol's handshake appended */
export const connectInProcess = async (
  url: string,
  onFrame: (frame: Frame) => void,
  onEnd: () => void
): Promise<InProcessConnection> => {
  const [name = ""] = url.slice(url.indexOf(":") + 1).split("?")
  return (await running(name)).connect(onFrame, onEnd)
}

/** The instrument master of a broker that is simulated. */
export const simulatedMaster = async (broker: string): Promise<ReadonlyArray<MasterFile>> =>
  (await running(broker)).stage.files
