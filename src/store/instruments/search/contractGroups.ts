/** Contracts in groups, each of one underlying and one day of expiry. Pure. */
import type { Exchange } from "../../../market/exchange.ts"
import { expiryLabel } from "../../../market/expiry.ts"
import type { Instrument, InstrumentType } from "../../../market/instrument.ts"

export interface Group {
  readonly exchange: Exchange
  readonly underlying: string
  /** What its symbols begin with, underlying and expiry: `NIFTY28MAR24`. */
  readonly start: string
  /** Whether symbols go on behind that: false where a symbol does not say its expiry, and is alone. */
  readonly open: boolean
  readonly expiry?: string
  readonly types: Set<InstrumentType>
  readonly strikes: Set<number>
}

export const isContract = ({ type }: Pick<Instrument, "type">): boolean => type !== "EQ" && type !== "INDEX"

const LABEL_LENGTH = 7

export const groupsOf = (instruments: ReadonlyArray<Instrument>): Array<Group> => {
  const labels = new Map<string, string>()
  const groups = new Map<string, Group>()
  // Masters list contracts of one group together, mostly.
  let last: Group | undefined
  for (const instrument of instruments) {
    if (!isContract(instrument)) continue
    const { exchange, expiry, strike, symbol, type } = instrument
    if (
      last === undefined ||
      last.expiry !== expiry ||
      last.exchange !== exchange ||
      !last.open ||
      !symbol.startsWith(last.start)
    ) {
      let label = expiry === undefined ? undefined : labels.get(expiry)
      if (expiry !== undefined && label === undefined) labels.set(expiry, (label = expiryLabel(expiry)))
      const at = label === undefined ? -1 : symbol.indexOf(label)
      const open = at > 0
      const start = open ? symbol.slice(0, at + LABEL_LENGTH) : symbol
      const key = `${exchange}:${start}`
      last = groups.get(key)
      if (last === undefined) {
        last = {
          exchange,
          underlying: open ? symbol.slice(0, at) : symbol,
          start,
          open,
          ...(expiry === undefined ? {} : { expiry }),
          types: new Set(),
          strikes: new Set()
        }
        groups.set(key, last)
      }
    }
    last.types.add(type)
    if (strike !== undefined) last.strikes.add(strike)
  }
  return [...groups.values()]
}
