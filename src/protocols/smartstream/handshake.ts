/** How a Smart Stream connection is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import { brokerText, reveal } from "../kit/text.ts"
import { dialectOf } from "./options.ts"

export const withoutBearer = (token: string): string => token.replace(/^Bearer /i, "")

/** Angel's: the token goes out as it was stored, because with and without `Bearer ` are both accepted (UNCONFIRMED). */
const angelHandshake = ({ credentials, endpoint }: Login): Handshake => ({
  url: endpoint,
  headers: {
    authorization: reveal(credentials.authToken),
    "x-api-key": reveal(credentials.apiKey),
    "x-client-code": reveal(credentials.clientCode),
    "x-feed-token": reveal(credentials.feedToken)
  }
})

/** m.Stock's: in the query, and once more in the first message. */
const mstockHandshake = ({ credentials, endpoint }: Login): Handshake => {
  const token = withoutBearer(reveal(credentials.authToken))
  const key = encodeURIComponent(reveal(credentials.apiKey))
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}API_KEY=${key}&ACCESS_TOKEN=${encodeURIComponent(token)}`,
    headers: {},
    secrets: { token }
  }
}

type Login = Pick<LoginContext, "credentials" | "endpoint">

export const handshake = (context: Login & Pick<LoginContext, "options">): Handshake =>
  dialectOf(context.options) === "mstock" ? mstockHandshake(context) : angelHandshake(context)

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
