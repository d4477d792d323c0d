/** What XTS says of trouble: the event that ends a session. What is in it is UNCONFIRMED. Refusals come over REST. */
import type { ErrorReplies } from "../serverProtocol.ts"

const logout = (description: string): string =>
  `42${JSON.stringify(["logout", { type: "logout", description }])}`

const TEXTS = {
  displaced: "Logged out: this user has logged in elsewhere",
  expired: "Logged out: the session has expired",
  limited: undefined
} as const

export const errorReplies: ErrorReplies = {
  leaving: (why) => {
    const text = TEXTS[why]
    return text === undefined ? undefined : { frames: [logout(text)], close: { code: 1000, reason: "" } }
  }
}
