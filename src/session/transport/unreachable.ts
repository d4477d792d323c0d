/** Describes a connection that could not be opened: which host, and where its address came from. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused } from "../../market/errors.ts"
import { explainedCode, hostOf } from "../../kit/networkReason.ts"
import type { Handshake } from "../../protocols/protocol.ts"

/** Node and `ws` report a timeout of the whole opening in their own words, without a code. */
const codeOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code ?? (/timed out/i.test(message) ? "ETIMEDOUT" : message)

/** Why a socket did not open. Errors without a code have the library's own text, which holds no address. */
export const socketReason = (error: NodeJS.ErrnoException): string => explainedCode(codeOf(error))

/** Why an open socket ended. The codes of the `ws` library are about invalid WebSocket frames. */
export const lostReason = (error: NodeJS.ErrnoException): string =>
  error.code?.startsWith("WS_ERR_") === true
    ? `the broker sent a frame that is not valid: ${error.code}, ${error.message}`
    : socketReason(error)

/** Adds the host, and the login's note about the address, to a failure to open it. Other failures have other causes. */
export const atHost =
  ({ addressNote, url }: Pick<Handshake, "addressNote" | "url">) =>
  (failure: ConnectionFailure): ConnectionFailure => {
    if (failure._tag !== "ConnectionRefused") return failure
    const host = hostOf(url)
    const where = host === undefined ? failure.detail : `${host}: ${failure.detail}`
    return new ConnectionRefused({ detail: addressNote === undefined ? where : `${where}. ${addressNote}` })
  }
