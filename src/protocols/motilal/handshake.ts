/** How a Motilal Oswal connection is asked for, and how the answer "no" is understood. */
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** The broadcast knows the client code alone; it travels in the login packet. */
export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => ({
  url: endpoint,
  headers: {},
  secrets: { clientCode: reveal(credentials.clientCode) }
})

/** The upgrade carries no login, so these are the front server's answers (UNCONFIRMED). */
export const refusal = usualRefusal()
