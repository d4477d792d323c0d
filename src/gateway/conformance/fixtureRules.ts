/** What a case file's fixture means: whose key it is, which instruments exist, which book levels there are. */
import { isExchange } from "../../market/exchange.ts"
import type { Fixture } from "./caseFile.ts"

export interface Account {
  /** Of its key. */
  readonly id: number
  readonly user: string
  /** Null: no broker chosen. */
  readonly broker: string | null
  readonly verifyDelayMs: number
  /** The session exists and cannot connect. */
  readonly startFails: boolean
}

/** Of the gateway that the cases were written for. */
const CONNECTIONS = 3
const SYMBOLS_PER_CONNECTION = 1000

export class FixtureRules {
  readonly brokers: ReadonlyArray<string>
  /** Instruments that one account may have upstream. */
  readonly capacity: number
  readonly #fixture: Fixture
  readonly #accounts = new Map<string, Account>()

  constructor(fixture: Fixture) {
    this.#fixture = fixture
    this.brokers = fixture.valid_brokers ?? []
    const { symbols_per_upstream_connection = SYMBOLS_PER_CONNECTION, upstream_connections = CONNECTIONS } =
      fixture
    this.capacity = symbols_per_upstream_connection * upstream_connections
    for (const key of Object.values(fixture.keys)) {
      if (key.user_id === undefined) continue
      this.#accounts.set(key.value, {
        id: this.#accounts.size + 1,
        user: key.user_id,
        broker: key.broker ?? null,
        verifyDelayMs: key.verify_delay_ms ?? 0,
        startFails: key.broker_start_fails === true
      })
    }
  }

  accountOfKey(key: string): Account | undefined {
    return this.#accounts.get(key)
  }

  account(user: string): Account | undefined {
    for (const account of this.#accounts.values()) if (account.user === user) return account
    return undefined
  }

  /** Every symbol does, on every exchange that there is, but those whose name says that they do not. */
  exists(symbol: string, exchange: string): boolean {
    return isExchange(exchange) && !symbol.startsWith("NOSUCH")
  }

  knowsLevel(level: number): boolean {
    return (this.#fixture.known_depth_levels ?? [5]).includes(level)
  }

  /** The best of the exchange's levels that is not above what was asked for. */
  levelGiven(exchange: string, asked: number): number {
    const { depth_levels = {} } = this.#fixture
    const levels = depth_levels[exchange] ?? depth_levels["other"] ?? [5]
    return Math.max(Math.min(...levels), ...levels.filter((level) => level <= asked))
  }
}
