/** API keys: wrong ones by the thousand, and right ones over and over. */
import type { Act, Acts } from "./act.ts"
import { sockets } from "./connections.ts"

const authenticate = (key: string): string => JSON.stringify({ action: "authenticate", api_key: key })

export const keys: Acts = {
  "guessed keys": {
    run: (task) =>
      sockets(task, false, (socket, turn) => {
        for (let i = 0; i < 5; i++) socket.send(authenticate(`guess ${task.seed} ${turn} ${i}`))
        return 5
      })
  },
  "logins over and over": {
    run: (task) =>
      sockets(task, true, (socket) => {
        for (let i = 0; i < 15; i++) socket.send(authenticate(task.key))
        return 15
      })
  },
  /** A new connection for each login. */
  "logins of new connections": {
    run: (task) =>
      sockets(task, true, (socket, turn) => {
        if (turn === 2) socket.terminate()
        return 1
      })
  }
} satisfies Readonly<Record<string, Act>>
