/**
 * Limits the ways in which clients may write an exchange's name. Any case and surrounding blanks are accepted, and frames
 * repeat the name as the client wrote it, so each way to write it costs a text of its own for every tick. Capitals (`NSE`)
 * and small letters (`nse`) are free. Of other forms (`Nse`, ` NSE`) a client may use a few per exchange, and so may all
 * clients of a user together. The rest of a name varies little: `:20` and the like after the symbol, and a series.
 */
import { isExchange } from "../../market/exchange.ts"
import { Tally } from "../limits.ts"
import type { Named } from "../messages/requestReader.ts"

export interface NameLimits {
  /** For each exchange. */
  readonly maxSpellings: number
  readonly maxSpellingsPerUser: number
}

/** Blanks allowed around an exchange's name. They appear twice in every frame, and more of them are no typing slip. */
const MOST_BLANKS = 16

const isUsual = (written: string, exchange: string): boolean =>
  written === exchange || written === exchange.toLowerCase()

/** The forms that all clients use. */
export class RequestedNames {
  readonly limits: NameLimits
  /** By user and exchange: how many clients use each form. */
  readonly #inUse = new Map<string, Tally<string>>()

  constructor(limits: NameLimits) {
    this.limits = limits
  }

  /** Counts a client that uses the form. False: the form is new, and the user's clients use as many as they may. */
  add(user: string, exchange: string, written: string): boolean {
    const name = `${exchange}/${user}`
    const known = this.#inUse.get(name)
    const tally = known ?? new Tally<string>()
    if (tally.of(written) === 0 && tally.names >= this.limits.maxSpellingsPerUser) return false
    if (known === undefined) this.#inUse.set(name, tally)
    tally.add(written)
    return true
  }

  remove(user: string, exchange: string, written: string): void {
    const name = `${exchange}/${user}`
    const tally = this.#inUse.get(name)
    tally?.remove(written)
    if (tally?.names === 0) this.#inUse.delete(name)
  }

  /** Forms in use, each counted once per user. */
  get size(): number {
    let size = 0
    for (const { names } of this.#inUse.values()) size += names
    return size
  }
}

/** The forms that one client uses. They count until it leaves or unsubscribes from everything. */
export class ClientNames {
  readonly #all: RequestedNames
  #user = ""
  readonly #byExchange = new Map<string, Set<string>>()

  constructor(all: RequestedNames) {
    this.#all = all
  }

  /** Returns why the client may not use this form. Undefined: it may, and a form that counts is recorded. */
  take(user: string, { exchange: written, instrument: { exchange } }: Named): string | undefined {
    if (isUsual(written, exchange)) return undefined
    const own = this.#byExchange.get(exchange)
    // The feed refuses unknown exchanges.
    if (own?.has(written) === true || !isExchange(exchange)) return undefined
    if (written.length > exchange.length + MOST_BLANKS)
      return `There are more than ${MOST_BLANKS} blanks around ${exchange}: write ${exchange}`
    const { maxSpellings, maxSpellingsPerUser } = this.#all.limits
    if (own !== undefined && own.size >= maxSpellings) {
      return `A client may spell ${exchange} in ${maxSpellings} ways beside ${exchange} and ${exchange.toLowerCase()}: write ${exchange}`
    }
    if (!this.#all.add(user, exchange, written)) {
      return `The clients of a user may spell ${exchange} in ${maxSpellingsPerUser} ways beside ${exchange} and ${exchange.toLowerCase()}: write ${exchange}`
    }
    this.#user = user
    if (own === undefined) this.#byExchange.set(exchange, new Set([written]))
    else own.add(written)
    return undefined
  }

  clear(): void {
    for (const [exchange, own] of this.#byExchange) {
      for (const written of own) this.#all.remove(this.#user, exchange, written)
    }
    this.#byExchange.clear()
  }
}
