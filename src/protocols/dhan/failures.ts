/** Why Dhan ends a connection, by the reason of its disconnect packet. */
import type { ConnectionFailure } from "../../market/errors.ts"
import {
  AuthRejected,
  ConnectionLost,
  Displaced,
  ProtocolViolation,
  RateLimited
} from "../../market/errors.ts"
import { usualRefusal } from "../kit/refusal.ts"

export const SERVER_ERROR = 800
export const TOO_MANY_INSTRUMENTS = 804
export const TOO_MANY_CONNECTIONS = 805
export const NO_DATA_PLAN = 806
export const TOKEN_EXPIRED = 807
export const NOT_AUTHENTICATED = 808
export const TOKEN_INVALID = 809
export const CLIENT_UNKNOWN = 810

/**
 * With an expired token, a wrong login or no subscription to market data the same credentials fail again: 806 to 810
 * wait for new ones.
 */
export const disconnection = (reason: number): ConnectionFailure => {
  switch (reason) {
    case SERVER_ERROR:
      return new ConnectionLost({ detail: "800: internal error at the broker" })
    case TOO_MANY_INSTRUMENTS:
      return new RateLimited({ detail: "804: more instruments than the limit" })
    case TOO_MANY_CONNECTIONS:
      return new Displaced({ detail: "805: too many connections of this login" })
    case NO_DATA_PLAN:
      return new AuthRejected({ detail: "806: the account has no subscription to the data API" })
    case TOKEN_EXPIRED:
      return new AuthRejected({ detail: "807: the access token has expired" })
    case NOT_AUTHENTICATED:
      return new AuthRejected({ detail: "808: client id or access token invalid" })
    case TOKEN_INVALID:
      return new AuthRejected({ detail: "809: access token invalid" })
    case CLIENT_UNKNOWN:
      return new AuthRejected({ detail: "810: client id invalid" })
    default:
      // 811 to 814 complain of a request.
      return reason > CLIENT_UNKNOWN && reason < 900
        ? new ProtocolViolation({ detail: `${reason}: the broker took a request for invalid` })
        : new ConnectionLost({ detail: `the broker disconnected with reason ${reason}` })
  }
}

/** 429 is seen without a data plan too, with a text that says the client id is blocked. */
export const refusal = usualRefusal("client id or access token wrong or expired")
