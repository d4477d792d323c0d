/**
 * The size of a contract of MCX, in units of the commodity: Zerodha's master says 1 for
 * every contract, where the others say the size. Source: the exchange's contract specifications as Zerodha's margin
 * calculator and Angel One's master of September 2026 give them. A contract that is not listed keeps the master's size.
 */
const lots: Readonly<Record<string, number>> = {
  ALUMINI: 1,
  ALUMINIUM: 5,
  CARDAMOM: 100,
  COPPER: 2500,
  COTTON: 25,
  COTTONOIL: 5,
  CRUDEOIL: 100,
  CRUDEOILM: 10,
  ELECDMBL: 50,
  GOLD: 1,
  GOLDGUINEA: 8,
  GOLDM: 100,
  GOLDPETAL: 1,
  GOLDTEN: 10,
  KAPAS: 4,
  LEAD: 5,
  LEADMINI: 1,
  MCXBULLDEX: 30,
  MCXMETLDEX: 40,
  MENTHAOIL: 360,
  NATGASMINI: 250,
  NATURALGAS: 1250,
  NICKEL: 250,
  SILVER: 30,
  SILVER100: 100,
  SILVERM: 5,
  SILVERMIC: 1,
  STEELREBAR: 5,
  ZINC: 5,
  ZINCMINI: 1
}

/** Sizes that the exchange has changed, for contracts that expire from a day on. */
const changed: Readonly<Record<string, { readonly from: string; readonly lot: number }>> = {
  MCXBULLDEX: { from: "2026-11-01", lot: 15 }
}

/** Undefined for a contract that is not known. @param expiry `YYYY-MM-DD` */
export const mcxLot = (underlying: string, expiry: string): number | undefined => {
  const later = changed[underlying]
  return later !== undefined && expiry >= later.from ? later.lot : lots[underlying]
}
