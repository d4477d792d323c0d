/** How a connection to Nubra's feed is asked for, and how the answer "no" is understood. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import type { Credentials } from "../../market/credentials.ts"
import type { Handshake, LoginContext, Refusal } from "../protocol.ts"
import { failureOf } from "../kit/refusal.ts"
import { reveal } from "../kit/text.ts"

export const sessionToken = ({ authToken }: Credentials): string =>
  reveal(authToken).replace(/^Bearer\s+/i, "")

/** The session token goes into the upgrade and into each command. The device is the one that logged in. */
export const handshake = ({
  credentials,
  endpoint
}: Pick<LoginContext, "credentials" | "endpoint">): Handshake => {
  const token = sessionToken(credentials)
  return {
    url: endpoint,
    headers: { authorization: `Bearer ${token}`, "x-device-id": reveal(credentials.clientCode) },
    secrets: { token }
  }
}

/** 440 is what the broker's REST front answers to a session that has ended; it means what 401 means elsewhere. */
export const refusal = ({ status }: Refusal): ConnectionFailure =>
  status === 440
    ? new AuthRejected({ detail: "HTTP 440: the session has ended" })
    : failureOf(status, "the session token is wrong or its session has ended")
