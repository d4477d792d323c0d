/**
 * The peer: uWebSockets.js alone, which knows its topics, checks nothing and publishes finished bytes. It answers the
 * load client's requests with the least that the client reads.
 */
import * as uWS from "uWebSockets.js"
import type { Emit } from "./emitter.ts"
import type { Market } from "./market.ts"
import { framesOf } from "./market.ts"

interface Request {
  readonly action: string
  readonly symbols?: ReadonlyArray<{ readonly symbol: string }>
}

export const startBare = (market: Market): Promise<{ readonly port: number; readonly emit: Emit }> => {
  const frames = framesOf(market).map(({ payload, view }) => ({ payload, topic: view.symbol }))
  const app = uWS.App()
  app.ws("/*", {
    idleTimeout: 120,
    maxBackpressure: 64 * 1024 * 1024,
    message: (socket, message) => {
      const { action, symbols = [] } = JSON.parse(Buffer.from(message).toString()) as Request
      for (const { symbol } of symbols) socket.subscribe(symbol)
      socket.send(
        JSON.stringify(
          action === "subscribe"
            ? {
                type: "subscribe",
                status: "success",
                subscriptions: symbols.map(() => ({ status: "success" }))
              }
            : { type: "auth", status: "success" }
        )
      )
    }
  })
  const emit: Emit = (from, count) => () => {
    for (let n = from; n < from + count; n++) {
      const { payload, topic } = frames[n % frames.length]!
      app.publish(topic, payload, false, false)
    }
  }
  return new Promise((resolve, reject) => {
    app.listen("127.0.0.1", 0, (socket) => {
      if (socket === false) reject(new Error("the bare server found no port"))
      else resolve({ port: uWS.us_socket_local_port(socket), emit })
    })
  })
}
