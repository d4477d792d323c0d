/**
 * XTS by Symphony Fintech, which several brokers run: Socket.IO 2 for the data, in JSON, text or binary packets, and
 * REST for everything that is asked. Both sides.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { oneKindEach } from "../protocol.ts"
import { XtsCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { codesOf } from "./layout.ts"
import { xtsOptions } from "./options.ts"
import { http } from "./rest.ts"
import { XtsServerCodec, admit, demo } from "./server.ts"
import { errorReplies } from "./errorReplies.ts"

export const protocol = {
  name: "xts",
  handshake,
  refusal,
  readVariant: xtsOptions,
  open: (options: CodecOptions, login?: Handshake) => new XtsCodec(options, login),
  // Open interest comes in messages of its own.
  partial: true,
  kinds: (options: CodecOptions) =>
    xtsOptions(options).ltpBy === "ltp" ? oneKindEach : { ltp: [3], quote: [3], depth: [7] },
  // The broker counts subscriptions, each kind of message by itself (UNCONFIRMED).
  cost: (want: Want, { exchange }: WireInstrument) =>
    codesOf(want, exchange, { ltpBy: "ltp", openInterest: true }).length
} satisfies Protocol

export const serverProtocol = {
  name: "xts",
  demo,
  admit,
  open: (options: CodecOptions, context: ServerContext) => new XtsServerCodec(options, context),
  http,
  errorReplies
} satisfies ServerProtocol
