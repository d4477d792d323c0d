/** What the simulated broker has on its books, held against what is wanted. */
import * as Effect from "effect/Effect"
import { ENDED_MS } from "./limits.ts"
import type { Station } from "./station.ts"

const EVERY_MS = 100
/** A closing handshake takes so long at most, and the next connection may be up before. */
const CLOSING_MS = 1000
/** An instrument that changes its connection is subscribed twice until it ticks at its new place. */
const HANDOVER_MS = 15_000
/** Once a second a session looks after what lingers. */
const CARE_MS = 1000
const SLACK_MS = 1500

/** Watches for instruments that two connections hold. Never ends. */
export const watchUpstream = (station: Station): Effect.Effect<never> => {
  const twiceSince = new Map<string, number>()
  const look = Effect.sync(() => {
    const now = Date.now()
    for (const { exchange, symbol } of station.priced.instruments) {
      const name = `${exchange}:${symbol}`
      if (station.simulator.heldBy(name) < 2 || now < station.blindUntil) {
        twiceSince.delete(name)
        continue
      }
      const since = twiceSince.get(name)
      if (since === undefined) {
        twiceSince.set(name, now)
        continue
      }
      const moving = now - station.observer.rebalancedAt < HANDOVER_MS
      if (now - since <= (moving ? HANDOVER_MS : CLOSING_MS)) continue
      // A broker that let an unsubscription fall shows it by going on, once it sends anything.
      if (station.losesRequests && now - Math.max(since, station.faultsOverAt) <= HANDOVER_MS + ENDED_MS)
        continue
      station.recorder.violated(
        "double subscription",
        `${name} is held by ${station.simulator.heldBy(name)} connections for ${now - since} ms`
      )
    }
  })
  return Effect.forever(Effect.andThen(look, Effect.sleep(EVERY_MS)))
}

const wrongOf = ({ priced, simulator, wants }: Station): ReadonlyArray<string> => {
  const { names } = wants
  return priced.instruments.flatMap(({ exchange, symbol }) => {
    const name = `${exchange}:${symbol}`
    const held = simulator.heldBy(name)
    // Some wires tell indices unasked, so that nobody holds what is wanted; that it ticks was seen already.
    const most = names.has(name) ? 1 : 0
    return held <= most ? [] : [`${name} is held by ${held} connections instead of ${most}`]
  })
}

/** When nobody comes or goes any more, nothing is held but what is wanted, and that by one connection each. */
export const settleUpstream = Effect.fnUntraced(function* (
  station: Station,
  stalled: (since: number) => number
) {
  const { intervalMs, lingerMs } = station.stage
  const unheard = station.losesRequests ? ENDED_MS : 0
  const began = Date.now()
  const within = lingerMs + CARE_MS + SLACK_MS + unheard + 4 * intervalMs * station.priced.instruments.length
  let wrong = wrongOf(station)
  while (wrong.length > 0) {
    const now = Date.now()
    const late = now - began > within + stalled(began)
    if (late && now - station.observer.rebalancedAt > HANDOVER_MS) {
      station.recorder.violated("left upstream", wrong.slice(0, 5).join("; "))
      return
    }
    yield* Effect.sleep(20)
    wrong = wrongOf(station)
  }
})
