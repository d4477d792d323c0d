/** What Dhan says of trouble: disconnect packets with a reason. It has none for a single subscription. */
import type { ErrorReplies } from "../serverProtocol.ts"
import { encodeDisconnect } from "./encode.ts"
import { TOKEN_EXPIRED, TOO_MANY_CONNECTIONS } from "./failures.ts"

const REASONS = { displaced: TOO_MANY_CONNECTIONS, expired: TOKEN_EXPIRED, limited: undefined } as const

export const errorReplies: ErrorReplies = {
  leaving: (why) => {
    const reason = REASONS[why]
    return reason === undefined
      ? undefined
      : { frames: [encodeDisconnect(reason)], close: { code: 1000, reason: "" } }
  }
}
