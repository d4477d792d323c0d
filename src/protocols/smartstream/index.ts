/** Smart Stream 2.0 of Angel One, and m.Stock's dialect of it: JSON requests, binary market data, both sides. */
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { SmartStreamCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { isDeep } from "./layout.ts"
import { MStockCodec } from "./mstock.ts"
import { MStockServerCodec } from "./mstockServer.ts"
import { dialectOf, mstockOptions, smartStreamOptions } from "./options.ts"
import { SmartStreamServerCodec, admit } from "./server.ts"
import { errorReplies } from "./errorReplies.ts"

export const protocol = {
  name: "smartstream",
  handshake,
  refusal,
  readVariant: (options: CodecOptions) => [
    dialectOf(options),
    smartStreamOptions(options),
    mstockOptions(options)
  ],
  open: (options: CodecOptions, login?: Handshake) =>
    dialectOf(options) === "mstock" ? new MStockCodec(options, login) : new SmartStreamCodec(options),
  kinds: () => ({ ltp: [1], quote: [3], depth: [3, 4, 7] }),
  // The deeper book carries no price, so it takes a quote subscription beside it.
  cost: (want: Want) => (isDeep(want) ? 2 : 1)
} satisfies Protocol

export const serverProtocol = {
  name: "smartstream",
  admit,
  open: (options: CodecOptions, context: ServerContext) =>
    dialectOf(options) === "mstock"
      ? new MStockServerCodec(options, context)
      : new SmartStreamServerCodec(options),
  errorReplies
} satisfies ServerProtocol
