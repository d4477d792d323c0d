/** Runs a protocol's login: its REST calls, if it has any, up to the handshake. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Broker } from "../../brokers/broker.ts"
import { codecOptions } from "../../brokers/broker.ts"
import type { Credentials } from "../../market/credentials.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { Handshake, HttpAnswer, HttpRequest, Protocol } from "../../protocols/protocol.ts"

/** More calls than any login takes: ends a login that runs in a circle. */
const MAX_CALLS = 20

const unanswered = (failure: ConnectionFailure): HttpAnswer => ({
  status: 0,
  headers: {},
  body: "",
  unanswered: failure.detail
})

/** Fails with the reason that the protocol gives, or with that of a call without an answer. */
export const logIn = Effect.fnUntraced(function* (
  broker: Broker,
  protocol: Protocol,
  credentials: Credentials,
  request: (request: HttpRequest) => Effect.Effect<HttpAnswer, ConnectionFailure>
): Effect.fn.Return<Handshake, ConnectionFailure> {
  const begun = protocol.handshake({
    endpoint: broker.endpoint,
    services: broker.services ?? {},
    credentials,
    now: yield* Clock.currentTimeMillis,
    random: crypto.getRandomValues(new Uint8Array(64)),
    options: codecOptions(broker)
  })
  let outcome: Handshake | ConnectionFailure
  if ("next" in begun) {
    let step = begun.next()
    for (let calls = 0; step.done !== true; calls++) {
      if (calls === MAX_CALLS) return yield* Effect.die(new Error(`the login of ${protocol.name} never ends`))
      const answer = request(step.value)
      step = begun.next(
        yield* step.value.optional === true
          ? Effect.catch(answer, (failure) => Effect.succeed(unanswered(failure)))
          : answer
      )
    }
    outcome = step.value
  } else outcome = begun
  return "_tag" in outcome ? yield* Effect.fail(outcome) : outcome
})
