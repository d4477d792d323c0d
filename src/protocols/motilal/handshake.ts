/** How a Motilal Oswal connection is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import { reveal } from "../text.ts"

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
export const refusal = ({ status }: Refusal): ConnectionFailure => {
  const detail = `HTTP ${status}`
  if (status === 401 || status === 403) return new AuthRejected({ detail })
  return status === 429 ? new RateLimited({ detail }) : new ConnectionRefused({ detail })
}
