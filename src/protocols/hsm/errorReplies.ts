/** What HSM says of trouble: the answer N in place of K. */
import type { ErrorReplies } from "../serverProtocol.ts"
import { HEAD_SIZE, SUBSCRIBE } from "./layout.ts"
import { field, message } from "./messages.ts"

export const errorReplies: ErrorReplies = {
  refused: (request, answers) =>
    typeof request !== "string" && request.length >= HEAD_SIZE && request[2] === SUBSCRIBE
      ? [message(SUBSCRIBE, [field(1, "N")])]
      : answers
}
