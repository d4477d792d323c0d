/**
 * The peers: uWebSockets.js alone, which knows its topics, checks nothing and publishes finished bytes, and the same with
 * ZeroMQ between two processes. They answer the load client's requests with the least that the client reads.
 */
import * as uWS from "uWebSockets.js"
import * as zmq from "zeromq"
import type { Emit } from "./emitter.ts"
import type { Market } from "./market.ts"
import { framesOf } from "./market.ts"

interface Request {
  readonly action: string
  readonly symbols?: ReadonlyArray<{ readonly symbol: string }>
}

const bareApp = (): uWS.TemplatedApp => {
  const app = uWS.App()
  app.ws("/*", {
    idleTimeout: 120,
    maxBackpressure: 64 * 1024 * 1024,
    // A subscription to thousands of instruments is one message.
    maxPayloadLength: 1024 * 1024,
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
  return app
}

const listen = (app: uWS.TemplatedApp): Promise<number> =>
  new Promise((resolve, reject) => {
    app.listen("127.0.0.1", 0, (socket) => {
      if (socket === false) reject(new Error("the bare server found no port"))
      else resolve(uWS.us_socket_local_port(socket))
    })
  })

const messagesOf = (market: Market): ReadonlyArray<{ readonly topic: string; readonly payload: Buffer }> =>
  framesOf(market).map(({ payload, view }) => ({ payload, topic: view.symbol }))

export const startBare = async (market: Market) => {
  const messages = messagesOf(market)
  const app = bareApp()
  const emit: Emit = (from, count) => () => {
    for (let n = from; n < from + count; n++) {
      const { payload, topic } = messages[n % messages.length]!
      app.publish(topic, payload, false, false)
    }
  }
  return { port: await listen(app), emit }
}

/** Sends the messages of a call as the parts of one. */
export const startBareFeed = async (market: Market, address: string) => {
  const messages = messagesOf(market)
  const socket = new zmq.Publisher({ sendHighWaterMark: 0, linger: 0 })
  await socket.bind(address)
  let sending = Promise.resolve()
  const emit: Emit = (from, count) => {
    const parts: Array<string | Buffer> = []
    for (let n = from; n < from + count; n++) {
      const { payload, topic } = messages[n % messages.length]!
      parts.push(topic, payload)
    }
    return () => {
      sending = sending.then(() => socket.send(parts))
    }
  }
  return { port: 0, emit }
}

export const startBareRemote = async (address: string) => {
  const app = bareApp()
  const socket = new zmq.Subscriber({ receiveHighWaterMark: 0, linger: 0 })
  socket.connect(address)
  socket.subscribe()
  const forward = async (): Promise<void> => {
    for await (const parts of socket) {
      for (let i = 0; i < parts.length; i += 2) {
        app.publish(parts[i]!, parts[i + 1]!, false, false)
      }
    }
  }
  void forward()
  return { port: await listen(app), emit: undefined }
}
