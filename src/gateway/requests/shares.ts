/** What the clients of one key, and those of one user, hold and may ask for together. */
import { Allowance } from "../limits.ts"
import type { GatewaySettings } from "../options.ts"

export interface Share {
  clients: number
  subscriptions: number
  readonly messages: Allowance
  readonly entries: Allowance
}

export interface KeyShare extends Share {
  readonly logins: Allowance
}

/** Both of one client. */
export interface OwnShares {
  readonly keyId: number
  readonly user: string
  readonly ofKey: KeyShare
  readonly ofUser: Share
}

export type ShareLimits = Pick<
  GatewaySettings,
  | "maxConnectionsPerKey"
  | "maxLoginsPerKeyPerSecond"
  | "maxMessagesPerKeyPerSecond"
  | "maxMessagesPerUserPerSecond"
  | "maxEntriesPerKeyPerSecond"
  | "maxEntriesPerUserPerSecond"
  | "maxSubscriptionsPerKey"
  | "maxSubscriptionsPerUser"
>

/** Seconds' worth of messages that may come at once, and of entries: fifty clients that start with four thousand single requests each. */
const MESSAGES_BURST_S = 10
const ENTRIES_BURST_S = 10

const shareOf = (messages: number, entries: number, subscriptions: number, now: number): Share => ({
  clients: 0,
  subscriptions: 0,
  messages: new Allowance(messages, MESSAGES_BURST_S * messages, now),
  // Whoever comes back after a restart asks for all that it held.
  entries: new Allowance(entries, ENTRIES_BURST_S * entries + subscriptions, now)
})

export class Shares {
  readonly #limits: ShareLimits
  /** As many as there are keys and users: nothing of theirs is forgotten when their clients leave. */
  readonly #keys = new Map<number, KeyShare>()
  readonly #users = new Map<string, Share>()

  constructor(limits: ShareLimits) {
    this.#limits = limits
  }

  of(keyId: number, user: string, now: number): OwnShares {
    return { keyId, user, ofKey: this.#ofKey(keyId, now), ofUser: this.#ofUser(user, now) }
  }

  #ofKey(keyId: number, now: number): KeyShare {
    let share = this.#keys.get(keyId)
    if (share === undefined) {
      const {
        maxConnectionsPerKey,
        maxEntriesPerKeyPerSecond: entries,
        maxLoginsPerKeyPerSecond: logins,
        maxMessagesPerKeyPerSecond: messages,
        maxSubscriptionsPerKey
      } = this.#limits
      share = {
        ...shareOf(messages, entries, maxSubscriptionsPerKey, now),
        // All clients that one key may have come back at once.
        logins: new Allowance(logins, logins + 2 * maxConnectionsPerKey, now)
      }
      this.#keys.set(keyId, share)
    }
    return share
  }

  #ofUser(user: string, now: number): Share {
    let share = this.#users.get(user)
    if (share === undefined) {
      const {
        maxEntriesPerUserPerSecond: entries,
        maxMessagesPerUserPerSecond: messages,
        maxSubscriptionsPerUser
      } = this.#limits
      this.#users.set(user, (share = shareOf(messages, entries, maxSubscriptionsPerUser, now)))
    }
    return share
  }
}
