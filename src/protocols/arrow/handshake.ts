/** How an Arrow connection is asked for, and how the answer "no" is understood. */
import type { Credentials } from "../../market/credentials.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import type { UpgradeRequest } from "../serverProtocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** The login is in the query; there is no message of it. */
export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
  const app = encodeURIComponent(reveal(credentials.apiKey))
  const token = encodeURIComponent(reveal(credentials.authToken))
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}appID=${app}&token=${token}`,
    headers: {}
  }
}

export const refusal = usualRefusal("app id or token wrong or expired")

/** The broker's side of it. The status of a refusal is UNCONFIRMED. */
export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  const right =
    query.get("appID") === reveal(accepted.apiKey) && query.get("token") === reveal(accepted.authToken)
  return right ? undefined : { status: 401, headers: {} }
}
