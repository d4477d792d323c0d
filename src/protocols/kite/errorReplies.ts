/** What Kite says of trouble. Its error frame is documented, what it says in it is not: the texts are the simulator's. */
import type { ErrorReplies } from "../serverProtocol.ts"
import { parseObject } from "../kit/text.ts"

export const errorReplies: ErrorReplies = {
  refused: (request, answers, { length }) => {
    const action = typeof request === "string" ? parseObject(request)?.["a"] : undefined
    return action === "subscribe" || action === "mode"
      ? [
          ...answers,
          JSON.stringify({ type: "error", data: `The subscription of ${length} instruments is refused` })
        ]
      : answers
  }
}
