/** `algoways keys`: the API keys with which clients authenticate. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { ApiKeys } from "../../store/users/apiKeys.ts"
import { indiaTime } from "../../kit/indiaTime.ts"
import * as flags from "../flags.ts"
import { existingStore } from "../service/layers.ts"
import { CommandFailed, printRows } from "../text/output.ts"

const resume = Flag.Boolean("resume").pipe(
  Flag.withDescription(
    "Give clients with this key their subscriptions back when they reconnect, for programs that never subscribe again"
  )
)

const create = Command.make(
  "create",
  {
    dataDir: flags.dataDir,
    user: flags.user,
    label: Flag.String("label").pipe(Flag.withDescription("What the key is for"), Flag.optional),
    resume: resume.pipe(Flag.withDefault(false))
  },
  Effect.fn(function* ({ label, resume, user }) {
    const options = label._tag === "Some" ? { label: label.value } : {}
    const { id, key } = yield* (yield* ApiKeys).create(user, { ...options, resume })
    yield* Console.error(`Key ${id} of ${user}. It is shown only now: only a hash of it is stored.`)
    yield* Console.log(Redacted.value(key))
  })
).pipe(
  Command.withDescription("Make an API key and print it once"),
  Command.withExamples([
    { command: "algoways keys create asha --label charts", description: "A key for asha's charts" },
    {
      command: "algoways keys create asha --label node --resume",
      description: "A key for a program that reconnects and does not subscribe again"
    }
  ]),
  Command.provide((input) => existingStore(input))
)

const list = Command.make(
  "list",
  { dataDir: flags.dataDir, json: flags.json, user: flags.user.pipe(Argument.optional) },
  Effect.fn(function* ({ json, user }) {
    yield* printRows(yield* (yield* ApiKeys).list(user._tag === "Some" ? user.value : undefined), {
      json,
      header: ["ID", "USER", "LABEL", "CREATED (IST)", "RESUME"],
      row: (k) => [String(k.id), k.user, k.label, indiaTime(k.createdAt), k.resume ? "yes" : "no"],
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
  Command.withExamples([{ command: "algoways keys revoke 3", description: "Key 3 no longer logs in" }]),
  Command.provide((input) => existingStore(input))
)

const set = Command.make(
  "set",
  {
    dataDir: flags.dataDir,
    id: Argument.Int("id").pipe(Argument.withDescription("Id of the key, see: algoways keys list")),
    resume
  },
  Effect.fn(function* ({ id, resume }) {
    if (!(yield* (yield* ApiKeys).setResume(id, resume))) {
      return yield* new CommandFailed({ message: `There is no key ${id}. See: algoways keys list` })
    }
    yield* Console.log(
      resume
        ? `Clients that log in with key ${id} from now on get their subscriptions back when they reconnect.`
        : `Clients of key ${id} get their subscriptions back only if they ask for it.`
    )
  })
).pipe(
  Command.withDescription("Change a key"),
  Command.withExamples([
    {
      command: "algoways keys set 3 --resume",
      description: "Programs with key 3 get their subscriptions back when they reconnect"
    },
    { command: "algoways keys set 3 --no-resume", description: "They no longer get them back" }
  ]),
  Command.provide((input) => existingStore(input))
)

export const keys = Command.make("keys").pipe(
  Command.withDescription("API keys of clients"),
  Command.withSubcommands([create, list, set, revoke])
)
