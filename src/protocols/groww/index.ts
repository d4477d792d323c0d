/** Groww's live feed: the NATS client protocol in WebSocket frames, nkey login, protobuf payloads. Both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { GrowwCodec } from "./codec.ts"
import { handshake, refusal } from "./login.ts"
import { PING } from "./nats.ts"
import { growwOptions } from "./options.ts"
import { GrowwServerCodec } from "./server.ts"
import { http } from "./socketToken.ts"
import { errorReplies } from "./errorReplies.ts"

export const protocol = {
  name: "groww",
  handshake,
  refusal,
  readVariant: growwOptions,
  open: (options: CodecOptions, login?: Handshake) => new GrowwCodec(options, login),
  // Prices on one subject, the book on another.
  partial: true,
  kinds: () => ({ ltp: [1], quote: [3], depth: [3, 4] }),
  cost: ({ mode }: Want, { exchange }: WireInstrument) =>
    mode === "depth" && !exchange.endsWith("_INDEX") ? 2 : 1
} satisfies Protocol

export const serverProtocol = {
  name: "groww",
  // The login is the first operation on the socket.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new GrowwServerCodec(options, context),
  http,
  idle: { everyMs: 30_000, frame: () => PING },
  errorReplies
} satisfies ServerProtocol
