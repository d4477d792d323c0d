/** Whose instruments a command is about, when it need not be said. */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { Instruments } from "../store/instruments/instruments.ts"
import { Users } from "../store/users/users.ts"
import { canonicalBroker } from "./service/layers.ts"
import { CommandFailed } from "./text/output.ts"

export interface Choice {
  readonly broker: Option.Option<string>
  readonly user: Option.Option<string>
}

export const noInstruments = (broker: string): string =>
  `There are no instruments of ${broker}. Import them with "algoways instruments import ${broker}".`

/** Fails where none of the broker's instruments were imported: every name would look wrong there. */
export const requireInstruments = Effect.fn("requireInstruments")(function* (broker: string) {
  if ((yield* (yield* Instruments).brokers).includes(broker)) return broker
  return yield* new CommandFailed({ message: noInstruments(broker) })
})

/** The broker that is named, that of the user who is named, or the only one of which there are instruments. */
export const chosenBroker = Effect.fn("chosenBroker")(function* ({ broker, user }: Choice) {
  if (broker._tag === "Some" && user._tag === "Some") {
    return yield* new CommandFailed({ message: "Give --broker or --user, not both." })
  }
  if (broker._tag === "Some") return yield* canonicalBroker(broker.value)
  if (user._tag === "Some") {
    const { broker: its, name } = yield* (yield* Users).get(user.value)
    if (its !== undefined) return its
    return yield* new CommandFailed({
      message: `User "${name}" has no broker. Set one with "algoways users set-broker ${name} BROKER".`
    })
  }
  const known = yield* (yield* Instruments).brokers
  if (known.length === 1) return known[0]!
  return yield* new CommandFailed({
    message:
      known.length === 0
        ? 'There are no instruments. Import a broker\'s with "algoways instruments import BROKER".'
        : `There are instruments of ${known.join(", ")}. Name one with --broker, or a user with --user.`
  })
})
