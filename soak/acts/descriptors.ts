/** What takes sockets from a gateway, and gives it nothing to do with them. */
import { connect } from "node:net"
import type { Acts, Running } from "./act.ts"
import { HANDSHAKE, frame, streams } from "./connections.ts"
import type { HostileTask } from "../hostileProcess.ts"

const MB = 1024 * 1024

/** Is told why it is closed, and does not close its own side. */
export const lingering = ({ many, port }: HostileTask, offence: Buffer): Running => {
  let done = 0
  const open = (): void => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    socket.on("connect", () => socket.write(HANDSHAKE))
    socket.once("data", () => {
      socket.write(offence)
      done++
    })
    socket.on("data", () => undefined)
    socket.on("error", () => undefined)
    socket.on("close", () => setTimeout(open, 50))
  }
  for (let i = 0; i < many; i++) open()
  return { done: () => done }
}

export const descriptors: Acts = {
  "idle connections": {
    idle: true,
    memory: 96 * MB,
    run: (task) =>
      streams(
        task,
        () => 0,
        () => 0
      )
  },
  /** Handshakes of clients that never log in, more than there are places for. */
  "handshakes without a login": {
    connections: 400,
    memory: 128 * MB,
    run: (task) =>
      streams(
        task,
        (socket) => {
          socket.write(HANDSHAKE)
          return 1
        },
        () => 0
      )
  },
  /** Connections that come and go. */
  "comings and goings": {
    connections: 20,
    memory: 96 * MB,
    run: (task) => {
      let done = 0
      const open = (): void => {
        const socket = connect(task.port, "127.0.0.1")
        socket.on("error", () => undefined)
        socket.on("close", () => setImmediate(open))
        socket.on("connect", () => {
          done++
          if (done % 2 === 0) socket.destroy()
          else socket.write(HANDSHAKE, () => socket.destroy())
        })
      }
      for (let i = 0; i < task.many; i++) open()
      return { done: () => done }
    }
  },
  "connections that are closed and stay": {
    connections: 200,
    memory: 96 * MB,
    run: (task) => lingering(task, frame("x".repeat(60_000)).fill(0xff, 8))
  },
  "clients that are thrown out and stay": {
    connections: 100,
    memory: 128 * MB,
    run: (task) => {
      const pings = Buffer.concat(Array.from({ length: 3000 }, () => Buffer.from([0x89, 0x80, 0, 0, 0, 0])))
      return lingering(task, Buffer.concat([pings, pings, pings, pings]))
    }
  }
}
