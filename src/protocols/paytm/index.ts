/** Paytm Money's live broadcast: JSON requests, binary market data, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { CodecOptions, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { PaytmCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { paytmOptions } from "./options.ts"
import { PaytmServerCodec, admit } from "./server.ts"
import { oneKindEach } from "../protocol.ts"

export const protocol = {
  name: "paytm",
  handshake,
  refusal,
  readVariant: paytmOptions,
  open: (options: CodecOptions) => new PaytmCodec(options),
  // Packets carry a security id and no exchange; only indices are told from the rest.
  exclusive: ({ exchange, token }: WireInstrument) =>
    `${exchange.endsWith("_INDEX") ? "index" : "scrip"}:${token}`,
  kinds: () => oneKindEach,
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "paytm",
  admit,
  open: (options: CodecOptions) => new PaytmServerCodec(options)
} satisfies ServerProtocol
