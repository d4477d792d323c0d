/** Plays a conversation case against a gateway on a real socket, and says what was not as expected. */
import { messageOf } from "../../kit/messageOf.ts"
import type { ClientCase, Expectation, FeedStep, OrderStep, Step, TickStep } from "./caseFile.ts"
import { CaseClient, describe, meets, summary } from "./caseClient.ts"
import { fill } from "./frames.ts"
import { firstDifference } from "./jsonMatcher.ts"
import { assign } from "./matching.ts"

/** The world of a case, behind the gateway. */
export interface CaseWorld {
  /** `ws://host:port`, with a path where the gateway has one. */
  readonly url: string
  /** What `${NAME}` stands for. */
  readonly keys: Readonly<Record<string, string>>
  readonly tick: (tick: TickStep) => void
  readonly order: (order: OrderStep) => void
  readonly feed: (feed: FeedStep) => void
  /** Looks at every frame that came, besides what the case expects: words for what is wrong about it. */
  readonly inspect?: (json: unknown) => string | undefined
}

const FRAME_MS = 2000
const NONE_MS = 350
const FIRST_CLIENT = "c1"

/** A path of the case's choice stands in for the whole path of the address. */
const addressOf = (url: string, path: string): string => (path === "/" ? url : new URL(path, url).href)

const nameOf = ({ on = FIRST_CLIENT }: { readonly on?: string }): string => on

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A step: when it was done, and from where on the clients' frames count for it. */
interface Begun {
  at: number
  readonly marks: ReadonlyMap<string, number>
}

class Player {
  readonly failures: Array<string> = []
  readonly #case: ClientCase
  readonly #world: CaseWorld
  readonly #clients = new Map<string, CaseClient>()
  readonly #begun: Array<Begun> = []
  /** The place of the last item that an expectation took, for cases that look at the order. */
  readonly #lastTaken = new Map<string, number>()

  constructor(testCase: ClientCase, world: CaseWorld) {
    this.#case = testCase
    this.#world = world
  }

