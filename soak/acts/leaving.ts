/** Clients that hold thousands of subscriptions, and do something with all of them at once. */
import { setTimeout as sleep } from "node:timers/promises"
import type { WebSocket } from "ws"
import type { Acts } from "./act.ts"
import type { Life } from "./connections.ts"
import { answerTo, lives } from "./connections.ts"

const MANY = 3000
/** They tick a few at a time; see the suite's feed. */
const names = Array.from({ length: MANY }, (_, i) => ({ symbol: `L${i}`, exchange: "NSE" }))
const subscribeAll = { action: "subscribe", mode: 1, symbols: names }

/** An answer that is as long: a handful of them is more than a socket that is not read takes. */
const echo = JSON.stringify({ action: "ping", _pingId: "x".repeat(250_000) })
const ECHOES = 16
/** Until a good part of all that is held waits in the outbox. */
const LAG_MS = 500

/** Holds much, and stops reading while all of it ticks. */
const fallBehind = async (socket: WebSocket): Promise<void> => {
  await answerTo(socket, subscribeAll)
  socket.pause()
  for (let i = 0; i < ECHOES; i++) socket.send(echo)
  await sleep(LAG_MS)
}

const behind =
  (then: (socket: WebSocket) => Promise<void>): Life =>
  async (socket, { count }) => {
    await fallBehind(socket)
    await then(socket)
    count()
  }

const act = { connections: 8, seconds: 2 }

export const leaving: Acts = {
  "lagging clients that leave": {
    ...act,
    run: (task) =>
      lives(
        task,
        behind(() => Promise.resolve())
      )
  },
  "lagging clients that give up all": {
    ...act,
    run: (task) =>
      lives(
        task,
        behind((socket) => {
          socket.resume()
          return answerTo(socket, { action: "unsubscribe_all" })
        })
      )
  },
  "lagging clients that become somebody else": {
    ...act,
    run: (task) =>
      lives(
        task,
        behind((socket) => {
          socket.resume()
          return answerTo(socket, { action: "authenticate", api_key: task.otherKey })
        })
      )
  },
  /** All their subscriptions take another way each time, and what waited goes out at once. */
  "readers that stop and go": {
    ...act,
    run: (task) =>
      lives(task, async (socket, { count }) => {
        await fallBehind(socket)
        for (let i = 0; i < 5; i++) {
          socket.resume()
          await answerTo(socket, { action: "ping" })
          count()
          socket.pause()
          for (let k = 0; k < ECHOES; k++) socket.send(echo)
          await sleep(LAG_MS)
        }
      })
  },
  /** Wants its frames one by one, and by topic, and one by one. */
  "changes of mind": {
    ...act,
    run: (task) =>
      lives(task, async (socket, { count }) => {
        await answerTo(socket, subscribeAll)
        for (let i = 0; i < 500; i++) {
          await answerTo(socket, { action: "authenticate", api_key: task.key, events: i % 2 === 0 })
          count()
        }
      })
  }
}
