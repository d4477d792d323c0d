/** `algoways keys`: the API keys with which clients authenticate. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { ApiKeys } from "../../store/apiKeys.ts"
import * as flags from "../flags.ts"
import { existingStore } from "../layers.ts"
import { CommandFailed, printRows, time } from "../output.ts"

const create = Command.make(
  "create",
  {
    dataDir: flags.dataDir,
    user: flags.user,
    label: Flag.String("label").pipe(Flag.withDescription("What the key is for"), Flag.optional)
  },
  Effect.fn(function* ({ label, user }) {
    const options = label._tag === "Some" ? { label: label.value } : {}
    const { id, key } = yield* (yield* ApiKeys).create(user, options)
    yield* Console.error(`Key ${id} of ${user}. It is shown only now: only a hash of it is stored.`)
    yield* Console.log(Redacted.value(key))
  })
).pipe(
  Command.withDescription("Make an API key and print it once"),
  Command.withExamples([
    { command: "algoways keys create asha --label charts", description: "A key for asha's charts" }
  ]),
  Command.provide((input) => existingStore(input))
)

const list = Command.make(
  "list",
  { dataDir: flags.dataDir, json: flags.json, user: flags.user.pipe(Argument.optional) },
  Effect.fn(function* ({ json, user }) {
    yield* printRows(yield* (yield* ApiKeys).list(user._tag === "Some" ? user.value : undefined), {
      json,
      header: ["ID", "USER", "LABEL", "CREATED (UTC)"],
      row: (k) => [String(k.id), k.user, k.label, time(k.createdAt)],
      empty: "No keys yet. Make one: algoways keys create USER"
    })
  })
).pipe(
  Command.withDescription("List keys by id; the keys themselves cannot be shown"),
  Command.withExamples([{ command: "algoways keys list asha", description: "The keys of asha" }]),
  Command.provide((input) => existingStore(input))
)

const revoke = Command.make(
  "revoke",
  {
    dataDir: flags.dataDir,
    id: Argument.Int("id").pipe(Argument.withDescription("Id of the key, see: algoways keys list"))
  },
  Effect.fn(function* ({ id }) {
    if (!(yield* (yield* ApiKeys).revoke(id))) {
      return yield* new CommandFailed({ message: `There is no key ${id}. See: algoways keys list` })
    }
    yield* Console.log(`Revoked key ${id}.`)
  })
).pipe(
  Command.withDescription("Revoke a key"),
  Command.withExamples([
    { command: "algoways keys revoke 3", description: "Nobody can log in with key 3 any more" }
  ]),
  Command.provide((input) => existingStore(input))
)

export const keys = Command.make("keys").pipe(
  Command.withDescription("API keys of clients"),
  Command.withSubcommands([create, list, revoke])
)
