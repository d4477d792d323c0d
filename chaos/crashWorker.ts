/**
 * Another process for `crash.ts`: writes users, keys, credentials and instruments without end, and says so, a line of
 * JSON for each commit, after it.
 *
 * Arguments: data folder, a prefix of names that no other process uses.
 */
import { writeSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Instrument } from "../src/market/instrument.ts"
import { ApiKeys } from "../src/store/users/apiKeys.ts"
import { CredentialStore } from "../src/store/credentials/credentials.ts"
import * as Store from "../src/store/index.ts"
import { Instruments } from "../src/store/instruments/instruments.ts"
import { Users } from "../src/store/users/users.ts"
import type { Committed } from "./crash.ts"

const [dataDir, prefix] = process.argv.slice(2)
if (dataDir === undefined || prefix === undefined)
  throw new Error("usage: crashWorker.ts <data folder> <prefix>")

/** Each import is one more than the one before. */
const INSTRUMENTS = 300

const say = (committed: Committed) =>
  Effect.sync(() => {
    writeSync(1, `${JSON.stringify(committed)}\n`)
  })

const instruments = (count: number): ReadonlyArray<Instrument> =>
  Array.from({ length: count }, (_, i) => ({
    symbol: `S${i}`,
    exchange: "NSE",
    brokerSymbol: `S${i}`,
    brokerExchange: "NSE",
    token: String(i + 1),
    name: `${prefix} ${count}`,
    lotSize: 1,
    tickSize: 0.05,
    type: "EQ"
  }))

const work = Effect.gen(function* () {
  const users = yield* Users
  const keys = yield* ApiKeys
  const credentials = yield* CredentialStore
  const table = yield* Instruments
  for (let n = 0; ; n++) {
    const user = `${prefix}-${n}`
    yield* users.add(user)
    yield* say({ kind: "user", user })
    const { key } = yield* keys.create(user)
    yield* say({ kind: "key", user, key: Redacted.value(key) })
    const authToken = `token of ${user}`
    yield* credentials.set(user, "angel", {
      authToken: Redacted.make(authToken),
      apiKey: Redacted.make(user)
    })
    yield* say({ kind: "credentials", user, authToken })
    yield* users.setBroker(user, "angel")
    yield* say({ kind: "broker", user, broker: "angel" })
    if (n % 7 !== 3) continue
    const count = INSTRUMENTS + n
    yield* table.replace(prefix, instruments(count))
    yield* say({ kind: "instruments", broker: prefix, count })
  }
})

await Effect.runPromise(work.pipe(Effect.provide(Store.layer({ dataDir }))))
