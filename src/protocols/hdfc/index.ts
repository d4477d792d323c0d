/** The feed of HDFC Sky and HDFC Securities: JSON requests, protobuf market data, both sides. */
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { HdfcCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { hdfcOptions } from "./options.ts"
import { HdfcServerCodec, admit, heartbeat } from "./server.ts"

export const protocol = {
  name: "hdfc",
  handshake,
  refusal,
  readVariant: hdfcOptions,
  open: (options: CodecOptions) => new HdfcCodec(options),
  kinds: () => ({ ltp: [1], quote: [7], depth: [7] }),
  // A scrip has one type at a time and counts once, whatever it is.
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "hdfc",
  admit,
  open: (options: CodecOptions) => new HdfcServerCodec(options),
  // How often the real server sends one is UNCONFIRMED.
  idle: { everyMs: 10_000, frame: heartbeat }
} satisfies ServerProtocol
