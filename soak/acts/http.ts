/** What hostile clients do before they are clients: requests over plain HTTP, handshakes, and messages that never end. */
import { connect } from "node:net"
import type { Socket } from "node:net"
import type { HostileTask } from "../hostileProcess.ts"
import type { Acts, Running } from "./act.ts"
import { HANDSHAKE, frame, streams } from "./connections.ts"
import { lingering } from "./descriptors.ts"

const MB = 1024 * 1024
const paths = ["/schema/asyncapi", "/schema", "/metrics", "/health", "/ready", "/nothing"]

/** Numbers from 0 to 1, the same ones for a seed. */
const chance = (seed: number): (() => number) => {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

/** Connections of which nothing is ever read. */
const unread = (
  task: HostileTask,
  greet: (socket: Socket) => number,
  drive: (socket: Socket, turn: number) => number = () => 0
): Running =>
  streams(
    task,
    (socket) => {
      socket.pause()
      return greet(socket)
    },
    drive
  )

/** The head of a masked frame that claims so many bytes, and the first of them. */
const begun = (claimed: number, sent: number, head = 0x81): Buffer => {
  const bytes = Buffer.alloc(14 + sent, 0x20)
  bytes[0] = head
  bytes[1] = 0x80 | 127
  bytes.writeBigUInt64BE(BigInt(claimed), 2)
  bytes.writeUInt32BE(0, 10)
  return bytes
}

/** Sends once the handshake is answered: what comes before belongs to no message. */
const afterHandshake = (task: HostileTask, send: (socket: Socket) => void): Running => {
  let done = 0
  const open = (): void => {
    const socket = connect(task.port, "127.0.0.1")
    socket.on("connect", () => socket.write(HANDSHAKE))
    socket.once("data", (data: Buffer) => {
      if (!data.includes("101 ")) return
      send(socket)
      done++
    })
    socket.on("data", () => undefined)
    socket.on("error", () => undefined)
    socket.on("close", () => setTimeout(open, 50))
  }
  for (let i = 0; i < task.many; i++) open()
  return { done: () => done }
}

/** Stated in docs/limits.md: messages of clients that are not logged in; and what the engine needs beside. */
const NEWCOMERS_MEMORY = 240 * MB + 64 * MB

export const http: Acts = {
  /** Thousands of requests in one go, whose answers nobody reads. */
  "pipelined requests": {
    connections: 4,
    memory: 96 * MB,
    run: (task) => {
      const draw = chance(task.seed)
      const many = 2000
      const bytes = Buffer.from(
        Array.from({ length: many }, () => get(paths[Math.floor(draw() * 3)]!)).join("")
      )
      return unread(task, (socket) => {
        socket.write(bytes)
        return many
      })
    }
  },
  /** One request after the other on a connection that is not read from. */
  "requests without reading": {
    connections: 20,
    memory: 96 * MB,
    run: (task) => {
      const draw = chance(task.seed)
      return unread(
        task,
        () => 0,
        (socket) => {
          socket.write(get(paths[Math.floor(draw() * paths.length)]!))
          return 1
        }
      )
    }
  },
  /** A request for each connection, as fast as it goes. */
  "requests without end": {
    connections: 20,
    memory: 96 * MB,
    run: (task) => {
      const draw = chance(task.seed)
      return streams(
        task,
        (socket) => {
          socket.write(get(paths[Math.floor(draw() * paths.length)]!))
          return 1
        },
        () => 0
      )
    }
  },
  /** Requests whose end a proxy may see elsewhere. */
  "two lengths": {
    memory: 96 * MB,
    run: (task) =>
      streams(
        task,
        (socket) => {
          socket.write(get("/health", "Content-Length: 5\r\nContent-Length: 61\r\n") + get("/metrics"))
          return 1
        },
        () => 0
      )
  },
  /** A body that is announced and never comes, or comes byte by byte. */
  "bodies without end": {
    memory: 96 * MB,
    run: (task) =>
      streams(
        task,
        (socket) => {
          socket.write(get("/health", "Content-Length: 1000000000\r\n"))
          return 1
        },
        (socket) => {
          socket.write("x")
          return 1
        }
      )
  },
  /** The largest message that is taken, but for its end. */
  "unfinished messages": {
    connections: 500,
    memory: NEWCOMERS_MEMORY,
    run: (task) => {
      const bytes = begun(MB + MB / 4, MB + MB / 4 - 100)
      return afterHandshake(task, (socket) => socket.write(bytes))
    }
  },
  /** The same in pieces, each of them whole, so that pings are answered between them. */
  "messages in pieces": {
    connections: 500,
    memory: NEWCOMERS_MEMORY,
    run: (task) => {
      const bytes = Buffer.concat([begun(MB / 2, MB / 2, 0x01), begun(MB / 2 - 100, MB / 2 - 100, 0x00)])
      return afterHandshake(task, (socket) => socket.write(bytes))
    }
  },
  /** The same by clients that get themselves closed with a code, and stay. */
  "unfinished messages that stay": {
    connections: 400,
    memory: NEWCOMERS_MEMORY,
    run: (task) => {
      const pings = Array.from({ length: 100 }, () => Buffer.from([0x89, 0x80, 0, 0, 0, 0]))
      return lingering(task, Buffer.concat([begun(MB, MB, 0x01), ...pings]))
    }
  },
  /** Messages beyond what is taken: a little, and by far. */
  "messages too large": {
    connections: 50,
    memory: NEWCOMERS_MEMORY,
    run: (task) => afterHandshake(task, (socket) => socket.write(begun(4 * MB, MB)))
  },
  /** Clients with a key keep as much each. */
  "unfinished messages behind a login": {
    connections: 60,
    memory: 75 * MB + 64 * MB,
    run: (task) => {
      const login = frame(JSON.stringify({ action: "authenticate", api_key: task.key }))
      const bytes = Buffer.concat([login, begun(MB + MB / 4, MB + MB / 4 - 100)])
      return afterHandshake(task, (socket) => socket.write(bytes))
    }
  }
}
