/** What Upstox says of trouble. The codes are the REST interface's; that the feed uses them is UNCONFIRMED. */
import type { ErrorReplies } from "../serverProtocol.ts"
import { parseObject } from "../kit/text.ts"

export const errorReplies: ErrorReplies = {
  refused: (request, answers) => {
    if (typeof request === "string") return answers
    const { guid, method } = parseObject(new TextDecoder().decode(request)) ?? {}
    if (method !== "sub") return answers
    const error = { code: "UDAPI100011", message: "Invalid Instrument key" }
    return [...answers, JSON.stringify({ guid, method, status: "failed", error })]
  }
}
