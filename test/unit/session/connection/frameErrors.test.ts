/** How connections end that were open, over real sockets: by the broker's broken frames, its goodbyes, and hooks that throw. */
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { WebSocketServer } from "ws"
import type { WebSocket } from "ws"
import { makeHookFaults, soundProtocol } from "../../../../src/session/containment.ts"
import { protocol as kite } from "../../../../src/protocols/kite/index.ts"
import type { Protocol } from "../../../../src/protocols/protocol.ts"
import { Transport } from "../../../../src/session/transport/transport.ts"

/** A broker that does something to each client's socket, or declines all with a status. */
const brokerThat = (act: (socket: WebSocket) => void, declines?: number) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<WebSocketServer>((resolve) => {
          const server: WebSocketServer = new WebSocketServer(
            {
              port: 0,
              host: "127.0.0.1",
              verifyClient: (_, decide) => decide(declines === undefined, declines ?? 200)
            },
            () => resolve(server)
          ).on("connection", (socket) => {
            socket.on("error", () => {})
            act(socket)
          })
        })
    ),
    (server) =>
      Effect.sync(() => {
        for (const client of server.clients) client.terminate()
        server.close()
      })
  )

/** The failure by which a connection to it ends. */
const endAt = Effect.fnUntraced(
  function* (server: WebSocketServer, protocol: Protocol = kite) {
    const transport = yield* Transport
    const socket = yield* transport.open({
      handshake: { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, headers: {} },
      refusal: protocol.refusal,
      closed: protocol.closed,
      onFrame: () => {}
    })
    return yield* socket.ended
  },
  Effect.scoped,
  Effect.flip,
  Effect.provide(Transport.layerSockets)
)

const raw = (socket: WebSocket): { write: (bytes: Uint8Array) => void } =>
  (socket as unknown as { _socket: { write: (bytes: Uint8Array) => void } })._socket

describe("an open connection", () => {
  const broken: ReadonlyArray<readonly [what: string, bytes: ReadonlyArray<number>]> = [
    ["an opcode that there is not", [0x83, 0x00]],
    ["a reserved bit", [0xc1, 0x00]],
    ["text that is no UTF-8", [0x81, 0x02, 0xc3, 0x28]],
    ["a masked frame", [0x81, 0x81, 1, 2, 3, 4, 5]],
    ["a control frame in pieces", [0x09, 0x00]],
    ["a close code that there is not", [0x88, 0x02, 0x00, 0x01]],
    ["a frame of four gigabytes", [0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0]]
  ]
  for (const [what, bytes] of broken) {
    it.live(`that carries ${what} was lost by it: nobody says that the broker was not reached`, () =>
      Effect.gen(function* () {
        const server = yield* brokerThat((socket) => raw(socket).write(Uint8Array.from(bytes)))
        const failure = yield* endAt(server)
        assert.strictEqual(failure._tag, "ConnectionLost")
        assert.match(
          failure.message,
          /^the connection was lost \(the broker sent a frame that is not valid: WS_ERR_/
        )
      }).pipe(Effect.scoped)
    )
  }

  it.live("whose broker goes away was lost, too", () =>
    Effect.gen(function* () {
      const server = yield* brokerThat((socket) => socket.terminate())
      assert.strictEqual((yield* endAt(server))._tag, "ConnectionLost")
    }).pipe(Effect.scoped)
  )
})

describe("a hook that throws in a socket's callback", () => {
  const told: Array<string> = []
  const faults = makeHookFaults(
    { hookFault: (hook) => void told.push(hook) },
    { warn: () => {}, error: () => {} }
  )
  const boom = (): never => {
    throw new Error("boom")
  }
  const sound = soundProtocol({ ...kite, closed: boom, refusal: boom }, faults)

  it.live("ends neither the process nor the way of a close", () =>
    Effect.gen(function* () {
      const server = yield* brokerThat((socket) => socket.close(4001, "out"))
      const failure = yield* endAt(server, sound)
      assert.strictEqual(
        failure.message,
        "the connection was lost (closed by the broker with code 4001: out)"
      )
      assert.include(told, "Protocol.closed")
    }).pipe(Effect.scoped)
  )

  it.live("ends neither the process nor the way of a refusal", () =>
    Effect.gen(function* () {
      const server = yield* brokerThat(() => {}, 403)
      const failure = yield* endAt(server, sound)
      assert.strictEqual(failure._tag, "ConnectionRefused")
      assert.include(failure.message, "declined by the broker with status 403")
      assert.include(told, "Protocol.refusal")
    }).pipe(Effect.scoped)
  )
})
