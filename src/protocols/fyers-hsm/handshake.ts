/**
 * The login of Fyers' data socket: a key that is one of the claims of the access token. Nothing goes into the upgrade
 * request.
 */
import type { Credentials } from "../../market/credentials.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import { claimsOf } from "../kit/jwt.ts"
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"

/** Some tools keep the pair `app_id:access_token` as one text. */
export const accessToken = ({ authToken }: Credentials): string => {
  const text = reveal(authToken)
  return text.slice(text.indexOf(":") + 1)
}

/** The `Authorization` of Fyers' REST front and of its depth socket. */
export const authorization = (credentials: Credentials): string => {
  const text = reveal(credentials.authToken)
  return text.includes(":") ? text : `${reveal(credentials.apiKey)}:${text}`
}

/** Why a token that is past its end, or none of Fyers', need not be tried. */
export const expired = (token: string, now: number): AuthRejected | undefined => {
  const claims = claimsOf(token)
  if (claims === undefined) {
    return new AuthRejected({ detail: "the access token is no JSON web token: copy all of it" })
  }
  const end = claims["exp"]
  return typeof end === "number" && end * 1000 <= now
    ? new AuthRejected({ detail: "the access token has expired (-99)" })
    : undefined
}

/** The key that the data socket wants. */
export const hsmKey = (token: string): string | undefined => {
  const key = claimsOf(token)?.["hsm_key"]
  return typeof key === "string" && key !== "" ? key : undefined
}

export const handshake = ({
  credentials,
  endpoint,
  now
}: Pick<LoginContext, "credentials" | "endpoint" | "now">): Handshake | ConnectionFailure => {
  const token = accessToken(credentials)
  const failure = expired(token, now)
  if (failure !== undefined) return failure
  const key = hsmKey(token)
  return key === undefined
    ? new AuthRejected({ detail: "the access token has no key for the data socket (hsm_key)" })
    : { url: endpoint, headers: {}, secrets: { key } }
}

export const refusal = usualRefusal("the access token is wrong or has expired")
