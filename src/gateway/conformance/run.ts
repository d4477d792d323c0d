/** Runs the cases of a file, one after another: against the shipped gateway in this process, or against a running one. */
import * as Effect from "effect/Effect"
import type { OrderUpdate } from "../orderUpdates.ts"
import { OrderUpdates } from "../orderUpdates.ts"
import { Gateway } from "../server.ts"
import type { CaseFile, ClientCase, Fixture } from "./caseFile.ts"
import { keysIn } from "./frames.ts"
import { outboundFault } from "../messages/outbound.ts"
import type { CaseWorld } from "./player.ts"
import { runCase } from "./player.ts"
import { adopt, meetKeys } from "./running.ts"
import { Scripted, scriptedGateway } from "./scriptedGateway.ts"

export interface Outcome {
  readonly name: string
  readonly level?: string
  readonly status: "passed" | "failed" | "not_run"
  /** The first difference, or why the case was not run. */
  readonly detail?: string
  readonly ms: number
}

/** What is left behind of a case must be gone before the next one. */
const QUIET_WITHIN_MS = 2000
const LOOK_EVERY_MS = 5

const outcomeOf = (
  { level, name }: ClientCase,
  rest: Pick<Outcome, "status" | "ms"> & { readonly detail?: string }
): Outcome => ({ name, ...(level === undefined ? {} : { level }), ...rest })

const play = (testCase: ClientCase, world: CaseWorld): Effect.Effect<Outcome> =>
  Effect.promise(async () => {
    const begun = Date.now()
    const [detail] = await runCase(testCase, world)
    const ms = Date.now() - begun
    return detail === undefined
      ? outcomeOf(testCase, { status: "passed", ms })
      : outcomeOf(testCase, { status: "failed", detail, ms })
  })

const valuesOf = ({ keys }: Fixture): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(keys).map(([name, { value }]) => [name, value]))

/** The world of a gateway whose feed the cases script. */
export const scriptedWorld = Effect.fnUntraced(function* (fixture: Fixture) {
  const { port } = yield* Gateway
  const feed = yield* Scripted
  const orders = yield* OrderUpdates
  return {
    url: `ws://127.0.0.1:${port}`,
    keys: valuesOf(fixture),
    tick: (tick) => feed.tick(tick),
    order: ({ user_id, ...order }) => orders.publish(user_id, order as unknown as OrderUpdate),
    feed: (step) => feed.become(step),
    inspect: (json) => outboundFault(json)
  } satisfies CaseWorld
})

/** Nothing of one case may reach into the next one. */
const quiet = Effect.gen(function* () {
  const { stats } = yield* Gateway
  const feed = yield* Scripted
  const isQuiet = (): boolean => stats().clients === 0 && feed.held === 0
  for (let waited = 0; !isQuiet() && waited < QUIET_WITHIN_MS; waited += LOOK_EVERY_MS) {
    yield* Effect.sleep(LOOK_EVERY_MS)
  }
  return isQuiet() ? undefined : `${stats().clients} clients and ${feed.held} subscriptions were left behind`
})

/** Against the shipped gateway, started here on a free port over a feed of the file's fixture. */
export const runScripted = (file: CaseFile, cases: ReadonlyArray<ClientCase> = file.cases) =>
  Effect.gen(function* () {
    const world = yield* scriptedWorld(file.fixture)
    return yield* Effect.forEach(
      cases,
      Effect.fnUntraced(function* (testCase) {
        const outcome = yield* play(testCase, world)
        const left = yield* quiet
        return left === undefined || outcome.status === "failed"
          ? outcome
          : { ...outcome, status: "failed" as const, detail: left }
      })
    )
  }).pipe(Effect.provide(scriptedGateway(file.fixture)))

export interface RunningTarget {
  readonly url: string
  /** Keys that this gateway knows, by their name in the file. Others are tried with the fixture's value. */
  readonly keys: Readonly<Record<string, string>>
  /** Whether every frame must be one of ours. */
  readonly strict: boolean
}

const needsScript = ({ send }: ClientCase): boolean =>
  send.some((step) => step.$tick !== undefined || step.$order !== undefined || step.$feed !== undefined)

/** Against a gateway that runs. Its feed does what it wants, so cases that script one are left out. */
export const runAgainst = Effect.fnUntraced(function* (
  file: CaseFile,
  { keys, strict, url }: RunningTarget,
  cases: ReadonlyArray<ClientCase> = file.cases
) {
  const values = { ...valuesOf(file.fixture), ...keys }
  const known = yield* meetKeys(url, file.fixture, values)
  const world: CaseWorld = {
    url,
    keys: values,
    tick: () => undefined,
    order: () => undefined,
    feed: () => undefined,
    ...(strict ? { inspect: (json: unknown) => outboundFault(json) } : {})
  }
  return yield* Effect.forEach(cases, (testCase) => {
    const notRun = (detail: string) =>
      Effect.succeed(outcomeOf(testCase, { status: "not_run", detail, ms: 0 }))
    if (needsScript(testCase)) return notRun("needs the feed scripted")
    const strange = [...keysIn(testCase.send)].find(
      (name) => known.refused.has(name) && !Object.hasOwn(keys, name)
    )
    return strange === undefined
      ? play(adopt(testCase, known), world)
      : notRun(`needs a key that the gateway knows: --key ${strange}=...`)
  })
})
