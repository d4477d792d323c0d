/**
 * A small actor: one fiber, one bounded mailbox, replies. State lives in the handler's closure and no other fiber
 * touches it, so nothing is locked.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { watched } from "../kit/watched.ts"

/** What a sender dies of when the actor's scope has closed. Sending after the end is a bug in the sender. */
export class ActorStopped extends Schema.TaggedError<ActorStopped>()("ActorStopped", {
  actor: Schema.String
}) {
  override get message() {
    return `${this.actor} has stopped`
  }
}

export interface Actor<M> {
  /** Sends a message and does not wait for it to be handled. Waits for room in the mailbox. */
  readonly tell: (message: M) => Effect.Effect<void>
  /** Sends a message that carries a reply, and waits for the reply. Never hangs on a dead actor. */
  readonly ask: <A, E>(make: (reply: Deferred.Deferred<A, E>) => M) => Effect.Effect<A, E>
}

/** A full mailbox makes senders wait (backpressure): every message is a request, and none may be lost. */
const MAILBOX = 1024

/**
 * Runs `handle` for one message after another until the scope closes. If a handler dies, the actor logs it, fails
 * that message's reply with the same cause, and goes on with the next message.
 */
export const makeActor = Effect.fnUntraced(function* <M extends object>(
  name: string,
  handle: (message: M) => Effect.Effect<unknown>
): Effect.fn.Return<Actor<M>, never, Scope.Scope> {
  const mailbox = yield* Effect.acquireRelease(Queue.bounded<M, Cause.Done>(MAILBOX), Queue.shutdown)
  const step = (message: M) =>
    // Suspended: a handler that throws before it has an Effect dies like any other.
    Effect.flatMap(Effect.exit(Effect.suspend(() => handle(message))), (exit) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return Effect.void
      return Effect.andThen(
        Effect.logError(`${name}: a message could not be handled`, exit.cause),
        "reply" in message && Deferred.isDeferred(message.reply)
          ? Effect.asVoid(Deferred.failCause(message.reply, exit.cause))
          : Effect.void
      )
    })
  const loop = yield* Queue.take(mailbox).pipe(
    Effect.flatMap(step),
    Effect.forever,
    Effect.catchIf(Cause.isDone, () => Effect.void),
    watched(`${name} stopped`),
    Effect.forkScoped
  )
  const dead = Effect.die(new ActorStopped({ actor: name }))
  const stopped = Effect.andThen(Fiber.await(loop), dead)
  return {
    tell: (message) => Effect.asVoid(Queue.offer(mailbox, message)),
    ask: <A, E>(make: (reply: Deferred.Deferred<A, E>) => M) =>
      Effect.gen(function* () {
        const reply = yield* Deferred.make<A, E>()
        if (!(yield* Queue.offer(mailbox, make(reply)))) return yield* dead
        return yield* Effect.raceFirst(Deferred.await(reply), stopped)
      })
  }
})
