/** Fyers' depth socket with fifty levels: JSON requests, protobuf books, both sides. */
import { refusal } from "../fyers-hsm/handshake.ts"
import { demo } from "../fyers-hsm/index.ts"
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { FyersTbtCodec } from "./codec.ts"
import { handshake } from "./handshake.ts"
import { tbtOptions } from "./options.ts"
import { FyersTbtServerCodec, admit, http } from "./server.ts"

export const protocol = {
  name: "fyers-tbt",
  handshake,
  refusal,
  readVariant: tbtOptions,
  open: (options: CodecOptions) => new FyersTbtCodec(options),
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "fyers-tbt",
  demo,
  admit,
  http,
  open: (options: CodecOptions, context: ServerContext) => new FyersTbtServerCodec(options, context)
} satisfies ServerProtocol
