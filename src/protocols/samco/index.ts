/** Samco's broadcast stream: JSON texts, both sides. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Handshake, LoginContext, Protocol, Want } from "../protocol.ts"
import type { ServerProtocol } from "../serverProtocol.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { SamcoCodec, takesBook } from "./codec.ts"
import { sessionToken } from "./layout.ts"
import { SamcoServerCodec, admit } from "./server.ts"

const handshake = ({ credentials, endpoint }: Pick<LoginContext, "credentials" | "endpoint">): Handshake => ({
  url: endpoint,
  headers: { "x-session-token": sessionToken(credentials) }
})

/** The status for a bad token is UNCONFIRMED; the usual two are taken for it. */
const refusal = usualRefusal("the session token is wrong or has expired")

export const protocol = {
  name: "samco",
  handshake,
  refusal,
  // It leaves nothing to choose.
  readVariant: () => undefined,
  open: () => new SamcoCodec(),
  // News of the price is news for who reads the book.
  partial: true,
  kinds: () => ({ ltp: [3], quote: [3], depth: [3, 4] }),
  // The book is a stream of its own beside the prices.
  cost: (want: Want, instrument: WireInstrument) => (takesBook(instrument, want) ? 2 : 1)
} satisfies Protocol

export const serverProtocol = {
  name: "samco",
  admit,
  open: () => new SamcoServerCodec()
} satisfies ServerProtocol
