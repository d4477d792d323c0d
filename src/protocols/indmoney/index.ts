/** INDmoney's (INDstocks) price stream: JSON texts, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { CodecOptions, Handshake, LoginContext, Protocol, Refusal, ServerProtocol } from "../protocol.ts"
import { reveal } from "../text.ts"
import { IndMoneyCodec } from "./codec.ts"
import { IndMoneyServerCodec, admit } from "./server.ts"

/** The token alone, without `Bearer`. */
const handshake = ({ credentials, endpoint }: Pick<LoginContext, "credentials" | "endpoint">): Handshake => ({
  url: endpoint,
  headers: { authorization: reveal(credentials.authToken) }
})

/** 401 for a bad token is expected, and UNCONFIRMED. */
const refusal = ({ status }: Refusal): ConnectionFailure => {
  const detail = `HTTP ${status}`
  if (status === 401 || status === 403) {
    return new AuthRejected({ detail: `${detail}: the access token is wrong or has expired` })
  }
  return status === 429 ? new RateLimited({ detail }) : new ConnectionRefused({ detail })
}

export const protocol = {
  name: "indmoney",
  handshake,
  refusal,
  open: (options: CodecOptions) => new IndMoneyCodec(options),
  // Messages name the token without its segment.
  exclusive: ({ token }: WireInstrument) => token,
  cost: () => 1
} satisfies Protocol

export const serverProtocol = {
  name: "indmoney",
  admit,
  open: (options: CodecOptions) => new IndMoneyServerCodec(options)
} satisfies ServerProtocol
