/** What careless clients do, and hostile ones without much thought. */
import { wellKnown } from "../wellKnown.ts"
import type { Acts } from "./act.ts"
import { HANDSHAKE, frame, sockets, streams } from "./connections.ts"
import { LARGE_REQUESTS_MEMORY } from "./requests.ts"

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

export const careless: Acts = {
  /** Bytes that are no JSON, as text and as binary, and frames of a kind that nobody uses. */
  garbage: {
    run: (task) =>
      sockets(task, true, (socket, turn) => {
        socket.send(Buffer.alloc(64, turn), { binary: true })
        socket.send("\u0000{]".repeat(1 + (turn % 20)))
        socket.send('{"action":')
        return 3
      })
  },
  "deep JSON": {
    run: (task) =>
      sockets(task, true, (socket, turn) => {
        if (turn % 5 !== 0) return 0
        socket.send(deepJson)
        socket.send(`{"action":"subscribe","request_id":${deepJson},"symbol":"A","exchange":"NSE"}`)
        return 2
      })
  },
  "huge arrays": {
    memory: LARGE_REQUESTS_MEMORY,
    run: (task) =>
      sockets(task, true, (socket, turn) => {
        if (turn % 100 === 0) socket.send(hugeArray)
        if (turn % 100 === 50) socket.send('{"action":"unsubscribe_all"}')
        return turn % 50 === 0 ? 1 : 0
      })
  },
  /** A handshake, then a frame that never ends. */
  "half frames": {
    run: (task) =>
      streams(
        task,
        (socket) => {
          socket.write(HANDSHAKE)
          socket.write(frame('{"action":"ping"}').subarray(0, 9))
          return 1
        },
        () => 0
      )
  },
  "unmasked frames": {
    run: (task) =>
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
      )
  },
  "silent connections": {
    idle: true,
    run: (task) => sockets(task, false, () => 0)
  },
  /** More than there are places for, which come again whenever they are thrown out. */
  "a silent crowd": {
    connections: 200,
    idle: true,
    logins: true,
    seconds: 2,
    run: (task) => sockets(task, false, () => 0)
  },
  /** Handshakes a byte at a time. */
  "slow handshakes": {
    run: (task) =>
      streams(
        task,
        () => 1,
        (socket, turn) => {
          socket.write(HANDSHAKE.charAt(turn % 60))
          return 1
        }
      )
  },
  /** Logged in, reading everything, and never taking a byte off the socket. */
  "readers that never read": {
    run: (task) =>
      sockets(task, true, (socket, turn) => {
        if (turn !== 0) return 0
        socket.send(JSON.stringify({ action: "subscribe", mode: 3, symbols: wellKnown }))
        socket.pause()
        return 1
      })
  },
  /** Subscribes and unsubscribes at ten thousand a second in all. */
  flips: {
    run: (task) =>
      sockets(task, true, (socket) => {
        const pairs = Math.max(1, Math.round(50 / task.many))
        for (let i = 0; i < pairs; i++) {
          socket.send('{"action":"subscribe","symbol":"S0","exchange":"NSE","mode":1}')
          socket.send('{"action":"unsubscribe","symbol":"S0","exchange":"NSE","mode":1}')
        }
        return 2 * pairs
      })
  },
  "polluting keys": {
    run: (task) =>
      sockets(task, true, (socket, turn) => {
        socket.send(polluting[turn % polluting.length]!)
        return 1
      })
  }
}
