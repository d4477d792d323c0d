/**
 * The sockets that are no WebSockets (yet), from the moment they are accepted: those that have not asked for anything, that
 * wait for their upgrade, or that take an answer. The library closes the ones that stay silent within ten to fourteen seconds,
 * so what is to be bounded is how many there are, of one address and in all.
 *
 * The library does not say which socket has closed, except to the handler of aborts that is set last. So each has one for all of its
 * life: nothing here lets the library take an answer for complete (`http/answer.ts`), because it forgets the handler then.
 */
import type * as uWS from "uWebSockets.js"
import type { TrustedProxies } from "./address.ts"
import { addressOf } from "./address.ts"
import type { Descriptors } from "./descriptors.ts"
import { whenGone } from "../http/answer.ts"
import { Tally } from "../limits.ts"
import type { Limit } from "../metrics.ts"

export interface SocketsOptions {
  readonly descriptors: Descriptors
  readonly maxHandshakes: number
  readonly proxies: TrustedProxies
  readonly onLimited: (limit: Limit) => void
  readonly onHandshakes: (change: number) => void
}

/** A socket's remote address: who is at its other end, be it a proxy. */
const remoteOf = (res: uWS.HttpResponse): Uint8Array => new Uint8Array(res.getRemoteAddress())

export class Sockets {
  readonly #options: SocketsOptions
  readonly #most: number
  #size = 0
  readonly #byAddress = new Tally<string>()

  constructor(options: SocketsOptions) {
    this.#options = options
    this.#most = Math.min(options.maxHandshakes, Math.max(8, Math.floor(options.descriptors.most / 4)))
  }

  /** The library's filter: 1 for a socket that was accepted, -1 for one that closed. */
  readonly filter = (res: uWS.HttpResponse, change: number): void => {
    if (change < 0) return
    const { descriptors, onLimited } = this.#options
    descriptors.opened()
    const remote = remoteOf(res)
    const address = addressOf(remote)
    const limit = this.#refusal(remote, address)
    if (limit !== undefined) {
      onLimited(limit)
      res.close()
      return
    }
    this.#byAddress.add(address)
    this.#count(1)
    // Until it asks for something: the route that it asks for sets a handler of its own.
    res.onAborted(() => this.#gone(address))
  }

  #refusal(remote: Uint8Array, address: string): Limit | undefined {
    const { descriptors, proxies } = this.#options
    if (descriptors.scarce) return "descriptors"
    if (this.#size >= this.#most) return "handshakes"
    // Many come from a proxy.
    if (this.#byAddress.of(address) >= this.#most / 2 && !proxies.trusts(remote))
      return "handshakes_per_address"
    return undefined
  }

  /**
   * It has sent its request.
   *
   * @returns to be called when it becomes a WebSocket
   */
  asked(res: uWS.HttpResponse): () => void {
    const address = addressOf(remoteOf(res))
    const gone = (): void => this.#gone(address)
    whenGone(res, gone)
    return gone
  }

  of(address: string): number {
    return this.#byAddress.of(address)
  }

  /** Those of an address, besides this one. */
  othersOf(address: string, res: uWS.HttpResponse): number {
    return this.of(address) - (addressOf(remoteOf(res)) === address ? 1 : 0)
  }

  #gone(address: string): void {
    this.#byAddress.remove(address)
    this.#count(-1)
  }

  #count(change: number): void {
    this.#size += change
    this.#options.onHandshakes(change)
  }
}
