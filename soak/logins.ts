/** Clients that come while an act goes on, one after the other, and log in at once. */
import { setTimeout as sleep } from "node:timers/promises"
import { WebSocket } from "ws"

const EVERY_MS = 50
/** No client waits for longer. */
const PATIENCE_MS = 5000

/** Milliseconds until it is logged in; Infinity where it is not, at this try. */
const logIn = (url: string, key: string): Promise<number> =>
  new Promise((resolve) => {
    const began = performance.now()
    const socket = new WebSocket(url, { perMessageDeflate: false })
    const done = (ms: number): void => {
      clearTimeout(timer)
      socket.terminate()
      resolve(ms)
    }
    const timer = setTimeout(() => done(Infinity), PATIENCE_MS)
    socket.on("open", () => socket.send(JSON.stringify({ action: "authenticate", api_key: key })))
    socket.on("message", () => done(performance.now() - began))
    socket.on("error", () => done(Infinity))
    socket.on("close", () => done(Infinity))
  })

/** Begins; the function that it returns ends it, and answers with the slowest of all logins. */
export const logInAllTheTime = (url: string, key: string): (() => Promise<number>) => {
  const state = { isOver: false, slowest: 0 }
  const all = (async () => {
    while (!state.isOver) {
      state.slowest = Math.max(state.slowest, await logIn(url, key))
      await sleep(EVERY_MS)
    }
  })()
  return async () => {
    state.isOver = true
    await all
    return state.slowest
  }
}
