/** The packets that a client sends. */
import { HEARTBEAT_ANSWER, LOGIN, LOGIN_SIZE, REGISTER, REGISTER_SIZE } from "./layout.ts"

const BLANK = 32

/** A text with its length in front, padded with blanks. */
const putText = (b: Uint8Array, at: number, text: string, width: number): void => {
  const length = Math.min(text.length, width)
  b[at] = length
  for (let i = 0; i < length; i++) b[at + 1 + i] = text.charCodeAt(i)
}

/** The client code goes out twice: in a field of 15 characters and in one of 30. */
export const loginPacket = (clientCode: string, version: string): Uint8Array => {
  const b = new Uint8Array(LOGIN_SIZE).fill(BLANK)
  b[0] = LOGIN
  new DataView(b.buffer).setUint16(1, LOGIN_SIZE - 3, true)
  putText(b, 3, clientCode, 15)
  putText(b, 19, clientCode, 30)
  b.set([1, 1, 1], 50)
  putText(b, 53, version, 10)
  b.set([0, 0, 0, 0, 1], 64)
  return b
}

/** @param type `C` or `D` */
export const registerPacket = (exchange: number, type: number, code: number, add: boolean): Uint8Array => {
  const b = new Uint8Array(REGISTER_SIZE)
  const v = new DataView(b.buffer)
  b[0] = REGISTER
  v.setUint16(1, REGISTER_SIZE - 3, true)
  b[3] = exchange
  b[4] = type
  v.setInt32(5, code, true)
  b[9] = add ? 1 : 0
  return b
}

export const heartbeatAnswer = (): Uint8Array => Uint8Array.from(HEARTBEAT_ANSWER)
