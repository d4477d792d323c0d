/**
 * How brokers list the simulated market: the names and tokens of its instruments, and the instrument master that says
 * so. By the master's format, since brokers whose files look alike share it. Loaded when a simulator needs one.
 */
import type { Listed } from "../identity.ts"
import type { Listing } from "../listing.ts"
import type { SegmentCode } from "../../protocols/protocol.ts"

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

const formats: Readonly<Record<string, () => Promise<{ readonly master: SimulatedMaster }>>> = {
  aliceblue: () => import("./aliceblue.ts"),
  angel: () => import("./angel.ts"),
  arrow: () => import("./arrow.ts"),
  definedge: () => import("./definedge.ts"),
  deltaexchange: () => import("./deltaexchange.ts"),
  dhan: () => import("./dhan.ts"),
  firstock: () => import("./firstock.ts"),
  fivepaisa: () => import("./fivepaisa.ts"),
  flattrade: () => import("./flattrade.ts"),
  fyers: () => import("./fyers.ts"),
  groww: () => import("./groww.ts"),
  hdfcsecurities: () => import("./hdfcsecurities.ts"),
  hdfcsky: () => import("./hdfcsky.ts"),
  iiflcapital: () => import("./iiflcapital.ts"),
  indmoney: () => import("./indmoney.ts"),
  kotak: () => import("./kotak.ts"),
  motilal: () => import("./motilal.ts"),
  mstock: () => import("./mstock.ts"),
  noren: () => import("./noren.ts"),
  nubra: () => import("./nubra.ts"),
  paytm: () => import("./paytm.ts"),
  pocketful: () => import("./pocketful.ts"),
  samco: () => import("./samco.ts"),
  tradejini: () => import("./tradejini.ts"),
  upstox: () => import("./upstox.ts"),
  xts: () => import("./xts.ts"),
  zerodha: () => import("./zerodha.ts")
}

/** Formats whose brokers can be simulated, sorted. */
export const simulatedFormats: ReadonlyArray<string> = Object.keys(formats).sort()

/** `undefined` for a format that is not written here. */
export const loadMaster = async (format: string): Promise<SimulatedMaster | undefined> =>
  (await formats[format]?.())?.master
