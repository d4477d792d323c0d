/** `algoways secret`: what to do when the master secret is lost. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Store from "../../store/index.ts"
import { MasterSecret } from "../../store/credentials/masterSecret.ts"
import { countSealed, forgetSealed, sealedText } from "../../store/credentials/sealedRows.ts"
import { hasDatabase } from "../demo/demoFolder.ts"
import * as flags from "../flags.ts"
import { CommandFailed } from "../text/output.ts"

const renew = Command.make(
  "renew",
  {
    dataDir: flags.dataDir,
    forget: Flag.Boolean("forget").pipe(
      Flag.withDescription(
        "Do it: remove every stored login and API key that the present secret does not open"
      ),
      Flag.withDefault(false)
    )
  },
  Effect.fn(function* ({ dataDir, forget }) {
    yield* hasDatabase(dataDir)
    if (!forget) {
      return yield* new CommandFailed({
        message:
          "This makes a new key file where there is none, and removes every stored login and API key that the present secret does not open: nothing can bring them back. First look for a backup of secret.key. To go on, stop the services of this folder and run it with --forget."
      })
    }
    yield* Effect.gen(function* () {
      const { fingerprint, source } = yield* MasterSecret
      const sealed = yield* countSealed(fingerprint)
      if (sealed.logins + sealed.keys === 0) {
        return yield* Console.log(`Nothing to do: the secret from ${source} opens all that is stored.`)
      }
      const gone = yield* forgetSealed(fingerprint)
      yield* Console.log(
        `Removed ${sealedText(gone)}. Users and instruments stay. Make new keys with "algoways keys create USER", store logins with "algoways credentials set USER", and start the services again.`
      )
    }).pipe(Effect.provide(Store.secretLayer({ dataDir })))
  })
).pipe(
  Command.withDescription("Start again after you have lost the master secret"),
  Command.withExamples([
    { command: "algoways secret renew --forget", description: "There is no backup of secret.key" }
  ])
)

export const secret = Command.make("secret").pipe(
  Command.withDescription("The master secret, under which logins and API keys are stored"),
  Command.withSubcommands([renew])
)
