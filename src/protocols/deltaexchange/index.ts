/** Delta Exchange India's public socket: JSON, crypto derivatives, no login. Both sides. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused, RateLimited } from "../../market/errors.ts"
import type { CodecOptions, Handshake, LoginContext, Protocol, Refusal, Want } from "../protocol.ts"
import type { ServerContext, ServerProtocol } from "../serverProtocol.ts"
import { DeltaCodec } from "./codec.ts"
import { deltaOptions } from "./options.ts"
import { DeltaServerCodec } from "./server.ts"

const handshake = ({ endpoint }: Pick<LoginContext, "endpoint">): Handshake => ({
  url: endpoint,
  headers: {}
})

/**
 * 429 is documented: 150 connections in five minutes. There are no credentials that could be wrong, so 401 and 403 are
 * the word of something in between, and tried again.
 */
const refusal = ({ status }: Refusal): ConnectionFailure =>
  status === 429
    ? new RateLimited({ detail: `HTTP ${status}` })
    : new ConnectionRefused({ detail: `HTTP ${status}` })

/**
 * A connection holds a hundred books, and prices without a known limit. In the broker's count a book is worth ten
 * prices, so that its thousand end where the hundred do.
 */
const BOOK_COST = 10

export const protocol = {
  name: "deltaexchange",
  handshake,
  refusal,
  readVariant: deltaOptions,
  open: (options: CodecOptions) => new DeltaCodec(options),
  // Prices, trades and book are channels of their own.
  partial: true,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 4] }),
  cost: ({ mode }: Want) => (mode === "depth" ? BOOK_COST : 1)
} satisfies Protocol

export const serverProtocol = {
  name: "deltaexchange",
  admit: () => undefined,
  open: (options: CodecOptions, context: ServerContext) => new DeltaServerCodec(options, context),
  idle: { everyMs: 30_000, frame: () => '{"type":"heartbeat"}' }
} satisfies ServerProtocol
