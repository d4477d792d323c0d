/** How a Pocketful connection is asked for, and how the answer "no" is understood. */
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
  const id = encodeURIComponent(reveal(credentials.clientCode))
  const token = encodeURIComponent(reveal(credentials.authToken))
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}login_id=${id}&access_token=${token}`,
    headers: {}
  }
}

/** Which status a bad token gets is UNCONFIRMED; these two say it everywhere else. */
export const refusal = usualRefusal("the client id or the access token is wrong, or has expired")
