/**
 * Which packets show that the broker keeps serving a mode after it was changed. If both modes are served by packets
 * of the same kinds, or by the same request, the wire cannot show it, and nobody is worse off.
 */
import type { Broker } from "../../brokers/broker.ts"
import { codecOptions } from "../../brokers/broker.ts"
import { modeBit } from "../../market/mode.ts"
import type { PacketKinds, Protocol, Want } from "../../protocols/protocol.ts"
import type { SubscribedInstrument } from "../model.ts"

/** Kinds of packets, as in `UpstreamSubscription.kinds`, that come in the first mode and not in the second. */
export type StrayKinds = (from: Want, to: Want, instrument: Pick<SubscribedInstrument, "bookless">) => number

const bitsOf = (kinds: ReadonlyArray<number>): number => kinds.reduce((bits, kind) => bits | (1 << kind), 0)

export const strayKindsOf = (broker: Broker, protocol: Protocol): StrayKinds => {
  const declared: PacketKinds | undefined = protocol.kinds?.(codecOptions(broker))
  if (declared === undefined) return () => 0
  const own = { ltp: bitsOf(declared.ltp), quote: bitsOf(declared.quote), depth: bitsOf(declared.depth) }
  // Without depth levels, depth is the quote.
  const kindsOf = ({ mode }: Want, { bookless }: Pick<SubscribedInstrument, "bookless">): number =>
    bookless && mode === "depth" ? own.depth | own.quote : own[mode]
  return (from, to, instrument) =>
    // Brokers serve indices as they like, above all by poorer packets than requested.
    instrument.bookless && modeBit[to.mode] > modeBit[from.mode]
      ? 0
      : kindsOf(from, instrument) & ~kindsOf(to, instrument)
}
