/** Arrow's standard stream: JSON requests, binary market data, both sides. */
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { ArrowCodec } from "./codec.ts"
import { admit, handshake, refusal } from "./handshake.ts"
import { arrowOptions } from "./options.ts"
import { ArrowServerCodec } from "./server.ts"
import { oneKindEach } from "../protocol.ts"

export const protocol = {
  name: "arrow",
  handshake,
  refusal,
  readVariant: arrowOptions,
  open: (options: CodecOptions) => new ArrowCodec(options),
  // Whether tokens are unique over all segments is UNCONFIRMED, and packets carry nothing else.
  exclusive: ({ token }) => token,
  kinds: () => oneKindEach,
  cost: () => 1
} satisfies Protocol

const HEARTBEAT = new Uint8Array(1)

export const serverProtocol = {
  name: "arrow",
  admit,
  open: (options: CodecOptions) => new ArrowServerCodec(options),
  // How often the real server sends its byte is not documented; its Python client gives up after 5 seconds of silence.
  idle: { everyMs: 2000, frame: () => HEARTBEAT }
} satisfies ServerProtocol
