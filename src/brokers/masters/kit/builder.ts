/** Makes a parsed master of rows: names securities, finds what is listed twice, and counts. */
import type { Exchange } from "../../../market/exchange.ts"
import type { Instrument } from "../../../market/instrument.ts"
import { nameOf } from "../../../market/instrument.ts"
import type { MasterFileContent, MasterReject, ParsedMaster } from "../../broker.ts"
import type { Security } from "./cash.ts"
import { namedSecurities, rootOf } from "./cash.ts"
import { checked } from "./rowChecks.ts"
import type { Row } from "./row.ts"

/** A file of a master while its rows are read. */
interface OpenFile {
  readonly name: string
  rows: number
  readonly exchanges: Map<Exchange, number>
}

interface Placed<A> {
  /** Its place among all rows of all files. */
  readonly at: number
  readonly row: number
  readonly file: OpenFile | undefined
  readonly item: A
}

type Reject = Omit<MasterReject, "row">

export interface BuilderOptions {
  /** The broker lists a contract anew under a higher token and leaves the old row: the highest token is meant. */
  readonly lastToken?: boolean
}

/** Collects rows. What comes of them does not depend on their order. */
export class MasterBuilder {
  readonly #options: BuilderOptions
  readonly #instruments: Array<Placed<Instrument>> = []
  readonly #securities = new Map<string, Array<Placed<Security>>>()
  readonly #rejects: Array<Placed<Reject>> = []
  readonly #skipped = new Map<string, number>()
  readonly #files: Array<OpenFile> = []
  #file: OpenFile | undefined
  #rows = 0

  constructor(options: BuilderOptions = {}) {
    this.#options = options
  }

  /** The rows that are added from now on are of this file. For masters of several. */
  file(name: string): void {
    this.#file = { name, rows: 0, exchanges: new Map() }
    this.#files.push(this.#file)
  }

  /** @param row where it stands in the file, for the report; 0 for what no row says */
  add(row: number, parsed: Row): void {
    const file = row === 0 ? undefined : this.#file
    if (file !== undefined) file.rows++
    const place = { at: this.#rows++, row, file }
    const good = checked(parsed)
    switch (good.tag) {
      case "rejected":
        this.#rejects.push({ ...place, item: { reason: good.reason } })
        return
      case "skipped":
        this.#skip(good.kind)
        return
      case "instrument":
        this.#instruments.push({ ...place, item: good.instrument })
        return
      case "security": {
        const { security } = good
        const same = this.#securities.get(rootOf(security))
        const placed = { ...place, item: security }
        if (same === undefined) this.#securities.set(rootOf(security), [placed])
        else same.push(placed)
      }
    }
  }

  finish(): ParsedMaster {
    for (const same of this.#securities.values()) this.#nameSecurities(same)
    this.#instruments.sort(byPlace)
    const instruments = this.#unique()
    return {
      instruments,
      rejects: this.#rejects.sort(byPlace).map((reject) => this.#report(reject)),
      skipped: Object.fromEntries([...this.#skipped].sort(([a], [b]) => (a < b ? -1 : 1))),
      ...(this.#files.length === 0 ? {} : { files: this.#files.map(rowsOf) })
    }
  }

  #nameSecurities(same: ReadonlyArray<Placed<Security>>): void {
    const named = namedSecurities(same.map(({ item }) => item))
    for (const [i, placed] of same.entries()) {
      const instrument = named[i]
      if (instrument === undefined)
        this.#skip(`${placed.item.exchange} security that is no share, without a series of its own`)
      else this.#instruments.push({ ...placed, item: { ...instrument, type: "EQ" } })
    }
  }

  /** Of rows that say the same one stays. Of instruments under one name none does: a wrong price is worse than none. */
  #unique(): ReadonlyArray<Instrument> {
    const byName = new Map<string, Map<string, Placed<Instrument>>>()
    for (const placed of this.#instruments) {
      const { item } = placed
      const name = nameOf(item)
      const same = byName.get(name)
      const onWire = `${item.brokerExchange} ${item.token}`
      const again = same?.get(onWire)
      if (again !== undefined) this.#skip("repeated row")
      if (same === undefined) byName.set(name, new Map([[onWire, placed]]))
      else if (again === undefined || isBefore(item, again.item)) same.set(onWire, placed)
    }
    const unique: Array<Instrument> = []
    for (const [name, all] of byName) {
      const same = this.#listedTwice([...all.values()])
      const [{ file, item }] = same as [Placed<Instrument>]
      if (same.length === 1) {
        unique.push(item)
        if (file !== undefined)
          file.exchanges.set(item.exchange, (file.exchanges.get(item.exchange) ?? 0) + 1)
        continue
      }
      const tokens = tokensOf(same.map(({ item }) => item))
      const conflict = { name, tokens: same.slice(0, NAMED_TOKENS).map(({ item }) => item.token) }
      for (const placed of same) {
        const reason = `${name} is ${same.length} instruments, with the tokens ${tokens}: the master does not say which is meant`
        this.#rejects.push({ ...placed, item: { reason, conflict } })
      }
    }
    return unique
  }

  /**
   * An index that is listed under several tokens is the same index by each: the lowest stays. So is a contract at brokers
   * that leave its old row when they list it anew: the highest stays. A share's series tells it apart.
   */
  #listedTwice(same: ReadonlyArray<Placed<Instrument>>): ReadonlyArray<Placed<Instrument>> {
    const [{ item: first }, ...others] = same as [Placed<Instrument>, ...ReadonlyArray<Placed<Instrument>>]
    const wanted =
      first.type === "INDEX" ? -1 : this.#options.lastToken === true && first.expiry !== undefined ? 1 : 0
    if (others.length === 0 || wanted === 0) return same
    const kind = first.type === "INDEX" ? "index that is listed twice" : "contract that is listed anew"
    for (let i = 0; i < others.length; i++) this.#skip(kind)
    return [same.reduce((a, b) => (Math.sign(byToken(b.item, a.item)) === wanted ? b : a))]
  }

  #skip(kind: string): void {
    this.#skipped.set(kind, (this.#skipped.get(kind) ?? 0) + 1)
  }

  #report({ file, item, row }: Placed<Reject>): MasterReject {
    const { reason } = item
    return {
      ...item,
      row,
      reason: file === undefined || this.#files.length < 2 ? reason : `${file.name}: ${reason}`
    }
  }
}

const rowsOf = ({ exchanges, name, rows }: OpenFile): MasterFileContent => ({
  name,
  rows,
  exchanges: Object.fromEntries(exchanges)
})

/** Numbers by their size, other tokens as texts behind them. */
const byToken = (a: Instrument, b: Instrument): number => {
  const [x, y] = [Number(a.token), Number(b.token)]
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1
  return x - y || (a.token < b.token ? -1 : a.token > b.token ? 1 : 0)
}

/** Of two rows with one name and token, which may say other things: any order that is not that of the file. */
const isBefore = (a: Instrument, b: Instrument): boolean => JSON.stringify(a) < JSON.stringify(b)

const NAMED_TOKENS = 5

const tokensOf = (instruments: ReadonlyArray<Instrument>): string => {
  const named = instruments.map(({ brokerSymbol, token }) => `${token} (${brokerSymbol})`).sort()
  const more = named.length - NAMED_TOKENS
  return more > 0 ? `${named.slice(0, NAMED_TOKENS).join(", ")} and ${more} more` : named.join(" and ")
}

const byPlace = (a: { readonly at: number }, b: { readonly at: number }): number => a.at - b.at
