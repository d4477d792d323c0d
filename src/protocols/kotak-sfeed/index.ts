/** Kotak Neo's SFeed: JSON requests, binary batches of whole pictures. Both sides. */
import type { CodecOptions, Handshake, Protocol } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { SfeedCodec } from "./codec.ts"
import { http } from "./configuration.ts"
import { handshake, refusal } from "./handshake.ts"
import { sfeedOptions } from "./options.ts"
import { SfeedServerCodec } from "./server.ts"
import { oneKindEach } from "../protocol.ts"

export const protocol = {
  name: "kotak-sfeed",
  handshake,
  refusal,
  readVariant: sfeedOptions,
  open: (options: CodecOptions, made?: Handshake) => new SfeedCodec(options, made),
  kinds: () => oneKindEach,
  // The depth packet has the prices too, so an instrument is subscribed once, whatever is wanted of it.
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "kotak-sfeed",
  demo: { dataCenter: "E43" },
  // Anybody may open the socket; the first text is the login.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new SfeedServerCodec(options, context),
  http
} satisfies ServerProtocol
