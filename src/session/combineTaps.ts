/** Several who listen in on the same connections. */
import type { ConnectionTap, Tap } from "./tap.ts"

export const combineTaps = (...taps: ReadonlyArray<Tap>): Tap => ({
  connection: (name) => {
    const all = taps.map((tap) => tap.connection(name))
    const each =
      <Args extends ReadonlyArray<unknown>>(
        pick: (tap: ConnectionTap) => ((...args: Args) => void) | undefined
      ) =>
      (...args: Args): void => {
        for (const tap of all) pick(tap)?.(...args)
      }
    return {
      opened: each((t) => t.opened),
      requested: each((t) => t.requested),
      frame: each((t) => t.frame),
      answered: each((t) => t.answered),
      rejected: each((t) => t.rejected),
      ticked: each((t) => t.ticked),
      closed: each((t) => t.closed),
      alarm: each((t) => t.alarm)
    }
  }
})