  #client(name: string): CaseClient {
    let client = this.#clients.get(name)
    if (client === undefined) this.#clients.set(name, (client = new CaseClient()))
    return client
  }

  /** The client, opened on first use. Whom the gateway closed stays so until the case opens it again. */
  async #ready(name: string): Promise<CaseClient> {
    const client = this.#client(name)
    if (!client.isOpen && client.mayOpen) await client.open(this.#world.url)
    return client
  }

  async perform(step: Step): Promise<void> {
    const { feed, keys, order, tick, url } = this.#world
    const { $binary, $close, $feed, $on, $open, $order, $text, $tick, $wait_ms, $wsping, path } = step
    const name = typeof $on === "string" ? $on : FIRST_CLIENT
    if (typeof $open === "string") {
      const client = this.#client($open)
      if (!client.isOpen) await client.open(addressOf(url, typeof path === "string" ? path : "/"))
    } else if (typeof $close === "string") {
      await this.#client($close).close()
    } else if (typeof $wsping === "string") {
      ;(await this.#ready($wsping)).ping()
    } else if ($wait_ms !== undefined) {
      await pause($wait_ms)
    } else if ($tick !== undefined) {
      tick($tick)
    } else if ($order !== undefined) {
      order($order)
    } else if ($feed !== undefined) {
      feed($feed)
    } else if ($text !== undefined) {
      ;(await this.#ready(name)).send(String(fill($text, keys)))
    } else if ($binary !== undefined) {
      ;(await this.#ready(name)).send(Buffer.from(JSON.stringify(fill($binary, keys))))
    } else {
      const frame = typeof $on === "string" ? step["frame"] : step
      ;(await this.#ready(name)).send(JSON.stringify(fill(frame, keys)))
    }
  }

  #begin(): void {
    const marks = new Map([...this.#clients].map(([name, client]) => [name, client.received.length]))
    this.#begun.push({ at: Date.now(), marks })
  }

  #startOf({ after }: Expectation, name: string): number {
    return this.#begun[after]?.marks.get(name) ?? 0
  }

  #fits(name: string, expectation: Expectation, at: number): boolean {
    const { received, used } = this.#client(name)
    return at >= this.#startOf(expectation, name) && !used.has(at) && meets(received[at]!, expectation)
  }

  /** Per expectation the place of what it takes, where all can have one of their own. */
  #places(name: string, expectations: ReadonlyArray<Expectation>): ReadonlyArray<number | undefined> {
    const count = this.#client(name).received.length
    if (this.#case.in_order !== true) {
      return assign(expectations.length, count, (e, at) => this.#fits(name, expectations[e]!, at))
    }
    let last = this.#lastTaken.get(name) ?? -1
    return expectations.map((expectation) => {
      for (let at = last + 1; at < count; at++) {
        if (this.#fits(name, expectation, at)) return (last = at)
      }
      return undefined
    })
  }

  /** Waits until every expectation of one client has something of its own, or the time of one of them is over. */
  async #fulfil(name: string, expectations: ReadonlyArray<Expectation>): Promise<void> {
    const client = this.#client(name)
    const deadlines = expectations.map(
      ({ after, within_ms = FRAME_MS }) => this.#begun[after]!.at + within_ms
    )
    for (;;) {
      const places = this.#places(name, expectations)
      const missing = places.flatMap((place, i) => (place === undefined ? [i] : []))
      const left = Math.min(...missing.map((i) => deadlines[i]!)) - Date.now()
      if (missing.length > 0 && left > 0) {
        await client.arrival(left)
        continue
      }
      for (const place of places) {
        if (place === undefined) continue
        client.used.add(place)
        this.#lastTaken.set(name, Math.max(place, this.#lastTaken.get(name) ?? -1))
      }
      for (const i of missing) this.#miss(name, expectations[i]!)
      return
    }
  }

  #miss(name: string, expectation: Expectation): void {
    const { received, used } = this.#client(name)
    const start = this.#startOf(expectation, name)
    const rest = received.flatMap((item, at) => (at >= start && !used.has(at) ? [item] : []))
    const early = received.findIndex((_, at) => this.#fits(name, expectation, at))
    if (early >= 0) {
      this.failures.push(`${describe(expectation)}: arrived before the frame expected ahead of it`)
      return
    }
    const { frame } = expectation
    const typed = (frame as { readonly type?: unknown } | null | undefined)?.type
    const nearest =
      frame === undefined
        ? undefined
        : rest.find(
            (item) => item.kind === "frame" && (item.json as { type?: unknown } | null)?.type === typed
          )
    const difference = nearest?.kind === "frame" ? firstDifference(nearest.json, frame) : undefined
    const why = difference === undefined ? "" : ` (${difference})`
    this.failures.push(
      `${describe(expectation)}: did not come${why}; came instead: ${rest.map(summary).join(", ") || "nothing"}`
    )
  }

  async #stayAway(expectation: Expectation): Promise<void> {
    const name = nameOf(expectation)
    await pause(expectation.within_ms ?? NONE_MS)
    const { received } = this.#client(name)
    const at = received.findIndex((_, place) => this.#fits(name, expectation, place))
    if (at >= 0) this.failures.push(`${describe(expectation)}: must not come, but ${summary(received[at]!)}`)
  }

  async #meet(expectations: ReadonlyArray<Expectation>): Promise<void> {
    const awaited = expectations.filter(({ none }) => none === undefined)
    const names = [...new Set(awaited.map(nameOf))]
    await Promise.all(
      names.map((name) =>
        this.#fulfil(
          name,
          awaited.filter((expectation) => nameOf(expectation) === name)
        )
      )
    )
    if (this.failures.length > 0) return
    await Promise.all(
      expectations.filter(({ none }) => none !== undefined).map((expectation) => this.#stayAway(expectation))
    )
  }

  #inspect(): void {
    for (const [name, { received }] of this.#clients) {
      for (const item of received) {
        const wrong = item.kind === "frame" ? this.#world.inspect?.(item.json) : undefined
        if (wrong !== undefined) this.failures.push(`on ${name}: ${wrong} in ${summary(item)}`)
      }
    }
  }

  async play(): Promise<void> {
    const { expect, send } = this.#case
    let pending: ReadonlyArray<Expectation> = []
    try {
      for (const [index, step] of send.entries()) {
        this.#begin()
        await this.perform(step)
        this.#begun[index]!.at = Date.now()
        pending = [...pending, ...expect.filter(({ after }) => after === index)]
        // The last step is waited for in any case.
        if (step.$pipeline === true && index < send.length - 1) continue
        await this.#meet(pending)
        pending = []
        if (this.failures.length > 0) return
      }
      this.#inspect()
    } catch (error) {
      this.failures.push(`step ${this.#begun.length - 1}: ${messageOf(error)}`)
    } finally {
      await Promise.all([...this.#clients.values()].map((client) => client.close()))
    }
  }
}

/** Answers what was not as expected, in words; nothing when all was. */
export const runCase = async (testCase: ClientCase, world: CaseWorld): Promise<ReadonlyArray<string>> => {
  const player = new Player(testCase, world)
  await player.play()
  return player.failures
}
