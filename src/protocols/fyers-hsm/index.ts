/** Fyers' data socket: HSM with the numbers of the values told in the login's answer, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import { HsmCodec } from "../hsm/codec.ts"
import { HsmServerCodec } from "../hsm/server.ts"
import { unsignedToken } from "../kit/jwt.ts"
import type { CodecOptions, Handshake, Protocol } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { dialect, serverDialect } from "./dialect.ts"
import { handshake, refusal } from "./handshake.ts"
import { fyersOptions } from "./options.ts"
import { subjectOf } from "./subject.ts"
import { errorReplies } from "../hsm/errorReplies.ts"

export const protocol = {
  name: "fyers-hsm",
  handshake,
  refusal,
  readVariant: fyersOptions,
  open: (options: CodecOptions, made?: Handshake) => new HsmCodec(dialect(options), made),
  // Prices and book are topics of their own.
  partial: true,
  // Some indices have two tickers, an old one and a new one, and the feed has one name for both.
  exclusive: (instrument: WireInstrument) => subjectOf(instrument)?.name ?? instrument.token,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 4] }),
  // The SDK counts symbols, not topics.
  cost: () => 1
} satisfies Protocol

/** Until 2100. */
const FAR = 4_102_444_800

/** Both sockets of Fyers take the same login. */
export const demo = {
  apiKey: "DEMO01-100",
  authToken: unsignedToken({ sub: "access_token", hsm_key: "demo-hsm-key", exp: FAR })
}

export const serverProtocol = {
  name: "fyers-hsm",
  demo,
  // Anybody may open the socket; the first message is the login.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) =>
    new HsmServerCodec(serverDialect(options), context),
  errorReplies
} satisfies ServerProtocol
