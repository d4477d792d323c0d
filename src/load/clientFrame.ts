/** What a client sends: its handshake, and its frames. */
import { randomBytes } from "node:crypto"

export const MSGPACK = "algoways.msgpack"

/** A server whose answer to the handshake is longer is none. */
const MOST_HEADER = 16 * 1024

export const handshakeOf = (url: URL, subProtocol: string | undefined): string =>
  [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "Sec-WebSocket-Version: 13",
    ...(subProtocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subProtocol}`]),
    "\r\n"
  ].join("\r\n")

/**
 * How long the server's answer to the handshake is; undefined while it is not all there.
 * @throws Error when the server declines
 */
export const handshakeEnd = (answer: Buffer, subProtocol: string | undefined): number | undefined => {
  const end = answer.indexOf("\r\n\r\n")
  if (end < 0) {
    if (answer.length <= MOST_HEADER) return undefined
    throw new Error("the server does not answer like one of WebSockets")
  }
  const [status = "", ...headers] = answer.toString("latin1", 0, end).split("\r\n")
  if (!/^HTTP\/1\.1 101\b/.test(status)) {
    throw new Error(`the server declined the connection: ${status.slice(0, 200)}`)
  }
  const agreed = headers.some((line) => {
    const [name = "", value = ""] = line.split(/:\s*/, 2)
    return name.toLowerCase() === "sec-websocket-protocol" && value.trim() === subProtocol
  })
  if (subProtocol !== undefined && !agreed) {
    throw new Error(`the server does not speak ${subProtocol}: use the encoding json`)
  }
  return end + 4
}

/** Masked, as a client must, with a key of zeros: the payload stays as it is. */
export const maskedFrame = (opcode: number, payload: Buffer): Buffer => {
  const { length } = payload
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.alloc(header + 4 + length)
  frame[0] = 0x80 | opcode
  if (header === 2) frame[1] = 0x80 | length
  else if (header === 4) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeUInt32BE(length, 6)
  }
  payload.copy(frame, header + 4)
  return frame
}
