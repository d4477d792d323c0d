/** How a connection to HDFC's feed is asked for, and how the answer "no" is understood. */
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** The front end refuses requests that do not look like a browser's. */
const USER_AGENT = "Mozilla/5.0 (compatible; AlgoWays)"

export const withoutBearer = (token: string): string => token.replace(/^Bearer\s+/i, "")

/** Both parts of the query are needed; a header alone is refused. */
export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
  const token = withoutBearer(reveal(credentials.authToken))
  const query = `token=${encodeURIComponent(token)}&api_key=${encodeURIComponent(reveal(credentials.apiKey))}`
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}${query}`,
    headers: { authorization: token, "user-agent": USER_AGENT }
  }
}

/** 401 is the answer to a wrong or expired token and to a missing part alike. Tokens are good for one trading day. */
export const refusal = usualRefusal("the access token or the API key is wrong or has expired")
