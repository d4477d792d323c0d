/** How one format of instrument masters lists the simulated market. */
import type { Instrument } from "../../market/instrument.ts"
import type { SegmentCode } from "../../protocols/protocol.ts"
import type { Listing } from "../listing.ts"

/** One instrument of the market as one broker lists it. */
export interface Listed {
  readonly listing: Listing
  readonly instrument: Instrument
  /** The broker's segment code on its wire. */
  readonly code: SegmentCode
}

export interface MasterText {
  /** As the parser knows it, see the broker's `instrumentMaster.sources`. */
  readonly name: string
  readonly text: string
}

export interface SimulatedMaster {
  /** What the broker's wire calls the instrument. @param code its segment there */
  readonly token: (listing: Listing, code: SegmentCode) => string
  readonly symbol: (listing: Listing) => string
  /** The broker's exchange name; when absent, the common one without `_INDEX`. */
  readonly brokerExchange?: (listing: Listing, code: SegmentCode) => string
  /** Listings that this master leaves out although the broker has their exchange. */
  readonly leavesOut?: (listing: Listing) => boolean
  /** The files, in the broker's own format. */
  readonly write: (listed: ReadonlyArray<Listed>) => ReadonlyArray<MasterText>
}
