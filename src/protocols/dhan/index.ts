/** Dhan's live feed: JSON requests, binary market data, both sides. */
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { DhanCodec } from "./codec.ts"
import { refusal } from "./failures.ts"
import { admit, handshakeWith } from "./handshake.ts"
import { dhanOptions } from "./options.ts"
import { DhanServerCodec } from "./server.ts"
import { errorReplies } from "./errorReplies.ts"
import { oneKindEach } from "../protocol.ts"

export const protocol = {
  name: "dhan",
  handshake: handshakeWith("version=2&"),
  refusal,
  readVariant: dhanOptions,
  open: (options: CodecOptions) => new DhanCodec(options),
  kinds: () => oneKindEach,
  // The limit counts instruments, and one has one request code at a time.
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "dhan",
  admit,
  open: (options: CodecOptions) => new DhanServerCodec(options),
  errorReplies
} satisfies ServerProtocol
