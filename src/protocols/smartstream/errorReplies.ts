/** What Smart Stream says of trouble: its error frame, as the limit of subscriptions has it. */
import type { ErrorReplies } from "../serverProtocol.ts"
import { parseObject } from "../kit/text.ts"
import { ACTION_SUBSCRIBE } from "./layout.ts"

export const errorReplies: ErrorReplies = {
  refused: (request, answers) => {
    const { action, correlationID = "" } =
      (typeof request === "string" ? parseObject(request) : undefined) ?? {}
    if (action !== ACTION_SUBSCRIBE) return answers
    const errorMessage = "Invalid Request. Subscription Limit Exceeded"
    return [...answers, JSON.stringify({ correlationID, errorCode: "E1002", errorMessage })]
  }
}
