/** Clients that hold thousands of subscriptions, and do something with all of them at once. */
import { setTimeout as sleep } from "node:timers/promises"
import type { WebSocket } from "ws"
import type { Acts } from "./act.ts"
import type { Life } from "./connections.ts"
import { answerTo, lives } from "./connections.ts"

/** All that a client may hold, and a good part of it. They tick a few at a time; see the suite's feed. */
const ALL = 10_000
const MANY = 4000
const subscribeTo = (many: number) => ({
  action: "subscribe",
  mode: 1,
  symbols: Array.from({ length: many }, (_, i) => ({ symbol: `L${i}`, exchange: "NSE" }))
})

/** An answer that is as long: these are more than a socket takes that is not read. */
const echo = JSON.stringify({ action: "ping", _pingId: "x".repeat(250_000) })
const ECHOES = 36
const fill = (socket: WebSocket): void => {
  socket.pause()
  for (let i = 0; i < ECHOES; i++) socket.send(echo)
}
/** In which so much ticks. */
const lagMs = (many: number): number => 200 + many / 10

/** Holds much, and stops reading while all of it ticks. */
const behind =
  (many: number, then: (socket: WebSocket) => Promise<void>): Life =>
  async (socket, { count }) => {
    await answerTo(socket, subscribeTo(many))
    fill(socket)
    await sleep(lagMs(many))
    count()
    await then(socket)
    count()
  }

const act = { connections: 4, seconds: 3 }

export const leaving: Acts = {
  "lagging clients that leave": {
    ...act,
    run: (task) =>
      lives(
        task,
        behind(ALL, () => Promise.resolve())
      )
  },
  "lagging clients that give up all": {
    ...act,
    run: (task) =>
      lives(
        task,
        behind(MANY, (socket) => {
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
        behind(MANY, (socket) => {
          socket.resume()
          return answerTo(socket, { action: "authenticate", api_key: task.otherKey })
        })
      )
  },
  /** All their subscriptions take another way each time, and what waited goes out at once. */
  "readers that stop and go": {
    ...act,
    run: (task) =>
      lives(
        task,
        behind(MANY, async (socket) => {
          for (let i = 0; i < 5; i++) {
            socket.resume()
            await answerTo(socket, { action: "ping" })
            fill(socket)
            await sleep(lagMs(MANY))
          }
        })
      )
  },
  /** Wants its frames one by one, and by topic, and one by one. */
  "changes of mind": {
    ...act,
    run: (task) =>
      lives(task, async (socket, { count }) => {
        await answerTo(socket, subscribeTo(MANY))
        for (let i = 0; i < 500; i++) {
          await answerTo(socket, { action: "authenticate", api_key: task.key, events: i % 2 === 0 })
          count()
        }
      })
  }
}
