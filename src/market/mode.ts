/**
 * How much of an instrument a reader wants, or a packet carries.
 *
 * The order is the order of richness: a depth feed can serve quote and LTP readers, never the other way
 * round. Clients name modes by label (`LTP`, `Quote`, `Depth`) or by number (1, 2, 3); inside the process
 * there is one form, the lower-case word.
 */
import * as Schema from "effect/Schema"

export const Mode = Schema.Literals(["ltp", "quote", "depth"])
export type Mode = typeof Mode.Type

/** All modes, poorest first. */
export const modes: ReadonlyArray<Mode> = ["ltp", "quote", "depth"]

/** 1 LTP, 2 Quote, 3 Depth: the numbers of the client protocol. */
export const modeNumber: Readonly<Record<Mode, 1 | 2 | 3>> = { ltp: 1, quote: 2, depth: 3 }

/** The labels of the client protocol's acknowledgements. */
export const modeLabel: Readonly<Record<Mode, "LTP" | "Quote" | "Depth">> = {
  ltp: "LTP",
  quote: "Quote",
  depth: "Depth"
}

/** One bit per mode, so that "which modes does this tick refresh" is one integer. */
export const modeBit: Readonly<Record<Mode, number>> = { ltp: 1, quote: 2, depth: 4 }

/**
 * The modes that a tick of a given richness refreshes: its own and every poorer one.
 * A codec says otherwise where a packet carries a book and no price (Angel mode 4): that refreshes depth alone.
 */
export const refreshes: Readonly<Record<Mode, number>> = { ltp: 1, quote: 3, depth: 7 }

/** The richer of two modes. */
export const richer = (a: Mode, b: Mode): Mode => (modeBit[a] >= modeBit[b] ? a : b)
