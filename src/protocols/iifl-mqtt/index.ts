/** IIFL Capital's market data: MQTT 3.1.1 on a byte stream, binary payloads. Both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import { unsignedToken } from "../kit/jwt.ts"
import type { CodecOptions, Handshake, Protocol, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { IiflMqttCodec } from "./codec.ts"
import { handshake, refusal } from "./handshake.ts"
import { iiflMqttOptions } from "./options.ts"
import { IiflMqttServerCodec } from "./server.ts"
import { streamsOf } from "./topics.ts"

export const protocol = {
  name: "iifl-mqtt",
  handshake,
  refusal,
  readVariant: iiflMqttOptions,
  open: (options: CodecOptions, login?: Handshake) => new IiflMqttCodec(options, login),
  // Prices and book come in one packet, open interest in another.
  partial: true,
  kinds: () => ({ ltp: [7], quote: [7], depth: [7] }),
  cost: (_: Want, instrument: WireInstrument) => streamsOf(instrument).length
} satisfies Protocol

export const serverProtocol = {
  name: "iifl-mqtt",
  demo: {
    authToken: unsignedToken({ preferred_username: "DEMO01", exp: 4_102_444_800 })
  },
  // The login is the first packet of the stream.
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new IiflMqttServerCodec(options, context)
} satisfies ServerProtocol
