/** Nubra's feed: commands in words and JSON, protobuf market data by channel, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { NubraCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { channelsOf, weightOf } from "./layout.ts"
import { nubraOptions } from "./options.ts"
import { NubraServerCodec, admit } from "./server.ts"

export const protocol = {
  name: "nubra",
  handshake,
  refusal,
  readVariant: nubraOptions,
  open: (options: CodecOptions, login?: Handshake) => new NubraCodec(options, login),
  // Prices, the day's candle, book and open interest come on channels of their own.
  partial: true,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 7] }),
  // The broker's own weights.
  cost: (want: Want, { exchange }: WireInstrument) => weightOf(channelsOf(want, exchange, true))
} satisfies Protocol

export const serverProtocol = {
  name: "nubra",
  admit,
  open: (options: CodecOptions, context: ServerContext) => new NubraServerCodec(options, context)
} satisfies ServerProtocol
