/** What an HTTP status means for a connection, in any answer. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { Refusal } from "../protocol.ts"

/**
 * 401 and 403 are about the login: tokens of Indian brokers end every night, so neither is worth a retry with the
 * same token.
 *
 * @param login what is then wrong with it, as text
 */
export const failureOf = (status: number, login = ""): ConnectionFailure => {
  const detail = `HTTP ${status}`
  switch (status) {
    case 401:
    case 403:
      return new AuthRejected({ detail: login === "" ? detail : `${detail}: ${login}` })
    case 429:
      return new RateLimited({ detail })
    default:
      return new ConnectionRefused({ detail })
  }
}

/** For brokers that decline an upgrade with the usual HTTP statuses. */
export const usualRefusal =
  (login = "") =>
  ({ status }: Refusal): ConnectionFailure =>
    failureOf(status, login)

const NO = /\bnot|fail|invalid|reject|denied|error|expired|unauth/i

/**
 * Whether a status is a clear no. An answer to a login that says neither yes nor no is no refusal: a session that
 * took it for one would wait for other credentials although its own are good.
 */
export const saysNo = (status: unknown): boolean => typeof status === "string" && NO.test(status)
