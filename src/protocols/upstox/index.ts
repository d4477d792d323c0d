/** Upstox' Market Data Feed V3: JSON requests in binary frames, protobuf market data, both sides. */
import type { CodecOptions, Handshake, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { UpstoxCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { upstoxOptions } from "./options.ts"
import { UpstoxServerCodec, admit, http } from "./server.ts"
import { errorReplies } from "./errorReplies.ts"

export const protocol = {
  name: "upstox",
  handshake,
  refusal,
  readVariant: upstoxOptions,
  open: (options: CodecOptions, login?: Handshake) => new UpstoxCodec(options, login),
  kinds: () => ({ ltp: [1], quote: [7], depth: [7] }),
  // A key has one mode at a time and counts once, whatever it is.
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "upstox",
  admit,
  http,
  open: (options: CodecOptions) => new UpstoxServerCodec(options),
  errorReplies
} satisfies ServerProtocol
