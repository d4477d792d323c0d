/** What is said of a connection that could not be opened: at which host, and why that address. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused } from "../../market/errors.ts"
import { explainedCode, hostOf } from "../../kit/networkReason.ts"
import type { Handshake } from "../../protocols/protocol.ts"

/** Node and `ws` say a timeout of the whole opening in a text of their own, without a code. */
const codeOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code ?? (/timed out/i.test(message) ? "ETIMEDOUT" : message)

/** Why a socket did not open. Texts of errors without a code are the library's, and hold no address. */
export const socketReason = (error: NodeJS.ErrnoException): string => explainedCode(codeOf(error))

/** Why an open socket ended. The codes of the `ws` library are about frames that are none. */
export const lostReason = (error: NodeJS.ErrnoException): string =>
  error.code?.startsWith("WS_ERR_") === true
    ? `the broker sent a frame that is not valid: ${error.code}, ${error.message}`
    : socketReason(error)

/** Adds the host, and what the login says of the address, to a failure to open it; other failures are not about that. */
export const atHost =
  ({ addressNote, url }: Pick<Handshake, "addressNote" | "url">) =>
  (failure: ConnectionFailure): ConnectionFailure => {
    if (failure._tag !== "ConnectionRefused") return failure
    const host = hostOf(url)
    const where = host === undefined ? failure.detail : `${host}: ${failure.detail}`
    return new ConnectionRefused({ detail: addressNote === undefined ? where : `${where}. ${addressNote}` })
  }
