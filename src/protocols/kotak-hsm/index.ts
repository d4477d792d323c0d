/** Kotak Neo's HSWebSocket: HSM with records that tell their length, both sides. */
import { HsmCodec } from "../hsm/codec.ts"
import { HsmServerCodec } from "../hsm/server.ts"
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { dialect, serverDialect } from "./dialect.ts"
import { handshake, refusal } from "./handshake.ts"
import { errorReplies } from "../hsm/errorReplies.ts"
import { kotakOptions } from "./options.ts"

export const protocol = {
  name: "kotak-hsm",
  handshake,
  refusal,
  readVariant: kotakOptions,
  open: (options: CodecOptions, made?: Handshake) => new HsmCodec(dialect(options), made),
  // Prices and book are topics of their own.
  partial: true,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 4] }),
  // The limit counts topics.
  cost: ({ mode }: Want, { exchange }: WireInstrument) =>
    mode === "depth" && !exchange.endsWith("_INDEX") ? 2 : 1
} satisfies Protocol

export const serverProtocol = {
  name: "kotak-hsm",
  // Anybody may open the socket; the first message is the login.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) =>
    new HsmServerCodec(serverDialect(options), context),
  errorReplies
} satisfies ServerProtocol
