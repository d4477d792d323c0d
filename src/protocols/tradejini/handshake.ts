/** How a Tradejini connection is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import type { Closing, Handshake, LoginContext } from "../protocol.ts"
import { brokerText, reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** What the official SDKs say they speak. */
const VERSION = "3.1"

/** Some tools keep the pair `api_key:access_token` as one text, as it goes out; then the key is there already. */
export const accessToken = (authToken: string): string => authToken.slice(authToken.indexOf(":") + 1)

export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
  const key = encodeURIComponent(reveal(credentials.apiKey))
  const token = encodeURIComponent(accessToken(reveal(credentials.authToken)))
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}token=${key}:${token}&version=${VERSION}`,
    headers: {}
  }
}

export const refusal = usualRefusal()

/** "Unauthorized Access": the documented end of a connection whose token is wrong or has expired. */
export const UNAUTHORIZED: Closing = { code: 4001, reason: "Unauthorized Access" }

export const closed = ({ code, reason }: Closing): ConnectionFailure | undefined =>
  code === UNAUTHORIZED.code
    ? new AuthRejected({ detail: `code ${code}${reason === "" ? "" : `: ${brokerText(reason)}`}` })
    : undefined
