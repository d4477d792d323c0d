/** One kind of misbehaviour, and what it may cost. */
import type { HostileTask } from "../hostileProcess.ts"

export interface Running {
  /** Frames, handshakes or bytes: the act's own unit. */
  readonly done: () => number
}

export interface Act {
  /** Opens its connections again when it is thrown out, and counts what it managed to do. */
  readonly run: (task: HostileTask) => Running
  /** Connections; without it as many as the suite's size has for all acts. */
  readonly connections?: number
  /** Bytes by which the gateway may be above its level before, while it goes on; without it `USUAL_MEMORY` of the suite. */
  readonly memory?: number
  /** At least so long, where the suite's size is too short to see it happen. */
  readonly seconds?: number
  /** New clients log in meanwhile, each at its first try. */
  readonly logins?: boolean
  /** Its connections only sit there: it has nothing to count. */
  readonly idle?: boolean
}

/** Acts by their names. */
export type Acts = Readonly<Record<string, Act>>
