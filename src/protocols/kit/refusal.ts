/** What a broker's "no" means: an HTTP status in whichever answer it came, and complaints on the wire. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Refusal, WireEvent } from "../protocol.ts"
import { brokerText } from "./text.ts"

/**
 * 401 and 403 are the login's: tokens of Indian brokers end every night, so neither is worth a retry with the same one.
 *
 * @param login what is wrong with it then, in words
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

/** For brokers that decline an upgrade as the rest of the web does. */
export const usualRefusal =
  (login = "") =>
  ({ status }: Refusal): ConnectionFailure =>
    failureOf(status, login)

const NO = /\bnot|fail|invalid|reject|denied|error|expired|unauth/i

/**
 * Whether a status says no in words that can be understood. An answer to a login that says neither yes nor no is no refusal:
 * a session that took it for one would wait for other credentials with good ones in its hands.
 */
export const saysNo = (status: unknown): boolean => typeof status === "string" && NO.test(status)

/** @param code the broker's own, as it came: none, where it is absent or empty */
export const refused = (
  detail: string,
  code?: unknown,
  instruments: ReadonlyArray<WireInstrument> = []
): WireEvent => ({
  type: "refused",
  detail,
  ...(code === undefined || code === "" ? {} : { code: brokerText(code) }),
  ...(instruments.length === 0 ? {} : { instruments })
})

/** For wires that tell a bad login and a refused request in the same way. @param aboutLogin which of them speak of the login */
export const complaint = (detail: string, aboutLogin: RegExp): WireEvent =>
  aboutLogin.test(detail) ? { type: "failure", failure: new AuthRejected({ detail }) } : refused(detail)
