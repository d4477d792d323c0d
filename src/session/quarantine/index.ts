/**
 * The quarantine: keeps wire frames that became no tick, raw, so that the decoder can be fixed and tried on them.
 *
 * A flood costs a counter and a comparison per frame: frames are rate-limited by broker and cause before they are
 * copied, wait in a bounded queue and lie in a bounded folder. Late packets after an unsubscribe are routine and not
 * kept. Nor are texts before a connection's first tick: one of them is the answer to the login, which may repeat it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { WireInstrument } from "../../market/instrument.ts"
import { monotonicOf } from "../../kit/monotonic.ts"
import type { Frame, RejectCause, Want } from "../../protocols/protocol.ts"
import { writeFailureText } from "../../store/database/diskSpace.ts"
import { withSoundLoggers } from "../containment.ts"
import { ConnectionTaps } from "../references.ts"
import type { ConnectionName, ConnectionTap, Tap } from "../ticks/tap.ts"
import { makeFiles } from "./files.ts"
import { makeLimiter } from "./limiter.ts"
import { makeMetrics } from "./metrics.ts"
import type { QuarantineRecord } from "./record.ts"
import { relevant } from "./relevant.ts"

export interface QuarantineOptions {
  readonly dataDir: string
  /** The folder's bound on disk, divided among eight files. 32 MiB by default. */
  readonly maxBytes?: number
  /** Frames of one broker and cause that are kept at once (20), and then in a minute (6). */
  readonly burst?: number
  readonly perMinute?: number
}

/** How much of each frame is kept. A longer one is cut off and marked. */
export const MAX_FRAME_BYTES = 4096
const MAX_DETAIL = 500
const MAX_FILES = 8
/** Wire frames that wait for the disk: 1 MiB at most. */
const QUEUE_CAPACITY = 256

interface Waiting {
  readonly name: ConnectionName
  readonly cause: RejectCause
  readonly detail: string
  readonly at: number
  readonly frame: Frame
  readonly bytes: number
  readonly wants: ReadonlyMap<WireInstrument, Want>
}

/** A copy: the socket may use its memory again. */
const head = (frame: Frame): Frame =>
  typeof frame === "string"
    ? frame.slice(0, MAX_FRAME_BYTES)
    : new Uint8Array(frame.subarray(0, MAX_FRAME_BYTES))

const sizeOf = (frame: Frame): number => (typeof frame === "string" ? Buffer.byteLength(frame) : frame.length)

/** Also a text that came as bytes. */
const isText = (frame: Frame): boolean => {
  if (typeof frame === "string") return true
  for (let i = 0; i < frame.length && i < 64; i++) {
    const byte = frame[i]!
    if (byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return false
  }
  return true
}

const toRecord = ({
  at,
  bytes,
  cause,
  detail,
  frame,
  name,
  wants
}: Waiting): Omit<QuarantineRecord, "id"> => {
  const asked = relevant(wants, frame, detail)
  const content =
    typeof frame === "string" ? { text: frame } : { base64: Buffer.from(frame).toString("base64") }
  return {
    at,
    user: name.user,
    broker: name.broker,
    stream: name.stream,
    connection: name.connection,
    cause,
    detail,
    bytes,
    ...(sizeOf(frame) === bytes ? {} : { truncated: true as const }),
    ...content,
    asked,
    ...(asked.length === wants.size ? {} : { askedOf: wants.size })
  }
}

export const make = (options: QuarantineOptions): Effect.Effect<Tap, never, Scope.Scope> =>
  withSoundLoggers(quarantine(options))

const quarantine = Effect.fnUntraced(function* (
  options: QuarantineOptions
): Effect.fn.Return<Tap, never, Scope.Scope> {
  const { burst = 20, dataDir, maxBytes = 32 * 1024 * 1024, perMinute = 6 } = options
  const files = makeFiles(dataDir, { maxFileBytes: Math.ceil(maxBytes / MAX_FILES), maxFiles: MAX_FILES })
  const passes = makeLimiter({ burst, perMinute }, monotonicOf(yield* Clock.Clock))
  const count = yield* makeMetrics
  const queue = yield* Queue.dropping<Waiting>(QUEUE_CAPACITY)

  const write = Effect.fnUntraced(function* (waiting: ReadonlyArray<Waiting>) {
    for (const one of waiting) {
      const { cause, name } = one
      yield* Effect.tryPromise(() => files.write([toRecord(one)])).pipe(
        Effect.andThen(Effect.sync(() => count.kept(name.broker, cause))),
        Effect.catch((error) => {
          count.skipped(name.broker, cause)
          return Effect.logWarning(
            `a frame could not be kept in ${dataDir}/quarantine: ${writeFailureText(error.cause, "Is the folder ours?")}`
          )
        })
      )
    }
  })
  yield* Queue.takeAll(queue).pipe(
    Effect.flatMap(write),
    Effect.catchDefect((defect) => Effect.logError("the quarantine lost a frame", defect)),
    Effect.forever,
    Effect.forkScoped
  )
  // The frames that still wait at the end are the most interesting.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(Queue.clear(queue), (waiting) => Effect.orDie(write(waiting)))
  )

  const connection = (name: ConnectionName): ConnectionTap => {
    const { broker } = name
    let wants = new Map<WireInstrument, Want>()
    let ticked = false
    return {
      opened: () => {
        wants = new Map()
        ticked = false
      },
      requested: (changes) => {
        for (const { instrument, to } of changes) {
          if (to === undefined) wants.delete(instrument)
          else wants.set(instrument, to)
        }
      },
      ticked: () => {
        ticked = true
      },
      frame: () => {},
      answered: () => {},
      rejected: (cause, detail, frame, at) => {
        if (cause === "not_subscribed") return
        const secret = frame === undefined || (!ticked && isText(frame))
        if (secret || !passes(`${broker}/${cause}`)) return count.skipped(broker, cause)
        const waiting: Waiting = {
          name,
          cause,
          detail: detail.slice(0, MAX_DETAIL),
          at,
          frame: head(frame),
          bytes: sizeOf(frame),
          wants
        }
        if (!Queue.offerUnsafe(queue, waiting)) count.skipped(broker, cause)
      },
      closed: () => {},
      alarm: () => {}
    }
  }
  return { connection }
})

/** For sessions above it: nothing else listens in then (see `combineTaps` for more than one). */
export const layer = (options: QuarantineOptions): Layer.Layer<never> =>
  Layer.effect(ConnectionTaps, make(options))
