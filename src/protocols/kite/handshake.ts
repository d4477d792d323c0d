/** How a Kite connection is asked for, and how the answer "no" is understood. */
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** Some tools keep the pair `api_key:access_token` as one text; only what follows the colon goes on the wire. */
export const accessToken = (authToken: string): string => authToken.slice(authToken.indexOf(":") + 1)

export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
  const key = encodeURIComponent(reveal(credentials.apiKey))
  const token = encodeURIComponent(accessToken(reveal(credentials.authToken)))
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}api_key=${key}&access_token=${token}`,
    headers: { "x-kite-version": "3" }
  }
}

/**
 * 403 is the documented answer to a bad or expired token, 401 is seen too. Tokens die every morning, so neither
 * is worth a retry with the same token.
 */
export const refusal = usualRefusal("the access token is wrong or has expired")
