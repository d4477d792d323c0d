/**
 * How clients spell the exchanges. Any case and blanks around are forgiven, and a frame has the name as its reader spelled
 * it, so each spelling of an instrument costs a text of its own for every tick. Capitals (`NSE`) and small letters (`nse`)
 * are free; of other spellings (`Nse`, ` NSE`) a client may have a few for each exchange, and so may all clients of a user
 * together. All else that may differ in a name is little: `:20` and its like behind the symbol, and a series.
 */
import { isExchange } from "../../market/exchange.ts"
import { Tally } from "../limits.ts"
import type { Named } from "../messages/requestReader.ts"

export interface NameLimits {
  /** For each exchange. */
  readonly maxSpellings: number
  readonly maxSpellingsPerUser: number
}

/** Blanks around an exchange's name, beyond which it is no slip of the hand: they would stand in every frame, twice. */
const MOST_BLANKS = 16

const isUsual = (written: string, exchange: string): boolean =>
  written === exchange || written === exchange.toLowerCase()

/** Those of all clients. */
export class RequestedNames {
  readonly limits: NameLimits
  /** By user and exchange: how many clients spell it how. */
  readonly #inUse = new Map<string, Tally<string>>()

  constructor(limits: NameLimits) {
    this.limits = limits
  }

  /** False when all clients of the user have too many by now. */
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

  /** Spellings that are in use, each counted once for each user. */
  get size(): number {
    let size = 0
    for (const { names } of this.#inUse.values()) size += names
    return size
  }
}

/** Those of one client. They stay its own until it leaves, or gives up all that it holds. */
export class ClientNames {
  readonly #all: RequestedNames
  #user = ""
  readonly #byExchange = new Map<string, Set<string>>()

  constructor(all: RequestedNames) {
    this.#all = all
  }

  /** Why the client may not have this spelling; undefined: it may, and has it from now on. */
  take(user: string, { exchange: written, instrument: { exchange } }: Named): string | undefined {
    if (isUsual(written, exchange)) return undefined
    const own = this.#byExchange.get(exchange)
    // What is no exchange is refused by the feed.
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
