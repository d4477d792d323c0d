/**
 * The flight recorder: keeps the last minutes of every connection's raw wire frames in memory, and writes them to
 * disk on request or when the supervisor raises an alarm. `algoways replay` feeds such a file to the shipped decoder.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import { codecOptions } from "../../brokers/broker.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { monotonicOf } from "../../kit/monotonic.ts"
import { writeFailureText } from "../../store/database/diskSpace.ts"
import { withSoundLoggers } from "../containment.ts"
import type { ConnectionName, ConnectionTap, Tap } from "../ticks/tap.ts"
import type { Retention } from "./files.ts"
import { fileNameOf, sweep, writeRecording } from "./files.ts"
import type { Header } from "./format.ts"
import { FORMAT_VERSION, linesOf } from "./format.ts"
import { KIND } from "./records.ts"
import type { RingLimits } from "./ring.ts"
import { Budget, Ring } from "./ring.ts"

export interface RecorderOptions extends Partial<RingLimits>, Partial<Retention> {
  /** Where recordings are written. */
  readonly directory: string
  /** The version of AlgoWays, for the header. */
  readonly version?: string
  /** The least time between two recordings of a connection that alarms cause. */
  readonly alarmEveryMs?: number
}

const MIB = 1024 * 1024

export const defaultRecorder = {
  windowMs: 5 * 60_000,
  maxBytes: 16 * MIB,
  prologueBytes: 2 * MIB,
  maxTotalBytes: 256 * MIB,
  keepFiles: 50,
  keepBytes: 512 * MIB,
  alarmEveryMs: 5 * 60_000
} as const

/** Alarms that wait to be written. Dropping: each connection's next alarm is written all the same. */
const WAITING = 64
const TIDY_EVERY_MS = 30_000
/** A connection that was silent for this many windows is not listed until it delivers again. */
const REST_AFTER = 2

const written = Metric.counter("algoways_feed_recordings_total", {
  description: "Recordings written, by what asked for them",
  incremental: true
})
const failed = Metric.counter("algoways_feed_recordings_failed_total", {
  description: "Recordings that could not be written",
  incremental: true
})
const memory = Metric.gauge("algoways_feed_recorder_bytes", { description: "Memory of the flight recorder" })

export class Recorder extends Context.Service<
  Recorder,
  {
    readonly tap: Tap
    /**
     * Writes the recordings of every connection, or of one user's connections. Returns the paths. A recording that
     * could not be written is logged and left out.
     */
    readonly write: (reason: string, user?: string) => Effect.Effect<ReadonlyArray<string>>
  }
>()("algoways/session/Recorder") {
  static readonly layer = (options: RecorderOptions) =>
    Layer.effect(Recorder, withSoundLoggers(make(options)))
}

const keyOf = ({ broker, connection, stream, user }: ConnectionName): string =>
  `${user}\n${broker}\n${stream}\n${connection}`

