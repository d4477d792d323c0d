/**
 * The sockets that are no WebSockets (yet), from the moment they are accepted: those that have not asked for anything, that
 * wait for their upgrade, or that take an answer. The library closes the ones that stay silent within ten to fourteen seconds,
 * so what is to be bounded is how many there are.
 */
import type * as uWS from "uWebSockets.js"
import type { TrustedProxies } from "./address.ts"
import { addressOf } from "./address.ts"
import type { Descriptors } from "./descriptors.ts"
import { Tally } from "./limits.ts"
import type { Limit } from "./metrics.ts"

export interface SocketsOptions {
  readonly descriptors: Descriptors
  readonly maxHandshakes: number
  readonly proxies: TrustedProxies
  readonly onLimited: (limit: Limit) => void
  readonly onHandshakes: (change: number) => void
}

export class Sockets {
  readonly #options: SocketsOptions
  readonly #most: number
  #handshakes = 0
  /** Sockets that have not asked for anything, by address. */
  readonly #silent = new Tally<string>()

  constructor(options: SocketsOptions) {
    this.#options = options
    this.#most = Math.min(options.maxHandshakes, Math.max(8, Math.floor(options.descriptors.most / 4)))
  }

  /** The library's filter: 1 for a socket that was accepted, -1 for one that closed without having been upgraded. */
  readonly filter = (res: uWS.HttpResponse, change: number): void => {
    this.#count(change)
    if (change < 0) return
    const { descriptors, onLimited } = this.#options
    descriptors.opened()
    const remote = new Uint8Array(res.getRemoteAddress())
    const address = addressOf(remote)
    const limit = this.#refusal(remote, address)
    if (limit !== undefined) {
      onLimited(limit)
      res.close()
      return
    }
    this.#silent.add(address)
    // Until it asks for something, whatever becomes of it: the route that it asks for sets a handler of its own.
    res.onAborted(() => this.#silent.remove(address))
  }

  #refusal(remote: Uint8Array, address: string): Limit | undefined {
    const { descriptors, proxies } = this.#options
    if (descriptors.scarce) return "descriptors"
    if (this.#handshakes > this.#most) return "handshakes"
    // Many come from a proxy.
    if (this.#silent.of(address) >= this.#most / 2 && !proxies.trusts(remote)) return "handshakes_per_address"
    return undefined
  }

  /** It has sent its request. */
  asked(res: uWS.HttpResponse): void {
    this.#silent.remove(addressOf(new Uint8Array(res.getRemoteAddress())))
  }

  /** It is a WebSocket now. */
  upgraded(): void {
    this.#count(-1)
  }

  /** Sockets of an address that have not asked for anything. */
  silentOf(address: string): number {
    return this.#silent.of(address)
  }

  #count(change: number): void {
    this.#handshakes += change
    this.#options.onHandshakes(change)
  }
}
