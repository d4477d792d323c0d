/** How a Smart Stream connection is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import { brokerText, reveal } from "../text.ts"

/** The token goes out as it was stored: with and without `Bearer ` are both accepted in practice (UNCONFIRMED). */
export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => ({
  url: endpoint,
  headers: {
    authorization: reveal(credentials.authToken),
    "x-api-key": reveal(credentials.apiKey),
    "x-client-code": reveal(credentials.clientCode),
    "x-feed-token": reveal(credentials.feedToken)
  }
})

/** 401 with the reason in a header. Tokens end overnight: only a new login helps. */
export const refusal = ({ status, headers }: Refusal): ConnectionFailure => {
  const reason = headers["x-error-message"]
  const detail = `HTTP ${status}${reason === undefined || reason === "" ? "" : `: ${brokerText(reason)}`}`
  switch (status) {
    case 401:
    case 403:
      return new AuthRejected({ detail })
    case 429:
      return new RateLimited({ detail })
    default:
      return new ConnectionRefused({ detail })
  }
}
