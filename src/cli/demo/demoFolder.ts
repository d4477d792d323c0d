/**
 * Where the demo lives: in a data folder of its own, `<data>/demo`, which its key file marks. Users of a real folder are never sent to
 * the simulated exchange, and the demo's user never to a broker.
 */
import { existsSync } from "node:fs"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import * as Store from "../../store/index.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { readOrMakeKeyFile } from "../../store/credentials/keyFile.ts"
import { Users } from "../../store/users/users.ts"
import { isDemoLogin } from "./demoLogin.ts"
import { isDataFolder } from "../dataFolder.ts"
import { CommandFailed } from "../text/output.ts"

export const DEMO_USER = "demo"
const KEY_FILE = "demo.key"
const FOLDER = "demo"

export const isDemoFolder = (dataDir: string): boolean => existsSync(join(dataDir, KEY_FILE))

export const demoFolderOf = (dataDir: string): string =>
  isDemoFolder(dataDir) ? dataDir : join(dataDir, FOLDER)

/** For what concerns real users alone. */
export const refuseDemoFolder = (dataDir: string, what: string): Effect.Effect<void, CommandFailed> =>
  isDemoFolder(dataDir)
    ? Effect.fail(
        new CommandFailed({
          message: `${dataDir} is the demo's folder, and ${what}. Name another folder with --data-dir (ALGOWAYS_DATA_DIR).`
        })
      )
    : Effect.void

/** For what only reads: a folder that is not there is a wrong name, and none is made. */
export const hasDatabase = (dataDir: string): Effect.Effect<void, CommandFailed> =>
  Effect.andThen(
    isDataFolder(dataDir),
    Effect.suspend(() => {
      if (existsSync(join(dataDir, Store.DATABASE_FILE))) return Effect.void
      const demo = demoFolderOf(dataDir)
      const remedy = isDemoFolder(demo)
        ? `The demo's folder is ${demo}: name it with --data-dir (ALGOWAYS_DATA_DIR)`
        : 'Name the data folder with --data-dir (ALGOWAYS_DATA_DIR), or begin with "algoways users add NAME --broker BROKER" or "algoways instruments import BROKER"'
      return Effect.fail(new CommandFailed({ message: `${dataDir} holds no data of AlgoWays. ${remedy}.` }))
    })
  )

/** The API key of the demo's user. No secret: it opens invented prices alone, and every start prints it. */
export const demoKey = Effect.fnUntraced(function* (folder: string) {
  const file = join(folder, KEY_FILE)
  const key = (yield* readOrMakeKeyFile(file, () => `${randomBytes(32).toString("hex")}\n`)).trim()
  if (/^[0-9a-f]{64}$/.test(key)) return Redacted.make(key)
  return yield* new CommandFailed({
    message: `${file} holds no key of the demo's: remove it, and the demo gets another one`
  })
})

/** What an older version's demo left in a folder of real users. */
export interface Leftover {
  readonly broker: string
  /** Too few for a real broker: they are the simulated market's. */
  readonly instruments: number
}

/** The user `demo` with the login of the simulator, which no real one has. In the demo's own folder it is no leftover. */
const leftoverIn = Effect.fnUntraced(function* () {
  const user = (yield* (yield* Users).list).find(({ name }) => name === DEMO_USER)
  if (user?.broker === undefined) return undefined
  const stored = yield* Effect.option((yield* CredentialStore).get(DEMO_USER, user.broker))
  const login = Option.getOrUndefined(stored)?.credentials
  if (login === undefined || !isDemoLogin(login)) return undefined
  const { broker } = yield* (yield* BrokerRegistry).load(user.broker)
  const instruments = yield* (yield* Instruments).count(broker.name)
  return {
    broker: broker.name,
    instruments: instruments < broker.instrumentMaster.minimumRows ? instruments : 0
  } satisfies Leftover
})

export const leftoverFound = (dataDir: string): string =>
  `of an older version's demo, which has the folder ${demoFolderOf(dataDir)} and a key of its own now`

export const leftoverRemedy = ({ broker, instruments }: Leftover): string =>
  `Remove it with "algoways users remove ${DEMO_USER}"` +
  (instruments === 0
    ? ""
    : `. The ${instruments} instruments of ${broker} there seem to be the simulated market's, too: import today's with "algoways instruments import ${broker} --force"`)

const leftoverText = (dataDir: string, leftover: Leftover): string =>
  `user ${DEMO_USER} in ${dataDir} is ${leftoverFound(dataDir)}. ${leftoverRemedy(leftover)}`

export interface FolderUsers {
  /** Of brokers, in their order by name. */
  readonly real: ReadonlyArray<string>
  readonly leftover: Leftover | undefined
}

/** Who is in a folder. Makes nothing where there is no database. */
export const usersIn = Effect.fn("usersIn")(function* (dataDir: string) {
  if (!existsSync(join(dataDir, Store.DATABASE_FILE))) {
    return { real: [], leftover: undefined } satisfies FolderUsers
  }
  return yield* Effect.gen(function* () {
    const names = (yield* (yield* Users).list).map(({ name }) => name)
    const leftover = yield* leftoverIn()
    const real = leftover === undefined ? names : names.filter((name) => name !== DEMO_USER)
    return { real, leftover } satisfies FolderUsers
  }).pipe(Effect.provide([Store.layer({ dataDir }), BrokerRegistry.layer]), Effect.scoped)
})

/** For a service of real users, whose log nobody else tells it. */
export const warnOfLeftover = Effect.fnUntraced(function* (dataDir: string) {
  const { leftover } = yield* usersIn(dataDir)
  if (leftover !== undefined) yield* Effect.logWarning(leftoverText(dataDir, leftover))
})

export interface ChosenFolder {
  readonly demo: boolean
  readonly dataDir: string
}

/**
 * Whether it is the demo that is served, and from which folder: without a word the users that the folder has, and where it has none
 * the demo.
 *
 * @param asked `--demo` or `--no-demo`
 */
export const chooseFolder = Effect.fn("chooseFolder")(function* (
  dataDir: string,
  asked: Option.Option<boolean>
) {
  yield* isDataFolder(dataDir)
  const demo = { demo: true, dataDir: demoFolderOf(dataDir) } satisfies ChosenFolder
  const wanted = Option.getOrUndefined(asked)
  if (wanted === false) {
    yield* refuseDemoFolder(dataDir, "its user has no login at a broker")
    return { demo: false, dataDir } satisfies ChosenFolder
  }
  if (isDemoFolder(dataDir)) return demo
  const there = yield* usersIn(dataDir)
  if (there.leftover !== undefined) yield* Effect.logWarning(leftoverText(dataDir, there.leftover))
  if (wanted === undefined && there.real.length > 0) {
    return { demo: false, dataDir } satisfies ChosenFolder
  }
  const others = yield* usersIn(demo.dataDir)
  if (!isDemoFolder(demo.dataDir) && others.real.length > 0) {
    return yield* new CommandFailed({
      message: `The demo wants the folder ${demo.dataDir}, which has users of its own (${others.real.join(", ")}). Give the demo another one with --data-dir, or serve those with --no-demo --data-dir ${demo.dataDir}.`
    })
  }
  return demo
})
