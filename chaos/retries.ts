/** Whether connections are tried again no faster than the schedule allows, by the simulator's own ledger. */
import type { ConnectionRecord, ClientLog, LoginAttempt } from "../src/simulator/index.ts"
import { leastPause, reconnect } from "./limits.ts"
import type { Refusing } from "./station.ts"

interface Attempt {
  readonly at: number
  /** When it had failed; undefined: it has not. */
  readonly failed: number | undefined
}

const attemptsOf = ({ connections, logins }: ClientLog): ReadonlyArray<Attempt> => {
  const opened = connections.map(({ closed, opened: at }: ConnectionRecord): Attempt => ({
    at,
    failed: closed
  }))
  // What was declined before it was a connection.
  const declined = logins
    .filter((l) => l.connection === undefined && l.outcome !== "accepted")
    .map(({ at }): Attempt => ({ at, failed: at }))
  return [...opened, ...declined].sort((a, b) => a.at - b.at)
}

/** Clocks have whole milliseconds, and timers fire a little early. */
const TOLERANCE_MS = 20
/** An attempt that was given up for a new beginning may reach the server so much after it, on a busy machine. */
const UNDER_WAY_MS = 500

/**
 * @param anew times at which the schedule begins anew by right: new credentials, a session restarted
 */
const tooSoon = (attempts: ReadonlyArray<Attempt>, anew: ReadonlyArray<number>): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  let failures = 0
  for (const [i, { at }] of attempts.entries()) {
    const previous = attempts[i - 1]
    if (previous === undefined) continue
    const restarted = anew.some((time) => time > previous.at - UNDER_WAY_MS && time <= at + TOLERANCE_MS)
    const lived = (previous.failed ?? at) - previous.at
    failures = restarted ? 0 : lived >= reconnect.healthyAfter - TOLERANCE_MS ? 1 : failures + 1
    const least = failures === 0 ? 0 : leastPause(failures)
    if (at - previous.at >= least - TOLERANCE_MS) continue
    wrong.push(
      `attempt ${i + 1} comes ${at - previous.at} ms after the one before, at least ${least} are due`
    )
  }
  return wrong
}

/** Attempts of one connection that the schedule allows within the time. */
const WINDOW_MS = 2000
const mostInWindow = (): number => {
  let count = 0
  for (let at = 0; at <= WINDOW_MS; at += leastPause(++count))
    if (count > 0 && leastPause(count) === 0) continue
  return count + 1
}

const tooMany = (
  attempts: ReadonlyArray<Attempt>,
  anew: ReadonlyArray<number>,
  slots: number
): ReadonlyArray<string> => {
  for (const { at } of attempts) {
    const within = attempts.filter((a) => a.at >= at && a.at < at + WINDOW_MS).length
    const restarts = anew.filter((time) => time >= at - WINDOW_MS && time < at + WINDOW_MS).length
    const most = slots * mostInWindow() * (1 + restarts)
    if (within > most)
      return [`${within} attempts within ${WINDOW_MS} ms, ${most} are allowed for ${slots} connections`]
  }
  return []
}

/** @param slots connections that the session may have */
export const checkRetries = (
  ledger: ClientLog,
  anew: ReadonlyArray<number>,
  slots: number
): ReadonlyArray<string> => {
  const attempts = attemptsOf(ledger)
  return slots === 1 ? tooSoon(attempts, anew) : tooMany(attempts, anew, slots)
}

/** Within a connection, or by a status. Others, as 503 or a byte stream that is closed, say nothing of the login. */
const isAboutLogin = ({ connection, status }: LoginAttempt): boolean =>
  status === undefined ? connection !== undefined : status === 401 || status === 403

/** After a refused login: once more with what is stored then, and silence until something else is stored. */
export const checkLogins = (
  { logins }: ClientLog,
  refusing: ReadonlyArray<Refusing>,
  slots: number
): ReadonlyArray<string> =>
  refusing.flatMap(({ from, until }) => {
    const all = logins.filter(
      (l) => l.outcome === "refused" && isAboutLogin(l) && l.at >= from && l.at < until
    )
    // A client that does not wait for the answer has its requests refused as well, on one connection.
    const connections = new Set(all.flatMap((l) => (l.connection === undefined ? [] : [l.connection])))
    const refused = connections.size + all.filter((l) => l.connection === undefined).length
    return refused <= 2 * slots
      ? []
      : [
          `${refused} logins were refused within ${until - from} ms, ${2 * slots} are allowed for ${slots} connections`
        ]
  })
