/** What a session takes from its environment. Each has a default that suits an embedding application. */
import * as Context from "effect/Context"
import { makeCalendar } from "../market/calendar.ts"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FeedError } from "../bus/feed.ts"
import type { MarketHours } from "../market/hours.ts"
import type { PlausibilityOptions } from "./ticks/plausibility.ts"
import { DEFAULT_PERCENT } from "./ticks/plausibility.ts"
import type { Tap } from "./ticks/tap.ts"
import { noTap } from "./ticks/tap.ts"

/** The exchanges' calendar, by which silence is judged. The built-in one by default, because a quiet night is no fault. */
export const Hours = Context.Reference<MarketHours>("algoways/session/Hours", {
  defaultValue: () => makeCalendar()
})

/** The listeners on the connections' raw wire frames: the flight recorder, the quarantine. */
export const ConnectionTaps = Context.Reference<Tap>("algoways/session/ConnectionTaps", {
  defaultValue: () => noTap
})

/** Whether impossible prices are marked or dropped. */
export const Plausibility = Context.Reference<PlausibilityOptions>("algoways/session/Plausibility", {
  defaultValue: () => ({ mode: "off", percent: DEFAULT_PERCENT })
})

/** Claims a user's feed for this process while the scope is open, or reports which process has it. */
export const ClaimUser = Context.Reference<(user: string) => Effect.Effect<void, FeedError, Scope.Scope>>(
  "algoways/session/ClaimUser",
  { defaultValue: () => () => Effect.void }
)
