/**
 * The login of the line between feed and gateway: ZeroMQ's CURVE. Both sides prove who they are by a key pair, and what
 * goes over the line is encrypted. The feed asks `accepts` at every handshake, so that a key counts from the moment that it
 * is accepted.
 *
 * Keys are 32 bytes, here as 64 hexadecimal digits; ZeroMQ's own writing (Z85) has characters that shells take apart.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as zmq from "zeromq"
import { watched } from "../../kit/watched.ts"
import * as metrics from "../metrics.ts"
import { scoped } from "./sockets.ts"

export interface FeedCurve {
  readonly secretKey: Redacted.Redacted<string>
  /** Whether a gateway with this public key may connect. */
  readonly accepts: (publicKey: string) => boolean
}

export interface GatewayCurve {
  /** The public key of the feed. The gateway accepts no other. */
  readonly feedKey: string
  readonly publicKey: string
  readonly secretKey: Redacted.Redacted<string>
}

const Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

/** ZeroMQ's writing of a key (RFC 32 of ZeroMQ). */
export const toZ85 = (hex: string): string => {
  const bytes = Buffer.from(hex, "hex")
  let text = ""
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.readUInt32BE(at)
    for (const power of [52_200_625, 614_125, 7225, 85, 1]) text += Z85[Math.floor(word / power) % 85]
  }
  return text
}

/** ZeroMQ asks for every handshake here (RFC 27), in the context of the sockets. */
const ZAP_ENDPOINT = "inproc://zeromq.zap.01"
const DOMAIN = "algoways"
/** Refusals are logged at most so often; all are counted. */
const LOG_EVERY_MS = 10_000

/** How often it is seen whether keys that were let in are still accepted. */
const LOOK_EVERY = Duration.seconds(1)

export interface FeedSecurity {
  /** The options of the feed's sockets. A peer is accepted only after the handshake handler has said yes. */
  readonly options: Partial<zmq.XPublisher & zmq.Router>
  /** From now on `act` is called when a key that was let in is not accepted any more. */
  readonly onRefused: (act: () => void) => Effect.Effect<void, never, Scope.Scope>
}

export const feedSecurity = Effect.fnUntraced(function* (
  curve: FeedCurve
): Effect.fn.Return<FeedSecurity, never, Scope.Scope> {
  // A context of our own: a program that embeds the feed may have such a handler itself.
  const context = new zmq.Context()
  const handler = yield* scoped(() => new zmq.Router({ context, linger: 0 }))
  yield* Effect.promise(() => handler.bind(ZAP_ENDPOINT))
  let logAfter = 0
  /** Keys that were let in, whether their connections live or not. */
  const letIn = new Set<string>()

  const refuse = (address: string, key: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const now = performance.now()
      const quiet = now < logAfter
      if (!quiet) logAfter = now + LOG_EVERY_MS
      return Effect.andThen(
        Metric.update(metrics.keysRefused, 1),
        quiet
          ? Effect.void
          : Effect.logWarning(
              `a gateway at ${address} was refused: its key ${key} is not accepted. If it is yours, run: algoways line accept NAME ${key}`
            )
      )
    })

  yield* Effect.tryPromise(() => handler.receive()).pipe(
    Effect.flatMap(([peer, , version, request, , address, , mechanism, key]) => {
      const publicKey = key?.toString("hex") ?? ""
      const good = mechanism?.toString() === "CURVE" && curve.accepts(publicKey)
      if (good) letIn.add(publicKey)
      const status = good ? ["200", "OK"] : ["400", "not accepted"]
      const reply = [peer!, "", version!, request!, ...status, "", ""]
      return Effect.andThen(
        good ? Effect.void : refuse(String(address), publicKey),
        Effect.tryPromise(() => handler.send(reply))
      )
    }),
    Effect.catch((error) => Effect.logError("a gateway's key could not be checked", error.cause)),
    Effect.forever,
    watched("the feed stopped checking keys of gateways"),
    Effect.forkScoped
  )
  const look = (act: () => void) =>
    Effect.try(() => {
      const before = letIn.size
      for (const key of letIn) if (!curve.accepts(key)) letIn.delete(key)
      if (letIn.size < before) act()
    })

  return {
    options: {
      context,
      curveServer: true,
      curveSecretKey: toZ85(Redacted.value(curve.secretKey)),
      zapDomain: DOMAIN,
      zapEnforceDomain: true
    },
    onRefused: (act) =>
      look(act).pipe(
        // A file that cannot be read now ends no connection. Failed checks of new connections are logged as errors.
        Effect.catch((error) => Effect.logDebug("keys of gateways could not be read", error.cause)),
        Effect.andThen(Effect.sleep(LOOK_EVERY)),
        Effect.forever,
        watched("the feed stopped looking whether keys are still accepted"),
        Effect.forkScoped,
        Effect.asVoid
      )
  }
})

/** The options of a gateway's sockets. */
export const gatewaySecurity = (curve: GatewayCurve | undefined): Partial<zmq.Dealer & zmq.Subscriber> =>
  curve === undefined
    ? {}
    : {
        curveServerKey: toZ85(curve.feedKey),
        curvePublicKey: toZ85(curve.publicKey),
        curveSecretKey: toZ85(Redacted.value(curve.secretKey))
      }
