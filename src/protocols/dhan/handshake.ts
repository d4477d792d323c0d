/** How Dhan's connections are asked for: the login is in the query, and there is no message of it. */
import type { Credentials } from "../../market/credentials.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import type { UpgradeRequest } from "../serverProtocol.ts"
import { reveal } from "../kit/text.ts"

/** Some tools keep the pair `client_id:::api_key` as one text; only the account's id goes on the wire. */
const clientId = (clientCode: string): string => clientCode.split(":::")[0]!

/** @param version what the live feed has in front of its query */
export const handshakeWith =
  (version: string) =>
  ({ credentials, endpoint }: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
    const token = encodeURIComponent(reveal(credentials.authToken))
    const client = encodeURIComponent(clientId(reveal(credentials.clientCode)))
    return {
      // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
      url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}${version}token=${token}&clientId=${client}&authType=2`,
      headers: {}
    }
  }

/** The broker's side of it. */
export const admit = ({ url }: UpgradeRequest, accepted: Credentials): Refusal | undefined => {
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1))
  const right =
    query.get("authType") === "2" &&
    query.get("token") === reveal(accepted.authToken) &&
    query.get("clientId") === clientId(reveal(accepted.clientCode))
  return right ? undefined : { status: 401, headers: {} }
}
