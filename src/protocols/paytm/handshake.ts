/** How a Paytm Money connection is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import { reveal } from "../text.ts"

/** The broadcast wants the public access token; the one for orders is refused. */
export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => ({
  // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
  url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}x_jwt_token=${encodeURIComponent(reveal(credentials.feedToken))}`,
  headers: {}
})

/** Which status a bad token gets is UNCONFIRMED; these two say it everywhere else. */
export const refusal = ({ status }: Refusal): ConnectionFailure => {
  const detail = `HTTP ${status}`
  switch (status) {
    case 401:
    case 403:
      return new AuthRejected({ detail: `${detail}: the public access token is wrong or has expired` })
    case 429:
      return new RateLimited({ detail })
    default:
      return new ConnectionRefused({ detail })
  }
}
