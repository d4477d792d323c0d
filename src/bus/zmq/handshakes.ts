/**
 * A connecting socket's handshakes. After one that failed for good (a key that is not accepted, one side with keys and the
 * other without) libzmq does not try again; what is wrong is mended on the other machine, so this does.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as zmq from "zeromq"
import { watched } from "../../kit/watched.ts"

const AGAIN_AFTER = Duration.seconds(2)
/** A connection that is lost in its handshake is logged only when this many are lost in a row. */
const LOST_IN_A_ROW = 3

const problemOf = (event: zmq.Event, keys: boolean): string | undefined => {
  switch (event.type) {
    case "handshake:error:auth":
      return 'it does not accept the key of this gateway. Run "algoways line keys" here, and "algoways line accept" there with the key'
    case "handshake:error:protocol":
      return keys
        ? "the handshake failed: this gateway uses keys, and the other side does not, or is no feed. Give both sides the same --feed-curve"
        : "the handshake failed: the other side uses keys, and this gateway does not. Give both sides the same --feed-curve"
    case "handshake:error:other":
      return keys
        ? 'it closes the connection in the handshake: most likely it has another key than this gateway was told. Run "algoways line keys" there, and "algoways line trust" here with the key of the feed'
        : "it closes the connection in the handshake. Is it an AlgoWays feed?"
    default:
      return undefined
  }
}

/** @param keys whether this side uses CURVE */
export const watchHandshakes = Effect.fnUntraced(function* (
  socket: zmq.Dealer | zmq.Subscriber,
  endpoint: string,
  keys: boolean
): Effect.fn.Return<void, never, Scope.Scope> {
  // Now, and not when the fiber runs: what is refused on the same machine can be refused before that, and is told once.
  const { events } = socket
  let told = false
  let lost = 0
  const note = (event: zmq.Event): Effect.Effect<void> => {
    if (event.type === "handshake") {
      told = false
      lost = 0
      return Effect.void
    }
    const problem = problemOf(event, keys)
    if (problem === undefined) return Effect.void
    const temporary = event.type === "handshake:error:other"
    const tell = !told && (!temporary || ++lost >= LOST_IN_A_ROW)
    if (tell) told = true
    const again = Effect.sleep(AGAIN_AFTER).pipe(
      Effect.andThen(
        Effect.try(() => {
          socket.disconnect(endpoint)
          socket.connect(endpoint)
        })
      ),
      Effect.ignore
    )
    return Effect.andThen(
      tell ? Effect.logWarning(`no connection to the feed at ${endpoint}: ${problem}`) : Effect.void,
      temporary ? Effect.void : again
    )
  }
  yield* Effect.tryPromise(() => events.receive()).pipe(
    Effect.flatMap(note),
    // Closed, with its socket.
    Effect.catch(() => Effect.never),
    Effect.forever,
    watched("the gateway stopped watching its handshakes"),
    Effect.forkScoped
  )
})
