/**
 * What one client holds: its subscriptions under its own spelling, grouped by what they are to the feed.
 *
 * The feed knows a reader's subscription by instrument and mode, while a client may hold the same one under
 * several spellings (`TCS` and `TCS:20`, mode 3 and mode 4). The feed is told when the last of a group goes.
 */
import { nameOf } from "../market/instrument.ts"
import type { Mode } from "../market/mode.ts"
import type { UnsubscribeRequest } from "../market/subscription.ts"
import type { ModeTag, Named } from "./protocol.ts"
import type { Seat } from "./rooms.ts"

export interface Holding {
  /** As the client spelled them. */
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
  readonly topic: string
  readonly seat: Seat
  readonly name: Named
  readonly mode: Mode
  /** The book levels that it asked for. */
  readonly depth: number | undefined
}

/** What the feed counts as one subscription. */
interface Group {
  readonly symbol: string
  readonly exchange: string
  readonly mode: Mode
  /** Nearly always one. */
  readonly holdings: Array<Holding>
}

export interface Removed {
  readonly holdings: ReadonlyArray<Holding>
  /** For the feed: what the client no longer holds in any spelling. */
  readonly requests: ReadonlyArray<UnsubscribeRequest>
}

const allModes: ReadonlyArray<Mode> = ["ltp", "quote", "depth"]

const keyOf = (symbol: string, exchange: string, mode: Mode): string => `${exchange}:${symbol}/${mode}`

/** A name as a client spells it. */
type Spelled = Pick<Holding, "symbol" | "exchange">

const isSpelled = (holding: Holding, { exchange, symbol }: Spelled): boolean =>
  holding.symbol === symbol && holding.exchange === exchange

export class Holdings {
  readonly #groups = new Map<string, Group>()
  /**
   * Of spellings that are or were served under another symbol than their own (`NSE:CENTRALBK-BE` as CENTRALBK): all symbols
   * under which the client may hold something by that spelling.
   */
  readonly #served = new Map<string, Set<string>>()
  #count = 0

  /** Whether the feed's subscription is held by any spelling. Names in the common spelling. */
  has(symbol: string, exchange: string, mode: Mode): boolean {
    return this.#groups.has(keyOf(symbol, exchange, mode))
  }

  get size(): number {
    return this.#groups.size
  }

  /** Every spelling counted. */
  get count(): number {
    return this.#count
  }

  *[Symbol.iterator](): Iterator<Holding> {
    for (const { holdings } of this.#groups.values()) yield* holdings
  }

  /** How the client spells what it holds of this instrument, each spelling once. Names in the common spelling. */
  spellingsOf(symbol: string, exchange: string): ReadonlyArray<Spelled> {
    const found: Array<Spelled> = []
    for (const mode of allModes) {
      for (const holding of this.#groups.get(keyOf(symbol, exchange, mode))?.holdings ?? []) {
        if (!found.some((known) => isSpelled(holding, known)))
          found.push({ symbol: holding.symbol, exchange: holding.exchange })
      }
    }
    return found
  }

  /** The name with the feed's own symbol. What is held under an earlier one stays within reach by that spelling. */
  servedAs(name: Named, symbol: string | undefined): Named {
    if (symbol === undefined) return name
    const spelled = nameOf(name)
    const known = this.#served.get(spelled)
    if (known === undefined) this.#served.set(spelled, new Set([symbol, name.instrument.symbol]))
    else known.add(symbol)
    return { ...name, instrument: { ...name.instrument, symbol } }
  }

  /** Those in which something may be held by this spelling. */
  #groupsOf(name: Named, mode: Mode | undefined): ReadonlyArray<Group> {
    const { exchange, symbol } = name.instrument
    const served = this.#served.size === 0 ? undefined : this.#served.get(nameOf(name))
    const groups: Array<Group> = []
    for (const s of served ?? [symbol]) {
      for (const m of mode === undefined ? allModes : [mode]) {
        const group = this.#groups.get(keyOf(s, exchange, m))
        if (group !== undefined) groups.push(group)
      }
    }
    return groups
  }

  /** Takes holdings out of a group. Answers what the feed is to be told when none is left. */
  #take(group: Group, gone: ReadonlyArray<Holding>): UnsubscribeRequest | undefined {
    for (const holding of gone) group.holdings.splice(group.holdings.indexOf(holding), 1)
    this.#count -= gone.length
    if (group.holdings.length > 0) return undefined
    const { exchange, mode, symbol } = group
    this.#groups.delete(keyOf(symbol, exchange, mode))
    return { symbol, exchange, mode }
  }

  /** The holding of the same spelling and mode number, whichever book level it has. */
  find(name: Named, mode: Mode, tag: ModeTag): Holding | undefined {
    for (const { holdings } of this.#groupsOf(name, mode)) {
      const found = holdings.find((h) => h.tag === tag && isSpelled(h, name))
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * Adds a holding, in place of an earlier one of the same spelling and mode number if there is one. Answers what the
   * feed is to be told where that was served under another symbol and was the last of its group.
   */
  put(name: Named, mode: Mode, holding: Holding): UnsubscribeRequest | undefined {
    const { symbol, exchange } = name.instrument
    const key = keyOf(symbol, exchange, mode)
    const group = this.#groups.get(key)
    const earlier = this.find(name, mode, holding.tag)
    if (earlier !== undefined && group?.holdings.includes(earlier) === true) {
      group.holdings[group.holdings.indexOf(earlier)] = holding
      return undefined
    }
    this.#count++
    if (group === undefined) this.#groups.set(key, { symbol, exchange, mode, holdings: [holding] })
    else group.holdings.push(holding)
    if (earlier === undefined) return undefined
    return this.#take(
      this.#groupsOf(name, mode).find((g) => g.holdings.includes(earlier))!,
      [earlier]
    )
  }

  /** Removes what is held under this spelling, in one mode or in all. */
  remove(name: Named, mode: Mode | undefined): Removed {
    const holdings: Array<Holding> = []
    const requests: Array<UnsubscribeRequest> = []
    for (const group of this.#groupsOf(name, mode)) {
      const gone = group.holdings.filter((h) => isSpelled(h, name))
      if (gone.length === 0) continue
      holdings.push(...gone)
      const request = this.#take(group, gone)
      if (request !== undefined) requests.push(request)
    }
    const left = this.#served.size === 0 ? [] : this.#groupsOf(name, undefined)
    if (!left.some((group) => group.holdings.some((h) => isSpelled(h, name))))
      this.#served.delete(nameOf(name))
    return { holdings, requests }
  }

  /** Removes everything. */
  clear(): Removed {
    this.#served.clear()
    const holdings: Array<Holding> = []
    const requests: Array<UnsubscribeRequest> = []
    for (const { symbol, exchange, mode, holdings: held } of this.#groups.values()) {
      holdings.push(...held)
      requests.push({ symbol, exchange, mode })
    }
    this.#groups.clear()
    this.#count = 0
    return { holdings, requests }
  }
}
