/**
 * Engine.IO 3 and Socket.IO 2 on a WebSocket: what a text frame is. One digit for Engine.IO, and in its messages one
 * more for Socket.IO. Source: the protocols' own documentation.
 */

export type Packet =
  /** The server's settings, an upgrade probe's end, or nothing at all: the line is alive. */
  | { readonly type: "alive"; readonly what: string }
  /** To be answered with the same text. */
  | { readonly type: "ping"; readonly text: string }
  | { readonly type: "pong" }
  | { readonly type: "closed" }
  /** The namespace is open. */
  | { readonly type: "connected" }
  | { readonly type: "event"; readonly text: string }
  /** An event whose binary parts follow as frames of their own. */
  | { readonly type: "binary"; readonly attachments: number; readonly text: string }
  | { readonly type: "error"; readonly text: string }
  | { readonly type: "malformed" }

const MALFORMED: Packet = { type: "malformed" }

/** Attachments that one event may announce; XTS sends one. */
const MAX_ATTACHMENTS = 64

export const readFrame = (frame: string): Packet => {
  switch (frame[0]) {
    case "0":
      return { type: "alive", what: "the session's settings" }
    case "1":
      return frame.length === 1 ? { type: "closed" } : MALFORMED
    case "2":
      return { type: "ping", text: frame.slice(1) }
    case "3":
      return { type: "pong" }
    case "4":
      return readMessage(frame)
    case "5":
    case "6":
      return frame.length === 1 ? { type: "alive", what: "nothing" } : MALFORMED
    default:
      return MALFORMED
  }
}

const readMessage = (frame: string): Packet => {
  switch (frame[1]) {
    case "0":
      return { type: "connected" }
    case "1":
      return { type: "closed" }
    case "2":
      return { type: "event", text: dataOf(frame, 2) }
    case "3":
      return { type: "alive", what: "an acknowledgement" }
    case "4":
      return { type: "error", text: dataOf(frame, 2) }
    // Binary events, and binary acknowledgements, whose attachments are to be passed over.
    case "5":
    case "6": {
      const dash = frame.indexOf("-")
      const attachments = Number(frame.slice(2, dash))
      const good = dash > 2 && Number.isInteger(attachments) && attachments > 0
      return good && attachments <= MAX_ATTACHMENTS
        ? { type: "binary", attachments, text: frame[1] === "5" ? dataOf(frame, dash + 1) : "[]" }
        : MALFORMED
    }
    default:
      return MALFORMED
  }
}

/** Behind the namespace, if it is named, and the number that asks for an acknowledgement. */
const dataOf = (frame: string, from: number): string => {
  let at = from
  if (frame[at] === "/") {
    const comma = frame.indexOf(",", at)
    if (comma < 0) return ""
    at = comma + 1
  }
  while (at < frame.length && frame.charCodeAt(at) >= 48 && frame.charCodeAt(at) <= 57) at++
  return frame.slice(at)
}

/** What a client sends to keep the session: in this version of Engine.IO it is the client that pings. */
export const PING = "2"
export const pong = (text: string): string => `3${text}`
