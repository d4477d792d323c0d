/** Whom a line of the gateway's log is about, as fields: the same names in every line, in text as in JSON. Never a key. */
import type * as Effect from "effect/Effect"
import { annotateLogs } from "effect/Effect"
import type { Client } from "./client.ts"

/** Each line that the effect writes names the client, its address, and its user once it has one. */
export const aboutClient =
  ({ address, id, user }: Client) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    annotateLogs(self, user === undefined ? { client: id, address } : { client: id, address, user })
