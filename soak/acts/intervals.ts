/** Clients that ask for fewer ticks of very much. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Acts } from "./act.ts"
import { answerTo, lives } from "./connections.ts"

const MANY = 3000
const subscribeAll = {
  action: "subscribe",
  mode: 1,
  symbols: Array.from({ length: MANY }, (_, i) => ({ symbol: `L${i}`, exchange: "NSE" }))
}

export const intervals: Acts = {
  /** Nearly all of it waits for its time, nearly all of the time. */
  "long intervals of much": {
    connections: 10,
    seconds: 2.5,
    run: (task) =>
      lives(task, async (socket, { count }) => {
        await answerTo(socket, { ...subscribeAll, interval_ms: 60_000 })
        count(MANY)
        await sleep(10_000)
      })
  },
  /** All of it is due in one moment, again and again. */
  "intervals that end together": {
    connections: 10,
    seconds: 2.5,
    run: (task) =>
      lives(task, async (socket, { count }) => {
        await answerTo(socket, { ...subscribeAll, interval_ms: 1000 })
        count(MANY)
        await sleep(10_000)
      })
  }
}
