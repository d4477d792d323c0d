/** Firstock's JSON feed, both sides. One subscription carries everything: prices, the day's figures and the book. */
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { FirstockCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { firstockOptions } from "./options.ts"
import { FirstockServerCodec } from "./server.ts"

export const protocol = {
  name: "firstock",
  handshake,
  refusal,
  readVariant: firstockOptions,
  open: (options: CodecOptions) => new FirstockCodec(options),
  kinds: () => ({ ltp: [7], quote: [7], depth: [7] }),
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "firstock",
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new FirstockServerCodec(options, context)
} satisfies ServerProtocol
