/** `algoways credentials`: what a broker login yields, stored encrypted. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import type { CredentialField, Credentials } from "../../market/credentials.ts"
import { credentialFields } from "../../market/credentials.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import { Users } from "../../store/users/users.ts"
import {
  fieldLike,
  missingOf,
  missingText,
  needsText,
  noSuchField,
  readFields
} from "../text/credentialText.ts"
import { refuseDemoFolder } from "../demo/demoFolder.ts"
import { indiaTime } from "../../kit/indiaTime.ts"
import * as flags from "../flags.ts"
import { canonicalBroker, existingStore } from "../service/layers.ts"
import { CommandFailed, printRows, readStdin } from "../text/output.ts"

const secret = (name: string, what: string) =>
  Flag.Redacted(name).pipe(Flag.withDescription(what), Flag.optional)

const fieldFlags = {
  apiKey: secret("api-key", "The app's API key"),
  apiSecret: secret("api-secret", "The app's secret"),
  authToken: secret("auth-token", "Access token (JWT) of today's login"),
  feedToken: secret("feed-token", "Feed token of today's login"),
  clientCode: secret("client-code", "Client code (login id)"),
  dataCenter: secret("data-center", "Data centre that serves the account"),
  feedUrl: secret("feed-url", "Address of the feed that the login named")
} satisfies Record<CredentialField, unknown>

const fromStdin = Effect.gen(function* () {
  const fields = yield* Effect.fromResult(readFields(yield* readStdin)).pipe(
    Effect.mapError((wrong) => new CommandFailed({ message: `--stdin: ${wrong}.` }))
  )
  return Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, Redacted.make(v)])) as Credentials
})

/** The user's active broker, unless one is named. */
const brokerFor = (user: string, named: Option.Option<string>) =>
  Effect.gen(function* () {
    const { broker } = yield* (yield* Users).get(user)
    const name = Option.getOrUndefined(named) ?? broker
    if (name !== undefined) return yield* canonicalBroker(name)
    return yield* new CommandFailed({
      message: `User ${user} has no broker: name one with --broker, or set one with algoways users set-broker ${user} BROKER`
    })
  })

const set = Command.make(
  "set",
  {
    dataDir: flags.dataDir,
    user: flags.user,
    broker: flags.broker.pipe(Flag.optional),
    ...fieldFlags,
    stdin: Flag.Boolean("stdin").pipe(
      Flag.withDescription(
        "Read a JSON object of fields from standard input, so that no secret stands in a command line"
      ),
      Flag.withDefault(false)
    )
  },
  Effect.fn(function* (input) {
    yield* refuseDemoFolder(input.dataDir, "a login of yours has no place there")
    const broker = yield* brokerFor(input.user, input.broker)
    const given: { -readonly [F in CredentialField]?: Redacted.Redacted<string> } = input.stdin
      ? { ...(yield* fromStdin) }
      : {}
    for (const field of credentialFields) {
      const flag = input[field]
      if (flag._tag === "Some") given[field] = flag.value
    }
    const { broker: data } = yield* (yield* BrokerRegistry).load(broker)
    if (Object.keys(given).length === 0) {
      return yield* new CommandFailed({ message: `Nothing to store. ${needsText(data)}` })
    }
    yield* (yield* CredentialStore).set(input.user, broker, given)
    const stored = yield* (yield* CredentialStore).get(input.user, broker)
    const missing = missingOf(data, stored?.credentials)
    yield* Console.log(`Stored ${Object.keys(given).join(", ")} of ${input.user} for ${broker}.`)
    if (missing.length > 0) yield* Console.log(missingText(data.title, missing))
  })
).pipe(
  Command.withDescription(
    "Store broker credentials: the fields given are replaced, the others stay. A waiting session connects with them within a " +
      "second. Fields mean different things at different brokers: see docs/brokers.md, or give none to see what a broker takes"
  ),
  Command.withExamples([
    { command: "algoways credentials set asha --api-key KEY --auth-token TOKEN", description: "Zerodha" },
    {
      command: "algoways credentials set asha --stdin < login.json",
      description: "Keep secrets out of the history"
    }
  ]),
  Command.provide((input) => existingStore(input))
)

const list = Command.make(
  "list",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ json }) {
    yield* printRows(yield* (yield* CredentialStore).list, {
      json,
      header: ["USER", "BROKER", "FIELDS", "UPDATED (IST)"],
      row: (c) => [c.user, c.broker, c.fields.join(" "), indiaTime(c.updatedAt)],
      empty: "No credentials yet. Store some: algoways credentials set USER"
    })
  })
).pipe(
  Command.withDescription("List which credentials are stored; values are never shown"),
  Command.withExamples([
    { command: "algoways credentials list", description: "Which user has credentials for which broker" }
  ]),
  Command.provide((input) => existingStore(input))
)

const remove = Command.make(
  "remove",
  {
    dataDir: flags.dataDir,
    user: flags.user,
    broker: flags.broker.pipe(Flag.optional),
    field: Flag.String("field").pipe(
      Flag.withDescription("Remove this field only, such as feedUrl; the others stay"),
      Flag.optional
    )
  },
  Effect.fn(function* ({ broker, field, user }) {
    const name = yield* brokerFor(user, broker)
    const only = field._tag === "Some" ? fieldLike(field.value) : undefined
    if (field._tag === "Some" && only === undefined) {
      return yield* new CommandFailed({ message: `--field: ${noSuchField(field.value)}.` })
    }
    const what = only ?? "credentials"
    if (!(yield* (yield* CredentialStore).remove(user, name, only))) {
      return yield* new CommandFailed({
        message: `User ${user} has no ${what} for ${name}. See "algoways credentials list".`
      })
    }
    yield* Console.log(`Removed the ${what} of ${user} for ${name}.`)
  })
).pipe(
  Command.withDescription("Remove stored credentials, or one field of them"),
  Command.withExamples([
    { command: "algoways credentials remove asha --broker angel", description: "Remove a login" },
    {
      command: "algoways credentials remove asha --field feedUrl",
      description: "Remove one field at the user's broker"
    }
  ]),
  Command.provide((input) => existingStore(input))
)

export const credentials = Command.make("credentials").pipe(
  Command.withDescription("Broker credentials, encrypted at rest"),
  Command.withSubcommands([set, list, remove])
)
