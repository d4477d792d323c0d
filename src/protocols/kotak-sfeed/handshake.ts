/** The login of SFeed: the first text on the socket. The trading token is no part of it. */
import { AuthRejected } from "../../market/errors.ts"
import type { Login, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { addressOf } from "./address.ts"
import { FORMAT } from "./layout.ts"
import { sfeedOptions } from "./options.ts"

/** What the guide requires of every client. */
export const SOURCE = "NEOTRADEAPI"

export function* handshake(context: LoginContext): Login {
  const { credentials, now, options } = context
  const user = reveal(credentials.clientCode)
  const auth = reveal(credentials.feedToken)
  if (user === "" || auth === "") {
    return new AuthRejected({ detail: "UCC or trading sid is empty: store both, as today's login gave them" })
  }
  const address = yield* addressOf(context)
  if ("_tag" in address) return address
  // The SDK's form. The versions are not checked, as far as is known; the guide's own example has fewer fields.
  const login = JSON.stringify({
    user,
    auth,
    format: FORMAT,
    source: SOURCE,
    platform: sfeedOptions(options).platform,
    version: "1.2.3",
    sdk_version: 2,
    sdk_date: "2026-08-07T09:41:17.667Z",
    conn_req_time: now,
    sessionValidation: false
  })
  const { note, notices, url } = address
  return { url, headers: {}, secrets: { login }, addressNote: note, notices }
}

/** A refused login is an answer on the open socket; how an upgrade would be declined is not documented. */
export const refusal = usualRefusal()
