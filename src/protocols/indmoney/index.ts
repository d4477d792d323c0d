/** INDmoney's (INDstocks) price stream: JSON texts, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { CodecOptions, Handshake, LoginContext, Protocol } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { IndMoneyCodec } from "./codec.ts"
import { wireNames } from "./options.ts"
import { IndMoneyServerCodec, admit } from "./server.ts"
import { oneKindEach } from "../protocol.ts"

/** The token alone, without `Bearer`. */
const handshake = ({ credentials, endpoint }: Pick<LoginContext, "credentials" | "endpoint">): Handshake => ({
  url: endpoint,
  headers: { authorization: reveal(credentials.authToken) }
})

/** 401 for a bad token is expected, and UNCONFIRMED. */
const refusal = usualRefusal("the access token is wrong or has expired")

export const protocol = {
  name: "indmoney",
  handshake,
  refusal,
  readVariant: wireNames,
  open: (options: CodecOptions) => new IndMoneyCodec(options),
  // Messages name the token without its segment.
  exclusive: ({ token }: WireInstrument) => token,
  kinds: () => oneKindEach,
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "indmoney",
  admit,
  open: (options: CodecOptions) => new IndMoneyServerCodec(options)
} satisfies ServerProtocol