const make = Effect.fnUntraced(function* (options: RecorderOptions) {
  const { directory } = options
  const settings = { ...defaultRecorder, ...options }
  const registry = yield* BrokerRegistry
  const clock = yield* Clock.Clock
  const now = monotonicOf(clock)
  const budget = new Budget(settings.maxTotalBytes)
  const rings = new Map<string, Ring>()
  const writing = yield* Semaphore.make(1)
  const alarms = yield* Effect.acquireRelease(
    Queue.dropping<{ readonly ring: Ring; readonly why: string }>(WAITING),
    Queue.shutdown
  )

  const ringOf = (name: ConnectionName): Ring => {
    const key = keyOf(name)
    const known = rings.get(key)
    if (known !== undefined) return known
    const ring = new Ring(name, settings, budget, now)
    rings.set(key, ring)
    return ring
  }

  const tap: Tap = {
    connection: (name): ConnectionTap => {
      const key = keyOf(name)
      let ring = ringOf(name)
      /** A connection that delivers again is listed again, unless another took its place. */
      const listed = (): Ring => {
        if (rings.get(key) !== ring) {
          const other = rings.get(key)
          if (other === undefined) rings.set(key, ring)
          else ring = other
        }
        return ring
      }
      return {
        opened: (at) => listed().mark(KIND.opened, at),
        requested: (changes, at) => listed().requested(changes, at),
        frame: (frame, at) => listed().frame(frame, at),
        answered: (request, answer, at) => listed().answered(request, answer, at),
        rejected: () => {},
        closed: (why, at) => listed().mark(KIND.closed, at, why),
        alarm: (why, at) => {
          const own = listed()
          own.mark(KIND.alarm, at, why)
          if (now() - own.alarmedAt < settings.alarmEveryMs) return
          if (Queue.offerUnsafe(alarms, { ring: own, why })) own.alarmedAt = now()
        }
      }
    }
  }

  /** Without the broker's data, the reader uses its own. */
  const codecOf = (stream: string) =>
    registry.feed(stream).pipe(
      Effect.map((feed) => ({ protocol: feed.protocol, options: codecOptions(feed) })),
      Effect.catch(() => Effect.succeed({}))
    )

  const writeRing = Effect.fn("Recorder.write")(function* (ring: Ring, reason: string) {
    const { name } = ring
    const view = ring.view()
    const at = clock.currentTimeMillisUnsafe()
    const header: Header = {
      recording: "algoways",
      version: FORMAT_VERSION,
      algoways: settings.version ?? "unknown",
      written_at: at,
      reason,
      ...name,
      ...(yield* codecOf(name.stream))
    }
    return yield* Effect.tryPromise(() =>
      writeRecording(directory, fileNameOf(name, at), linesOf(header, view))
    )
  })

  const writeAll = (chosen: ReadonlyArray<Ring>, reason: string, cause: "alarm" | "request") =>
    writing.withPermits(1)(
      Effect.gen(function* () {
        const paths: Array<string> = []
        for (const ring of chosen) {
          const path = yield* writeRing(ring, reason).pipe(
            Effect.catch((error) =>
              Effect.andThen(
                Metric.update(failed, 1),
                Effect.as(
                  Effect.logWarning(
                    `a recording could not be written to ${directory}: ${writeFailureText(error.cause, "May this user write there?")}`
                  ),
                  undefined
                )
              )
            )
          )
          if (path === undefined) continue
          paths.push(path)
          yield* Metric.update(Metric.withAttributes(written, { cause }), 1)
          yield* Effect.logInfo(`recorded ${ring.name.stream}, connection ${ring.name.connection}: ${path}`)
        }
        yield* Effect.ignore(
          Effect.tryPromise(() => sweep(directory, settings, paths)),
          { log: true }
        )
        return paths
      })
    )

  yield* Queue.take(alarms).pipe(
    Effect.flatMap(({ ring, why }) => writeAll([ring], why, "alarm")),
    Effect.catchDefect((defect) => Effect.logError("the flight recorder lost a recording", defect)),
    Effect.forever,
    Effect.tapCause((cause) => Effect.logError("the flight recorder stopped writing", cause)),
    Effect.forkScoped
  )
  yield* Effect.suspend(() => {
    for (const [key, ring] of rings) {
      ring.expire()
      if (now() - ring.heardAt < REST_AFTER * settings.windowMs) continue
      ring.rest()
      rings.delete(key)
    }
    return Metric.update(memory, budget.used)
  }).pipe(
    Effect.catchDefect((defect) => Effect.logError("the flight recorder could not be tidied up", defect)),
    Effect.repeat(Schedule.spaced(TIDY_EVERY_MS)),
    Effect.tapCause((cause) => Effect.logError("the flight recorder is not tidied up any more", cause)),
    Effect.forkScoped
  )

  return Recorder.of({
    tap,
    write: (reason, user) =>
      Effect.suspend(() =>
        writeAll(
          [...rings.values()].filter(({ name }) => user === undefined || name.user === user),
          reason,
          "request"
        )
      )
  })
})
