/**
 * By which packets a mode is known that the broker goes on with after it was changed. Where both modes are served by packets
 * of the same kinds, or by one and the same request, the wire cannot tell, and nobody is the worse for it.
 */
import type { Broker } from "../../brokers/broker.ts"
import { codecOptions } from "../../brokers/broker.ts"
import { modeBit } from "../../market/mode.ts"
import type { PacketKinds, Protocol, Want } from "../../protocols/protocol.ts"
import type { SubscribedInstrument } from "../model.ts"

/** Kinds of packets, as `UpstreamSubscription.kinds` has them: those that come in the first want and not in the second. */
export type StrayKinds = (from: Want, to: Want, entry: Pick<SubscribedInstrument, "bookless">) => number

const bitsOf = (kinds: ReadonlyArray<number>): number => kinds.reduce((bits, kind) => bits | (1 << kind), 0)

export const strayKindsOf = (broker: Broker, protocol: Protocol): StrayKinds => {
  const told: PacketKinds | undefined = protocol.kinds?.(codecOptions(broker))
  if (told === undefined) return () => 0
  const own = { ltp: bitsOf(told.ltp), quote: bitsOf(told.quote), depth: bitsOf(told.depth) }
  // Without a book, depth is the quote.
  const kindsOf = ({ mode }: Want, { bookless }: Pick<SubscribedInstrument, "bookless">): number =>
    bookless && mode === "depth" ? own.depth | own.quote : own[mode]
  return (from, to, entry) =>
    // Indices are served as brokers like, by poorer packets than were asked for above all.
    entry.bookless && modeBit[to.mode] > modeBit[from.mode] ? 0 : kindsOf(from, entry) & ~kindsOf(to, entry)
}
