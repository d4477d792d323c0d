/**
 * Keeps a session going whatever an embedder's functions do: hooks of a protocol, opening hours, listeners, loggers.
 * A function that throws is counted by name, logged at intervals, and answered for with what does the least harm. It
 * is called again next time. Functions whose failure must end the connection (a login, a codec's request) are not
 * contained here: the connection's own loop ends and starts again on any defect.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import type { FrameBus } from "../bus/frameBus.ts"
import { answerOf, callHook, faultText, watchPromise } from "../bus/hooks.ts"
import type { HookFault } from "../bus/hooks.ts"
import type { SampledLog } from "../kit/sampledLog.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import { ConnectionLost, ConnectionRefused } from "../market/errors.ts"
import { makeCalendar } from "../market/calendar.ts"
import type { MarketHours } from "../market/hours.ts"
import type { PacketKinds, Protocol } from "../protocols/protocol.ts"
import { modes } from "../market/mode.ts"
import * as metrics from "./metrics.ts"
import type { Tap } from "./ticks/tap.ts"
import { combineTaps } from "./ticks/tap.ts"

/** For a hook, by the name that metrics and logs use: `Protocol.closed`. */
export type HookFaults = (hook: string) => HookFault

export const makeHookFaults =
  (count: Pick<metrics.BrokerMetrics, "hookFault">, log: SampledLog): HookFaults =>
  (hook) =>
  (defect) => {
    count.hookFault(hook)
    log.error(`${hook} failed`, () => faultText(defect))
  }

/** A hook's answer has the wrong type. */
class Nonsense extends Error {
  constructor(expected: string, answer: unknown) {
    super(`it must answer ${expected}, not ${faultText(answer)}`)
  }
}

const noKinds: PacketKinds = { ltp: [], quote: [], depth: [] }

const isFailure = (answer: unknown): answer is ConnectionFailure =>
  typeof answer === "object" && answer !== null && "_tag" in answer && "message" in answer

/**
 * Wraps a protocol. Its hooks keep their `this`, so the protocol may be an instance of a class. Hooks that are called
 * outside a fiber never throw: in a socket's callback, a throw would end the process.
 */
export const soundProtocol = (protocol: Protocol, faults: HookFaults): Protocol => {
  const { closed, exclusive, kinds, partial, readVariant } = protocol
  const failed = {
    refusal: faults("Protocol.refusal"),
    closed: faults("Protocol.closed"),
    cost: faults("Protocol.cost"),
    exclusive: faults("Protocol.exclusive"),
    kinds: faults("Protocol.kinds")
  }
  return {
    name: protocol.name,
    handshake: (context) => protocol.handshake(context),
    open: (options, handshake) => protocol.open(options, handshake),
    refusal: (refusal) => {
      const instead = new ConnectionRefused({
        detail: `declined by the broker with status ${refusal.status}`
      })
      const answer = answerOf(() => protocol.refusal(refusal), instead, failed.refusal)
      if (isFailure(answer)) return answer
      failed.refusal(new Nonsense("a connection's failure", answer))
      return instead
    },
    cost: (want, instrument) => {
      const cost = answerOf(() => protocol.cost(want, instrument), 1, failed.cost)
      if (cost >= 0 && Number.isFinite(cost)) return cost
      failed.cost(new Nonsense("a number of subscriptions", cost))
      return 1
    },
    ...(closed === undefined
      ? {}
      : {
          closed: (closing) => {
            const answer = answerOf(() => closed.call(protocol, closing), undefined, failed.closed)
            if (answer === undefined || isFailure(answer)) return answer
            failed.closed(new Nonsense("a connection's failure or nothing", answer))
            return undefined
          }
        }),
    ...(exclusive === undefined
      ? {}
      : {
          // A key that no other instrument has: on failure, the instrument may share a connection with one that it cannot
          // be told apart from.
          exclusive: (instrument) =>
            answerOf(
              () => exclusive.call(protocol, instrument),
              `${instrument.exchange}:${instrument.symbol}`,
              failed.exclusive
            )
        }),
    ...(kinds === undefined
      ? {}
      : {
          kinds: (options) => {
            const answer = answerOf(() => kinds.call(protocol, options), noKinds, failed.kinds)
            if (modes.every((mode) => Array.isArray(answer?.[mode]))) return answer
            failed.kinds(new Nonsense("a list of kinds for each mode", answer))
            return noKinds
          }
        }),
    ...(readVariant === undefined ? {} : { readVariant: (options) => readVariant.call(protocol, options) }),
    ...(partial === undefined ? {} : { partial })
  }
}

/** Hours of an embedder; the built-in calendar's where they fail. */
export const soundHours = (hours: MarketHours, failed: HookFault): MarketHours => {
  let builtIn: MarketHours | undefined
  return {
    at: (exchange, at) => {
      const answer = answerOf(() => hours.at(exchange, at), undefined, failed)
      if (typeof answer?.open === "boolean") return answer
      if (answer !== undefined) failed(new Nonsense("{ open, why }", answer))
      return (builtIn ??= makeCalendar()).at(exchange, at)
    }
  }
}

/** Listeners of an embedder, whether or not they were combined. */
export const soundTap = (tap: Tap, failed: HookFault): Tap => combineTaps([tap], failed)

/** The bus of a session: one of an embedder's making may throw where its frames and events go in. */
export const soundBus = (
  bus: FrameBus["Service"],
  faults: HookFaults
): Pick<FrameBus["Service"], "publish" | "tell"> => {
  const unpublished = faults("FrameBus.publish")
  const eventFailed = faults("FrameBus.tell")
  return {
    publish: (frames) => {
      try {
        const answer: unknown = bus.publish(frames)
        if (answer !== undefined) watchPromise(answer, unpublished)
      } catch (defect) {
        unpublished(defect)
      }
    },
    tell: (event) => callHook(() => bus.tell(event), eventFailed)
  }
}

/** A socket's end that cannot be told: what a transport answers is not what it promised. */
export const endOf = (failure: unknown): ConnectionFailure =>
  isFailure(failure) ? failure : new ConnectionLost({ detail: "the connection ended without a reason" })

/** Loggers that throw cost a line, not the fiber that wrote it. What they threw can only be counted. */
export const withSoundLoggers = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) => {
    const failed: HookFault = () =>
      Metric.withAttributes(metrics.hookFaults, { hook: "Logger" }).updateUnsafe(1, context)
    const sound = new Set<Logger.Logger<unknown, unknown>>()
    for (const logger of Context.get(context, Logger.CurrentLoggers)) {
      sound.add(Logger.make((options) => callHook(() => logger.log(options), failed)))
    }
    return Effect.provideService(self, Logger.CurrentLoggers, sound)
  })
