/** Motilal Oswal's broadcast: binary requests, packets of 30 bytes, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { MotilalCodec } from "./codec.ts"
import { encodeHeartbeat } from "./encode.ts"
import { handshake, refusal } from "./handshake.ts"
import { motilalOptions } from "./options.ts"
import { MotilalServerCodec } from "./server.ts"

const isIndex = ({ exchange }: WireInstrument): boolean => exchange.endsWith("_INDEX")

/** The letters of NSE and NFO are one on the wire. */
const LETTERS: Readonly<Record<string, string>> = { NFO: "NSE" }

export const protocol = {
  name: "motilal",
  handshake,
  refusal,
  readVariant: motilalOptions,
  open: (options: CodecOptions, login?: Handshake) => new MotilalCodec(options, login),
  partial: true,
  exclusive: ({ exchange, token }: WireInstrument) => `${LETTERS[exchange] ?? exchange}:${token}`,
  kinds: () => ({ ltp: [2, 3, 4], quote: [2, 3, 4], depth: [2, 3, 4] }),
  // Indices come unasked.
  cost: (_: Want, instrument: WireInstrument) => (isIndex(instrument) ? 0 : 1)
} satisfies Protocol

export const serverProtocol = {
  name: "motilal",
  // The login is the first packet, not the upgrade.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new MotilalServerCodec(options, context),
  // How often the real server sends its heartbeat is UNCONFIRMED; its SDK gives up after 30 seconds of silence.
  idle: { everyMs: 10_000, frame: encodeHeartbeat }
} satisfies ServerProtocol
