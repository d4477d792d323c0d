/** Pocketful's feed: JSON requests, binary market data, both sides. */
import type { CodecOptions, Protocol, Want } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { PocketfulCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { streamsOf } from "./layout.ts"
import { pocketfulOptions } from "./options.ts"
import { PocketfulServerCodec, admit } from "./server.ts"

export const protocol = {
  name: "pocketful",
  handshake,
  refusal,
  readVariant: pocketfulOptions,
  open: (options: CodecOptions) => new PocketfulCodec(options),
  partial: true,
  kinds: () => ({ ltp: [1], quote: [3], depth: [3, 4] }),
  // The book has a stream of its own, beside that of the prices.
  cost: (want: Want) => streamsOf(want).length
} satisfies Protocol

export const serverProtocol = {
  name: "pocketful",
  admit,
  open: (options: CodecOptions) => new PocketfulServerCodec(options)
} satisfies ServerProtocol
