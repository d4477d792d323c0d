/** What Groww says of trouble: the errors of NATS. */
import type { ErrorReplies } from "../serverProtocol.ts"
import * as Nats from "./nats.ts"
import { parseSubject } from "./subjects.ts"

const error = (text: string): Uint8Array => Nats.bytesOf(`-ERR '${text}'\r\n`)

const TEXTS = {
  displaced: undefined,
  expired: "User Authentication Expired",
  limited: "Maximum Control Line Exceeded"
} as const

export const errorReplies: ErrorReplies = {
  /** One for each subject, as NATS has it. */
  refused: (request, answers, instruments) => {
    const text = typeof request === "string" ? request : Nats.textOf(request, 0, request.length)
    const tokens = new Set(instruments.map(({ token }) => token))
    const refused = text
      .split("\r\n")
      .map((line) => /^SUB (\S+)/i.exec(line)?.[1] ?? "")
      .filter((subject) => tokens.has(parseSubject(subject)?.token ?? ""))
    return [...answers, ...refused.map((s) => error(`Permissions Violation for Subscription to "${s}"`))]
  },
  leaving: (why) => {
    const text = TEXTS[why]
    return text === undefined ? undefined : { frames: [error(text)], close: { code: 1008, reason: "" } }
  }
}
