/** How a Paytm Money connection is asked for, and how the answer "no" is understood. */
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

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
export const refusal = usualRefusal("the public access token is wrong or has expired")
