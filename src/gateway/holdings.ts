/**
 * What one client holds: its subscriptions under its own spelling, grouped by what they are to the feed.
 *
 * The feed knows a reader's subscription by instrument and mode, while a client may hold the same one under
 * several spellings (`TCS` and `TCS:20`, mode 3 and mode 4). The feed is told when the last of a group goes.
 */
import type { Mode } from "../market/mode.ts"
import { nameOf } from "../market/instrument.ts"
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

export class Holdings {
  readonly #groups = new Map<string, Group>()
  /** The feed's symbols by the other names that the client knows them by (`NSE:CENTRALBK-BE`). */
  readonly #served = new Map<string, string>()
  #count = 0

  /** Whether something of this instrument is held, in one mode or in any. Names in the common spelling. */
  has(symbol: string, exchange: string, mode?: Mode): boolean {
    return (mode === undefined ? allModes : [mode]).some((m) => this.#groups.has(keyOf(symbol, exchange, m)))
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

  /** The name with the feed's own symbol, which holds from then on for what the client says by that name. */
  servedAs(name: Named, symbol: string | undefined): Named {
    if (symbol === undefined) {
      this.#served.delete(nameOf(name.instrument))
      return name
    }
    this.#served.set(nameOf(name.instrument), symbol)
    return { ...name, instrument: { ...name.instrument, symbol } }
  }

  #instrumentOf({ instrument }: Named): Named["instrument"] {
    const symbol = this.#served.size === 0 ? undefined : this.#served.get(nameOf(instrument))
    return symbol === undefined ? instrument : { ...instrument, symbol }
  }

  /** The holding of the same spelling and mode number, whichever book level it has. */
  find(name: Named, mode: Mode, tag: ModeTag): Holding | undefined {
    const { symbol, exchange } = this.#instrumentOf(name)
    return this.#groups
      .get(keyOf(symbol, exchange, mode))
      ?.holdings.find((h) => h.tag === tag && h.symbol === name.symbol && h.exchange === name.exchange)
  }

  /** Adds a holding, in place of an earlier one of the same spelling and mode number if there is one. */
  put(name: Named, mode: Mode, holding: Holding): void {
    const { symbol, exchange } = name.instrument
    const key = keyOf(symbol, exchange, mode)
    const group = this.#groups.get(key)
    if (group === undefined) {
      this.#count++
      this.#groups.set(key, { symbol, exchange, mode, holdings: [holding] })
      return
    }
    const earlier = this.find(name, mode, holding.tag)
    if (earlier !== undefined) {
      group.holdings[group.holdings.indexOf(earlier)] = holding
      return
    }
    group.holdings.push(holding)
    this.#count++
  }

  /** Removes what is held under this spelling, in one mode or in all. */
  remove(name: Named, mode: Mode | undefined): Removed {
    const holdings: Array<Holding> = []
    const requests: Array<UnsubscribeRequest> = []
    const { symbol, exchange } = this.#instrumentOf(name)
    for (const m of mode === undefined ? allModes : [mode]) {
      const key = keyOf(symbol, exchange, m)
      const group = this.#groups.get(key)
      if (group === undefined) continue
      for (let i = group.holdings.length - 1; i >= 0; i--) {
        const holding = group.holdings[i]!
        if (holding.symbol !== name.symbol || holding.exchange !== name.exchange) continue
        holdings.push(holding)
        group.holdings.splice(i, 1)
        this.#count--
      }
      if (group.holdings.length > 0) continue
      this.#groups.delete(key)
      requests.push({ symbol, exchange, mode: m })
    }
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
