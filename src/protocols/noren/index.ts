/** The JSON feed of Noren back ends (Shoonya, Flattrade, Zebu, TradeSmart, Definedge, Alice Blue), both sides. */
import type { CodecOptions, Handshake, Protocol } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { NorenCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { norenOptions } from "./options.ts"
import { NorenServerCodec, http } from "./server.ts"

export const protocol = {
  name: "noren",
  handshake,
  refusal,
  readVariant: norenOptions,
  open: (options: CodecOptions, login?: Handshake) => new NorenCodec(options, login),
  kinds: () => ({ ltp: [3], quote: [3], depth: [7] }),
  // A scrip is in one feed at a time but for a moment while it changes.
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "noren",
  // The upgrade carries no login.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new NorenServerCodec(options, context),
  http
} satisfies ServerProtocol
