/** Common names of indices, by the brokers' names without their spaces. */

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
