/**
 * What hostile and careless clients do to a gateway. Each act opens its connections again when it is thrown out, and
 * counts what it managed to do.
 */
import { connect } from "node:net"
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { HostileTask } from "./hostileProcess.ts"

export interface Running {
  /** Frames, handshakes or bytes: the act's own unit. */
  readonly done: () => number
}

export type Act = (task: HostileTask) => Running

const RETRY_MS = 50

/** So many WebSockets, logged in if so wished, each driven by `drive` every few ms. */
const sockets = (
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

/** So many bare TCP connections, each driven by `drive` every few ms. */
const streams = (
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

const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: YWxnb3dheXMgaG9zdGlsZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

/** A masked text frame of up to 65 535 bytes; the mask is zero. */
const frame = (text: string): Buffer => {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255])
  return Buffer.concat([head, Buffer.alloc(4), payload])
}

const deepJson = "[".repeat(20_000) + "]".repeat(20_000)
const hugeArray = JSON.stringify({
  action: "subscribe",
  mode: 1,
  symbols: Array.from({ length: 12_000 }, (_, i) => ({ symbol: `H${i}`, exchange: "NSE" }))
})
const polluting = [
  '{"__proto__":{"action":"subscribe","polluted":true},"action":"ping"}',
  '{"action":"subscribe","symbol":"__proto__","exchange":"constructor","mode":1}',
  '{"action":"subscribe","symbols":[{"symbol":"toString","exchange":"__proto__"}],"mode":1}',
  '{"constructor":{"prototype":{"polluted":true}},"action":"unsubscribe_all"}'
]

export const acts: Readonly<Record<string, Act>> = {
  /** Bytes that are no JSON, as text and as binary, and frames of a kind that nobody uses. */
  garbage: (task) =>
    sockets(task, true, (socket, turn) => {
      socket.send(Buffer.alloc(64, turn), { binary: true })
      socket.send("\u0000{]".repeat(1 + (turn % 20)))
      socket.send('{"action":')
      return 3
    }),
  "deep JSON": (task) =>
    sockets(task, true, (socket, turn) => {
      if (turn % 5 !== 0) return 0
      socket.send(deepJson)
      socket.send(`{"action":"subscribe","request_id":${deepJson},"symbol":"A","exchange":"NSE"}`)
      return 2
    }),
  "huge arrays": (task) =>
    sockets(task, true, (socket, turn) => {
      if (turn % 100 === 0) socket.send(hugeArray)
      if (turn % 100 === 50) socket.send('{"action":"unsubscribe_all"}')
      return turn % 50 === 0 ? 1 : 0
    }),
  /** A handshake, then a frame that never ends. */
  "half frames": (task) =>
    streams(
      task,
      (socket) => {
        socket.write(HANDSHAKE)
        socket.write(frame('{"action":"ping"}').subarray(0, 9))
        return 1
      },
      () => 0
    ),
  "unmasked frames": (task) =>
    streams(
      task,
      (socket) => {
        socket.write(HANDSHAKE)
        return 1
      },
      (socket) => {
        socket.write(Buffer.from([0x81, 2, 0x7b, 0x7d]))
        return 1
      }
    ),
  "silent connections": (task) => sockets(task, false, () => 0),
  /** Handshakes a byte at a time. */
  "slow handshakes": (task) =>
    streams(
      task,
      () => 1,
      (socket, turn) => {
        socket.write(HANDSHAKE.charAt(turn % 60))
        return 1
      }
    ),
  /** Logged in, reading everything, and never taking a byte off the socket. */
  "readers that never read": (task) =>
    sockets(task, true, (socket, turn) => {
      if (turn !== 0) return 0
      socket.send(JSON.stringify({ action: "subscribe", mode: 3, symbols: wellKnown }))
      socket.pause()
      return 1
    }),
  /** Subscribes and unsubscribes at ten thousand a second in all. */
  flips: (task) =>
    sockets(task, true, (socket) => {
      const pairs = Math.max(1, Math.round(50 / task.many))
      for (let i = 0; i < pairs; i++) {
        socket.send('{"action":"subscribe","symbol":"S0","exchange":"NSE","mode":1}')
        socket.send('{"action":"unsubscribe","symbol":"S0","exchange":"NSE","mode":1}')
      }
      return 2 * pairs
    }),
  "polluting keys": (task) =>
    sockets(task, true, (socket, turn) => {
      socket.send(polluting[turn % polluting.length]!)
      return 1
    })
}

/** The instruments of the well-behaved clients. */
export const wellKnown = Array.from({ length: 20 }, (_, i) => ({ symbol: `S${i}`, exchange: "NSE" }))
