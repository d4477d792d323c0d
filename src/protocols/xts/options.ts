/**
 * The variant of the xts protocol: what the broker's data or the user may choose.
 *
 * - `product` (`json`): which of the two products of an XTS server the broker's addresses lead to. `json` is
 *   `/apimarketdata`, with JSON and text events; `binary` is `/apibinarymarketdata`, which sends binary packets
 *   whatever format is asked for. The client reads both at any broker.
 * - `ltpBy` (`ltp`, or `touchline` on the binary product): the message that serves LTP readers. No SDK has a binary
 *   form of the LTP message, so whether the binary product sends one is UNCONFIRMED.
 * - `openInterest` (true): also subscribe derivatives' open interest, a message of its own.
 * - `broadcastMode` (`Full`): `Partial` asks for changes only, as text.
 * - `publishFormat` (`JSON`): the other one is `Binary`.
 * - `divisors` (below): price divisors of layout C by segment, merged over the known ones.
 * - `layout` (`A`): the layout of the binary packets that the simulator's side writes. The client tells them apart
 *   by their lengths: A is what the SDKs read, B fits what was seen live at Jainam, C is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, choiceOf, divisorsOf } from "../kit/variant.ts"

export type Product = "json" | "binary"
export type LayoutName = "A" | "B" | "C"

export interface XtsOptions {
  readonly product: Product
  readonly ltpBy: "ltp" | "touchline"
  readonly openInterest: boolean
  readonly broadcastMode: "Full" | "Partial"
  readonly publishFormat: "JSON" | "Binary"
  /** By segment; segments that are not in here are unknown. */
  readonly divisors: ReadonlyMap<number, number>
  readonly layout: LayoutName
}

/**
 * The segments, with what layout C of the binary packets multiplies its whole-number prices by: UNCONFIRMED, from
 * third-party code. All other prices on this wire are rupees. No default: an unknown segment is rejected.
 */
const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 10_000_000,
  // NSE's commodity segment in one third-party table: UNCONFIRMED.
  4: 10_000,
  11: 100,
  12: 100,
  13: 10_000,
  21: 100,
  51: 100
}

/** @throws InvalidVariant naming the choice that is wrong */
export const xtsOptions = ({ variant }: Pick<CodecOptions, "variant">): XtsOptions => {
  const product = choiceOf("xts", variant, "product", ["json", "binary"], "json")
  return {
    product,
    ltpBy: choiceOf("xts", variant, "ltpBy", ["ltp", "touchline"], product === "json" ? "ltp" : "touchline"),
    openInterest: booleanOf("xts", variant, "openInterest", true),
    broadcastMode: choiceOf("xts", variant, "broadcastMode", ["Full", "Partial"], "Full"),
    publishFormat: choiceOf("xts", variant, "publishFormat", ["JSON", "Binary"], "JSON"),
    divisors: divisorsOf("xts", variant, DIVISORS),
    layout: choiceOf("xts", variant, "layout", ["A", "B", "C"], "A")
  }
}
