/** 5paisa's Xstream feed: JSON texts, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import { claimsOf, unsignedToken } from "../kit/jwt.ts"
import type { CodecOptions, Handshake, LoginContext, Protocol, Want } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { FivePaisaCodec } from "./codec.ts"
import { servicesOf } from "./layout.ts"
import { FivePaisaServerCodec, admit } from "./server.ts"

const DEFAULT_HOST = "//openfeed.5paisa.com"

/**
 * The token names the server of its user, by a letter. Market data flows on the others too; another endpoint than the
 * broker's own is left alone.
 */
const hostFor = (endpoint: string, token: string): string => {
  const letter = claimsOf(token)?.["RedirectServer"]
  return letter === "A" || letter === "B"
    ? endpoint.replace(DEFAULT_HOST, `//${letter.toLowerCase()}openfeed.5paisa.com`)
    : endpoint
}

/**
 * What the broker answers to an old token is UNCONFIRMED, and may be no more than a close: its own claim tells better.
 */
const hasExpired = (token: string, now: number): boolean => {
  const end = claimsOf(token)?.["exp"]
  return typeof end === "number" && end * 1000 <= now
}

const handshake = ({
  credentials,
  endpoint,
  now
}: Pick<LoginContext, "credentials" | "endpoint" | "now">): Handshake | ConnectionFailure => {
  const token = reveal(credentials.authToken)
  if (hasExpired(token, now)) return new AuthRejected({ detail: "the access token has expired" })
  const clientCode = reveal(credentials.clientCode)
  return {
    url: `${hostFor(endpoint, token)}?Value1=${encodeURIComponent(`${token}|${clientCode}`)}`,
    headers: {},
    secrets: { clientCode }
  }
}

/** How a bad token is refused is UNCONFIRMED; the usual statuses are taken for it. */
const refusal = usualRefusal("the access token is wrong or has expired")

export const protocol = {
  name: "fivepaisa",
  handshake,
  refusal,
  // It leaves nothing to choose.
  readVariant: () => undefined,
  open: (options: CodecOptions, login?: Handshake) =>
    new FivePaisaCodec(options, login?.secrets?.["clientCode"] ?? ""),
  // Prices, book and open interest arrive apart.
  partial: true,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 4] }),
  cost: (want: Want, instrument: WireInstrument) => servicesOf(instrument, want).length
} satisfies Protocol

export const serverProtocol = {
  name: "fivepaisa",
  demo: { authToken: unsignedToken({ unique_name: "DEMO01", RedirectServer: "C", exp: 4_102_444_800 }) },
  admit,
  open: (options: CodecOptions) => new FivePaisaServerCodec(options)
} satisfies ServerProtocol
