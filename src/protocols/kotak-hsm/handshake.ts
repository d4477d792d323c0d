/** The login of Kotak's feed: two tokens in the first message, and nothing in the upgrade request. */
import type { Credentials } from "../../market/credentials.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** Some tools keep what the login returned as one text: `token:::sid:::...`. */
const SEPARATOR = ":::"

export const loginOf = (credentials: Credentials): { readonly token: string; readonly sid: string } => {
  const [token = "", sid = ""] = reveal(credentials.authToken).split(SEPARATOR)
  const own = reveal(credentials.feedToken)
  return { token, sid: own === "" ? sid : own }
}

export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake | ConnectionFailure => {
  const { sid, token } = loginOf(credentials)
  return sid === ""
    ? new AuthRejected({ detail: "the trading sid is missing: store it beside the trading token" })
    : { url: endpoint, headers: {}, secrets: { token, sid } }
}

/** A refused login is an answer on the open socket; how an upgrade would be declined is not documented. */
export const refusal = usualRefusal()
