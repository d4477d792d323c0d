/**
 * The limits of chaos runs: those of the sessions, shortened so that a scenario takes seconds, and how long a recovery
 * may take by them.
 */
import type { Broker } from "../src/brokers/broker.ts"
import type { BrokerOverride } from "../src/brokers/overrides.ts"
import { GOES_ON_MS } from "../src/session/subscriptions/leftovers.ts"

/** All in ms. */
export const reconnect = {
  base: 100,
  cap: 800,
  healthyAfter: 3000,
  limitedPause: 700,
  displacedPause: 600
} as const

export const intensity = {
  connectionFaults: 5,
  sessionRestarts: 3,
  withinMs: 4000,
  pauseMs: 1500
} as const

const watch = {
  silentAfterMs: 2500,
  ticklessAfterMs: 1500,
  firstTickAfterMs: 2000,
  partialAfterMs: 2000
} as const
const HEARTBEAT_MS = 400
const PING_MS = 500
const PONG_WITHIN_MS = 1500

/** Beside where its simulator is. What the broker does not do is not begun here. */
export const shortened = ({ heartbeat }: Broker): BrokerOverride => ({
  ...watch,
  ...(heartbeat.sendEveryMs === undefined ? {} : { heartbeatEveryMs: HEARTBEAT_MS }),
  ...(heartbeat.pingEveryMs === undefined ? {} : { pingEveryMs: PING_MS, pongWithinMs: PONG_WITHIN_MS })
})

/** The jitter of the schedule adds so much at most. */
export const JITTER = 0.2
/** `session.ts` looks once a second, and pauses as long before a session starts anew. */
const CARE_MS = 1000
const SESSION_PAUSE_MS = 1000
/** `transport/webSocket.ts` and `byteStream.ts` give up an attempt that nobody answers; `http.ts` a request. */
const UNANSWERED_MS = 10_000
/** `connection.ts` waits so long for the answer to a login, while pings are answered. */
const LOGIN_MS = 15_000
/** A new login in the database is noticed. */
const NOTICED_MS = 1000
/** Connecting and logging in over the loopback. */
const CONNECT_MS = 500
/** The slowest instrument of the simulated market changes so often. */
const TICK_MS = 1500
/** Timers and work of all worlds on one thread. */
const SLACK_MS = 1500

/**
 * What a broker that let an unsubscription fall goes on with is given up once more, and then ended with its connection
 * (`leftovers.ts`): each time after a tick some seconds later, and a look. That pause is not shortened here.
 */
export const ENDED_MS = 2 * (GOES_ON_MS + TICK_MS + CARE_MS) + reconnect.cap + CONNECT_MS + SLACK_MS

/** What a recovery may have to wait for, by what went wrong. */
export interface Waits {
  /** Nobody noticed yet that a connection is of no use. */
  readonly watchdog?: boolean
  /** A subscription was lost, and is asked for again at growing intervals. */
  readonly resend?: boolean
  /** An attempt hangs. */
  readonly unanswered?: boolean
  /** The answer to a login may have been lost. */
  readonly loginLost?: boolean
  /** The schedule's pause after "too fast". */
  readonly limited?: boolean
  /** The pause after another program's login, after so many in a row. */
  readonly displaced?: number
  /** The decoder or the broker's protocol broke: the session may have been restarted. */
  readonly faulty?: boolean
  /** New credentials are stored. */
  readonly login?: boolean
}

/**
 * How long after the end of all faults each wanted instrument has ticked again.
 *
 * @param faultMs how long the faults lasted: what doubles its pauses has doubled them in that time
 * @param instruments to be asked for anew
 */
export const boundOf = (
  waits: ReadonlyArray<Waits>,
  faultMs: number,
  instruments: number,
  pacing: Broker["pacing"]
): number => {
  const any = (wait: (w: Waits) => unknown) => waits.some((w) => wait(w) !== undefined && wait(w) !== false)
  const { cap, displacedPause, limitedPause } = reconnect
  const noticed = Math.max(1.25 * watch.silentAfterMs, PONG_WITHIN_MS + PING_MS, watch.ticklessAfterMs)
  const displaced = Math.max(0, ...waits.map((w) => (w.displaced ?? 0) && displacedPause * 2 ** w.displaced!))
  const pause = Math.max(cap * (1 + JITTER), any((w) => w.limited) ? limitedPause : 0, displaced)
  const paced = Math.ceil(instruments / pacing.batch) * pacing.intervalMs
  return (
    SLACK_MS +
    pause +
    CONNECT_MS +
    paced +
    TICK_MS +
    (any((w) => w.watchdog) ? noticed + CARE_MS + watch.firstTickAfterMs + faultMs : 0) +
    (any((w) => w.resend) ? watch.firstTickAfterMs + CARE_MS + faultMs : 0) +
    (any((w) => w.unanswered) ? UNANSWERED_MS : 0) +
    (any((w) => w.loginLost) ? LOGIN_MS : 0) +
    (any((w) => w.faulty) ? SESSION_PAUSE_MS + intensity.pauseMs : 0) +
    (any((w) => w.login) ? NOTICED_MS : 0)
  )
}

/** The least pause before the attempt after so many in a row that failed, in ms. The first one comes at once. */
export const leastPause = (attempt: number): number =>
  attempt <= 1 ? 0 : (1 - JITTER) * Math.min(reconnect.base * 2 ** (attempt - 1), reconnect.cap)
