/** Clients that spell one instrument in thousands of ways, each of which would be a text of its own for every tick. */
import type { Acts } from "./act.ts"
import { answerTo, lives } from "./connections.ts"

const MANY = 4000
/** All are `NSE` to the gateway. */
const blanks = [" ", "\t", "\n", "\r", "\u00a0", "\u3000", "\u2003", "\ufeff"]
const odd = (connection: number, n: number): string => {
  let written = "nSe"
  for (let left = connection * MANY + n; left > 0; left = Math.floor(left / blanks.length)) {
    written = `${blanks[left % blanks.length]}${written}`
  }
  return written
}

export const spellings: Acts = {
  "spellings of one instrument": {
    connections: 10,
    seconds: 2,
    run: (task) =>
      lives(task, async (socket, { count, number }) => {
        const symbols = Array.from({ length: MANY }, (_, i) => ({ symbol: "S0", exchange: odd(number, i) }))
        await answerTo(socket, { action: "subscribe", mode: 1, symbols })
        count(MANY)
        await answerTo(socket, { action: "unsubscribe_all" })
        // What it could hold goes on ticking until it leaves.
        await answerTo(socket, { action: "subscribe", mode: 2, symbols })
        count(MANY)
      })
  }
}
