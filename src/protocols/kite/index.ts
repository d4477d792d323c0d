/** Zerodha's Kite ticker: JSON requests, binary market data, both sides. */
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { KiteCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { kiteOptions } from "./options.ts"
import { KiteServerCodec, admit } from "./server.ts"
import { errorReplies } from "./errorReplies.ts"
import { oneKindEach } from "../protocol.ts"

export const protocol = {
  name: "kite",
  handshake,
  refusal,
  readVariant: kiteOptions,
  open: (options: CodecOptions) => new KiteCodec(options),
  kinds: () => oneKindEach,
  // A token has one mode at a time and counts once, whatever it is.
  cost: () => 1
} satisfies Protocol

/** The heartbeat's byte has no defined value; zero is what is usually seen. */
const HEARTBEAT = new Uint8Array(1)

export const serverProtocol = {
  name: "kite",
  admit,
  open: (options: CodecOptions) => new KiteServerCodec(options),
  idle: { everyMs: 1000, frame: () => HEARTBEAT },
  errorReplies
} satisfies ServerProtocol
