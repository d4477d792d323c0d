/** What acts are made of: connections that come back when they are thrown out, and the bytes that they send. */
import { connect } from "node:net"
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { Running } from "./act.ts"
import type { HostileTask } from "../hostileProcess.ts"

const RETRY_MS = 50

/** So many WebSockets, logged in if so wished, each driven by `drive` every few ms. */
export const sockets = (
  { key, many, port }: HostileTask,
  logIn: boolean,
  drive: (socket: WebSocket, turn: number) => number
): Running => {
  let done = 0
  const open = (): void => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    let timer: NodeJS.Timeout | undefined
    let turn = 0
    socket.on("open", () => {
      if (logIn) socket.send(JSON.stringify({ action: "authenticate", api_key: key }))
      timer = setInterval(() => {
        if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 4e6) done += drive(socket, turn++)
      }, 10)
    })
    socket.on("error", () => undefined)
    socket.on("close", () => {
      clearInterval(timer)
      setTimeout(open, RETRY_MS)
    })
  }
  for (let i = 0; i < many; i++) open()
  return { done: () => done }
}

/** What one connection does with its life: until its promise is kept, or it is thrown out. */
export type Life = (
  socket: WebSocket,
  life: { readonly number: number; readonly count: (n?: number) => void }
) => Promise<void>

/** So many WebSockets, logged in, that live through `life` again and again. They end without a goodbye. */
export const lives = ({ key, many, port }: HostileTask, life: Life): Running => {
  let done = 0
  const count = (n = 1): void => void (done += n)
  const open = (number: number): void => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    socket.on("open", () => {
      socket.send(JSON.stringify({ action: "authenticate", api_key: key }))
      void life(socket, { number, count }).finally(() => socket.terminate())
    })
    socket.on("error", () => undefined)
    socket.on("close", () => setTimeout(() => open(number), RETRY_MS))
  }
  for (let i = 0; i < many; i++) open(i)
  return { done: () => done }
}

let requests = 0

/** Waits for an answer to a request; never, where the connection ends before. */
export const answerTo = (socket: WebSocket, request: object): Promise<void> =>
  new Promise((resolve) => {
    const id = ++requests
    const heard = (bytes: Buffer): void => {
      if (!bytes.subarray(-40).toString().includes(`"request_id":${id}}`)) return
      socket.off("message", heard)
      resolve()
    }
    socket.on("message", heard)
    socket.send(JSON.stringify({ ...request, request_id: id }))
  })

/** So many bare TCP connections, each driven by `drive` every few ms. */
export const streams = (
  { many, port }: HostileTask,
  greet: (socket: Socket) => number,
  drive: (socket: Socket, turn: number) => number
): Running => {
  let done = 0
  const open = (): void => {
    const socket = connect(port, "127.0.0.1")
    let turn = 0
    let timer: NodeJS.Timeout | undefined
    socket.on("connect", () => {
      done += greet(socket)
      timer = setInterval(() => {
        if (socket.writable && socket.writableLength < 1e6) done += drive(socket, turn++)
      }, 20)
    })
    socket.on("data", () => undefined)
    socket.on("error", () => undefined)
    socket.on("close", () => {
      clearInterval(timer)
      setTimeout(open, RETRY_MS)
    })
  }
  for (let i = 0; i < many; i++) open()
  return { done: () => done }
}

export const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: YWxnb3dheXMgaG9zdGlsZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

/** A masked text frame of up to 65 535 bytes; the mask is zero. */
export const frame = (text: string): Buffer => {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255])
  return Buffer.concat([head, Buffer.alloc(4), payload])
}
