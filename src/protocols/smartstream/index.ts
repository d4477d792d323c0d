/** Angel One's Smart Stream 2.0: JSON requests, binary market data, both sides. */
import type { Protocol, ServerProtocol } from "../protocol.ts"
import { SmartStreamCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { isDeep } from "./layout.ts"
import { SmartStreamServerCodec, admit } from "./server.ts"

export const protocol: Protocol = {
  name: "smartstream",
  handshake,
  refusal,
  open: (options) => new SmartStreamCodec(options),
  heartbeat: () => "ping",
  // The deeper book carries no price, so it takes a quote subscription beside it.
  cost: (want) => (isDeep(want) ? 2 : 1)
}

export const serverProtocol: ServerProtocol = {
  name: "smartstream",
  admit,
  open: (options) => new SmartStreamServerCodec(options)
}
