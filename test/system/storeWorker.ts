/**
 * Another process on the same data folder, for `store-processes.test.ts`: says "ready", waits for a line, then opens
 * the store, works, and prints what it did as one line of JSON.
 *
 * Arguments: data folder, user, number of writes.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"

const [dataDir, user, writes] = process.argv.slice(2)
if (dataDir === undefined || user === undefined)
  throw new Error("usage: storeWorker.ts <data folder> <user> <writes>")

const work = Effect.gen(function* () {
  yield* (yield* Users).add(user)
  const { key } = yield* (yield* ApiKeys).create(user)
  const credentials = yield* CredentialStore
  for (let i = 1; i <= Number(writes); i++) {
    yield* credentials.set(user, "angel", { authToken: Redacted.make(`${user} ${i}`) })
  }
  const stored = yield* credentials.get(user, "angel")
  return { user, key: Redacted.value(key), last: stored && Redacted.value(stored.credentials.authToken!) }
})

process.stdout.write("ready\n")
await once(process.stdin, "data")
const exit = await Effect.runPromiseExit(work.pipe(Effect.provide(Store.layer({ dataDir }))))
process.stdout.write(
  `${JSON.stringify(exit._tag === "Success" ? exit.value : { user, failed: String(exit.cause) })}\n`
)
process.exit(0)
