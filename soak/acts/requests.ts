/** Requests that are as large, as many or as deep as they may be. */
import type { WebSocket } from "ws"
import type { Act, Acts } from "./act.ts"
import { sockets } from "./connections.ts"

const symbolsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ symbol: `H${from + i}`, exchange: "NSE" }))

const subscribeOf = (count: number): string =>
  JSON.stringify({ action: "subscribe", mode: 1, symbols: symbolsOf(count) })

const everything = '{"action":"unsubscribe_all"}'

/** So many bytes, or a little fewer, of entries that are no instruments. */
const stuffed = (bytes: number): string =>
  `{"action":"subscribe","mode":1,"symbols":[${'{"a":[]},'.repeat(Math.floor(bytes / 9) - 12)}{}]}`

const repeating = (send: (socket: WebSocket, turn: number) => number): Act => ({
  run: (task) => sockets(task, true, send)
})

/** Megabytes from each of fifty connections at once: what waits unread, and the garbage of what was handled. */
export const LARGE_REQUESTS_MEMORY = 384 * 1024 * 1024
const repeatingLarge: typeof repeating = (send) => ({ ...repeating(send), memory: LARGE_REQUESTS_MEMORY })

const nesting = "[".repeat(30_000) + "]".repeat(30_000)

export const requests: Acts = {
  /** Twelve thousand entries a second from each connection, and as many given back. */
  "large requests": repeatingLarge((socket, turn) => {
    if (turn % 100 === 0) socket.send(subscribeOf(12_000))
    if (turn % 100 === 50) socket.send(everything)
    return turn % 50 === 0 ? 1 : 0
  }),
  /** All at once, whoever is thrown out comes back. */
  "large requests in a row": repeatingLarge((socket, turn) => {
    if (turn % 20 !== 0) return 0
    socket.send(subscribeOf(12_000))
    return 1
  }),
  /** Below what counts as large. */
  "middling requests": repeating((socket) => {
    socket.send(subscribeOf(250))
    socket.send(everything)
    return 2
  }),
  "requests without instruments": repeating((socket, turn) => {
    if (turn % 20 !== 0) return 0
    socket.send(stuffed(1_000_000))
    return 1
  }),
  /** Brackets within a text, which a count that does not know texts takes for the end of something. */
  "nesting behind brackets in a text": repeating((socket, turn) => {
    if (turn % 10 !== 0) return 0
    socket.send(`{"action":"ping","note":"${"]".repeat(60_000)}","request_id":${nesting}}`)
    return 1
  }),
  pings: repeating((socket) => {
    for (let i = 0; i < 19; i++) socket.send('{"action":"ping"}')
    return 19
  })
}
