/**
 * How brokers list the simulated market: the names and tokens of its instruments, and the instrument master that says
 * so. By the master's format, since brokers whose files look alike share it. Loaded when a simulator needs one.
 */
import type { SimulatedMaster } from "./master.ts"

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
