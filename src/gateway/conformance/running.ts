/** A gateway that runs has users and brokers of its own: what stands for those of the cases. */
import * as Effect from "effect/Effect"
import type { ClientCase, Fixture } from "./caseFile.ts"
import { CaseClient } from "./caseClient.ts"

export interface KnownNames {
  /** Users and brokers of the running gateway by those of the fixture. */
  readonly users: ReadonlyMap<string, string>
  readonly brokers: ReadonlyMap<string, string>
  /** Names of keys that should be somebody's and are nobody's here. */
  readonly refused: ReadonlySet<string>
}

const ANSWER_WITHIN_MS = 5000

type Json = Readonly<Record<string, unknown>>

/** The first frame of the answer to a login; undefined when none came. */
const logIn = async (url: string, key: string): Promise<Json | undefined> => {
  const client = new CaseClient()
  try {
    await client.open(url)
    client.send(JSON.stringify({ action: "authenticate", api_key: key }))
    await client.arrival(ANSWER_WITHIN_MS)
    const [item] = client.received
    return item?.kind === "frame" ? (item.json as Json) : undefined
  } finally {
    await client.close()
  }
}

/** Logs in with each key once and reads who answers. Fails when nobody listens. */
export const meetKeys = (
  url: string,
  fixture: Fixture,
  values: Readonly<Record<string, string>>
): Effect.Effect<KnownNames, Error> =>
  Effect.tryPromise({
    try: async () => {
      const users = new Map<string, string>()
      const brokers = new Map<string, string>()
      const refused = new Set<string>()
      for (const [name, { broker, user_id }] of Object.entries(fixture.keys)) {
        if (user_id === undefined) continue
        const answer = await logIn(url, values[name]!)
        if (answer?.["code"] === "AUTHENTICATION_ERROR") refused.add(name)
        if (answer?.["type"] !== "auth") continue
        if (typeof answer["user_id"] === "string") users.set(user_id, answer["user_id"])
        // The first key of a broker speaks for it: KEY_A before the special ones.
        if (broker && !brokers.has(broker) && typeof answer["broker"] === "string") {
          brokers.set(broker, answer["broker"])
        }
      }
      return { users, brokers, refused }
    },
    catch: (cause) => (cause instanceof Error ? cause : new Error(String(cause)))
  })

const renamed = (value: unknown, known: KnownNames): unknown => {
  if (Array.isArray(value)) return value.map((item) => renamed(item, known))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const names = key === "broker" ? known.brokers : key === "user_id" ? known.users : undefined
      return [key, typeof item === "string" ? (names?.get(item) ?? item) : renamed(item, known)]
    })
  )
}

/** The case with the running gateway's users and brokers in what it expects. */
export const adopt = (testCase: ClientCase, known: KnownNames): ClientCase => ({
  ...testCase,
  expect: testCase.expect.map((expectation) => ({
    ...expectation,
    ...("frame" in expectation ? { frame: renamed(expectation.frame, known) } : {}),
    ...("none" in expectation ? { none: renamed(expectation.none, known) } : {})
  }))
})
