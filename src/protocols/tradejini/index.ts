/** Tradejini's Nxtrad stream: JSON requests, fields of key and value, both sides. */
import type { CodecOptions, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { TradejiniCodec } from "./codec.ts"
import { closed, handshake, refusal } from "./handshake.ts"
import { wantsBook } from "./layout.ts"
import { tradejiniOptions } from "./options.ts"
import { TradejiniServerCodec } from "./server.ts"

export const protocol = {
  name: "tradejini",
  handshake,
  refusal,
  readVariant: tradejiniOptions,
  closed,
  open: (options: CodecOptions) => new TradejiniCodec(options),
  partial: true,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 4] }),
  // The book is a subscription of its own, beside that of the prices.
  cost: (want: Want) => (wantsBook(want) ? 2 : 1)
} satisfies Protocol

export const serverProtocol = {
  name: "tradejini",
  // A wrong login is closed, not declined.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new TradejiniServerCodec(options, context)
} satisfies ServerProtocol
