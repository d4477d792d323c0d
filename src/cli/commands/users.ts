/** `algoways users`: who may have a feed, and at which broker. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { Users } from "../../store/users/users.ts"
import type { User } from "../../store/users/users.ts"
import { missingOf, missingText } from "../text/credentialText.ts"
import { refuseDemoFolder } from "../demo/demoFolder.ts"
import { indiaTime } from "../../kit/indiaTime.ts"
import * as flags from "../flags.ts"
import { canonicalBroker, existingStore, storeLayer } from "../service/layers.ts"
import { printRows } from "../text/output.ts"

/** What a new user lacks before a client can read. */
const nextSteps = Effect.fnUntraced(function* ({ broker, name }: User) {
  const logIn = `algoways credentials set ${name}`
  if (broker === undefined) return [`algoways users set-broker ${name} BROKER`, logIn]
  const { broker: data } = yield* (yield* BrokerRegistry).load(broker)
  const isImported = (yield* (yield* Instruments).count(data.name)) > 0
  return [
    ...(data.credentials.length === 0 ? [] : [logIn]),
    ...(isImported ? [] : [`algoways instruments import ${data.name}`])
  ]
})

const add = Command.make(
  "add",
  { dataDir: flags.dataDir, user: flags.user, broker: flags.broker.pipe(Flag.optional) },
  Effect.fn(function* ({ broker, dataDir, user }) {
    yield* refuseDemoFolder(dataDir, "it has a user of its own alone")
    const name = broker._tag === "Some" ? yield* canonicalBroker(broker.value) : undefined
    const added = yield* (yield* Users).add(user, name)
    const at = added.broker === undefined ? "" : ` at ${added.broker}`
    const next = [...(yield* nextSteps(added)), `algoways keys create ${added.name}`]
    yield* Console.log(`Added user ${added.name}${at}. Next: ${next.join("; ")}`)
  })
).pipe(
  Command.withDescription("Add a user"),
  Command.withExamples([
    { command: "algoways users add asha --broker zerodha", description: "A user of Zerodha" }
  ]),
  Command.provide((input) => storeLayer(input))
)

const list = Command.make(
  "list",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ json }) {
    yield* printRows(yield* (yield* Users).list, {
      json,
      header: ["USER", "BROKER", "CREATED (IST)"],
      row: (u) => [u.name, u.broker ?? "-", indiaTime(u.createdAt)],
      empty: "No users yet. Add one: algoways users add NAME --broker BROKER"
    })
  })
).pipe(
  Command.withDescription("List users and their brokers"),
  Command.withExamples([{ command: "algoways users list", description: "Every user and the active broker" }]),
  Command.provide((input) => existingStore(input))
)

const setBroker = Command.make(
  "set-broker",
  {
    dataDir: flags.dataDir,
    user: flags.user,
    broker: Argument.String("broker").pipe(
      Argument.withDescription("Name of a broker, see: algoways brokers")
    )
  },
  Effect.fn(function* ({ broker, dataDir, user }) {
    yield* refuseDemoFolder(dataDir, 'its broker is chosen by "algoways serve --broker"')
    const name = yield* canonicalBroker(broker)
    yield* (yield* Users).setBroker(user, name)
    const { broker: data } = yield* (yield* BrokerRegistry).load(name)
    const stored = yield* (yield* CredentialStore).get(user, name)
    const missing = missingOf(data, stored?.credentials)
    yield* Console.log(
      missing.length === 0
        ? `${user} now uses ${name}. A running feed follows within seconds; clients stay connected.`
        : `${user} now uses ${name}. ${missingText(data.title, missing)}. Store it: algoways credentials set ${user}. A feed that is connected stays at the broker before until then.`
    )
  })
).pipe(
  Command.withDescription("Change a user's broker"),
  Command.withExamples([
    { command: "algoways users set-broker asha angel", description: "Move asha to Angel One" }
  ]),
  Command.provide((input) => existingStore(input))
)

const remove = Command.make(
  "remove",
  { dataDir: flags.dataDir, user: flags.user },
  Effect.fn(function* ({ user }) {
    yield* (yield* Users).remove(user)
    yield* Console.log(`Removed ${user} with all keys and credentials.`)
  })
).pipe(
  Command.withDescription("Remove a user with all keys and credentials"),
  Command.withExamples([{ command: "algoways users remove asha", description: "Remove asha" }]),
  Command.provide((input) => existingStore(input))
)

export const users = Command.make("users").pipe(
  Command.withDescription("Users, each with one active broker"),
  Command.withSubcommands([add, list, setBroker, remove])
)
