/** Common names of indices, by the brokers' names without their spaces. */
import type { Exchange } from "../../../market/exchange.ts"

export const nseIndices: Readonly<Record<string, string>> = {
  NIFTY50: "NIFTY",
  NIFTYNEXT50: "NIFTYNXT50",
  NIFTYBANK: "BANKNIFTY",
  NIFTYFINSERVICE: "FINNIFTY",
  NIFTYMIDSELECT: "MIDCPNIFTY"
}

/** INDIA VIX and GIFT NIFTY need no entry: they only lose their space. */
export const bseIndices: Readonly<Record<string, string>> = {
  SNSX50: "SENSEX50"
}

/**
 * BSE's sector and size indices as Zerodha abbreviates them (with their spaces): a `BSE` prefix and the long
 * name. The first four are confirmed; the others follow the same pattern from BSE's own index names and are
 * UNCONFIRMED. What is not in here keeps its name.
 */
export const zerodhaBseIndices: Readonly<Record<string, string>> = {
  AUTO: "BSEAUTO",
  METAL: "BSEMETAL",
  "BSE CG": "BSECAPITALGOODS",
  "BSE IT": "BSEINFORMATIONTECHNOLOGY",
  "BSE CD": "BSECONSUMERDURABLES",
  "BSE HC": "BSEHEALTHCARE",
  BSEFMC: "BSEFASTMOVINGCONSUMERGOODS",
  CARBON: "BSECARBONEX",
  CPSE: "BSECPSE",
  DOL30: "BSEDOLLEX30",
  DOL100: "BSEDOLLEX100",
  DOL200: "BSEDOLLEX200",
  ENERGY: "BSEENERGY",
  FINSER: "BSEFINANCIALSERVICES",
  GREENX: "BSEGREENEX",
  INDSTR: "BSEINDUSTRIALS",
  LRGCAP: "BSELARGECAP",
  MIDCAP: "BSEMIDCAP",
  OILGAS: "BSEOIL&GAS",
  POWER: "BSEPOWER",
  REALTY: "BSEREALTY",
  SMLCAP: "BSESMALLCAP",
  TECK: "BSETECK",
  TELCOM: "BSETELECOM"
}

export interface IndexSpelling {
  /** What the names lose; blanks as a rule. */
  readonly without?: RegExp
  /** The broker's own names of NSE's and BSE's indices, without what they lose. */
  readonly nse?: Readonly<Record<string, string>>
  readonly bse?: Readonly<Record<string, string>>
  /** BSE's indices are abbreviated like Zerodha's. */
  readonly likeZerodha?: boolean
}

/** Common symbols of indices by the broker's names, in any case. */
export const indexSymbols =
  ({ bse = {}, likeZerodha = false, nse = {}, without = / /g }: IndexSpelling = {}) =>
  (exchange: Exchange, name: string): string => {
    const upper = name.toUpperCase()
    const plain = upper.replace(without, "")
    if (exchange === "NSE_INDEX") return nse[plain] ?? nseIndices[plain] ?? plain
    if (exchange !== "BSE_INDEX") return plain
    const short = likeZerodha ? zerodhaBseIndices[upper] : undefined
    return short ?? bse[plain] ?? bseIndices[plain] ?? plain
  }
