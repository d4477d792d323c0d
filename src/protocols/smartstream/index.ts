/** Angel One's Smart Stream 2.0: JSON requests, binary market data, both sides. */
import type { CodecOptions, Protocol, ServerProtocol, Want } from "../protocol.ts"
import { SmartStreamCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { isDeep } from "./layout.ts"
import { SmartStreamServerCodec, admit } from "./server.ts"

export const protocol = {
  name: "smartstream",
  handshake,
  refusal,
  open: (options: CodecOptions) => new SmartStreamCodec(options),
  // The deeper book carries no price, so it takes a quote subscription beside it.
  cost: (want: Want) => (isDeep(want) ? 2 : 1)
} satisfies Protocol

export const serverProtocol = {
  name: "smartstream",
  admit,
  open: (options: CodecOptions) => new SmartStreamServerCodec(options)
} satisfies ServerProtocol
