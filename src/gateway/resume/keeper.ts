/**
 * Subscriptions that outlive their connections: whoever asked for it gets back, when it reconnects within some minutes, what
 * its last connection held. Also after this process was killed: what changes is written behind the ticks' back, at
 * most once a second.
 *
 * A set belongs to one connection. A later one of the same identity (key, encoding, options, name) takes the set that
 * ended last and that nobody has taken; what it takes is its own from then on.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { watched } from "../../kit/watched.ts"
import type { Client } from "../client.ts"
import type { GatewayClock } from "../clock.ts"
import type { LeftBehind } from "./folder.ts"
import { MOST_BYTES, ResumeFolder } from "./folder.ts"
import type { KeptSet } from "./keptSet.ts"
import { countOf, isEmpty, keyIn, setOf } from "./keptSet.ts"

/** Sets without a connection that are kept; beyond, the oldest goes of the key that takes most: nobody's costs others theirs. */
const MOST_SETS = 10_000
/** A live connection that has owed a pong for so long may be one that its client has lost already. */
const LOST_AFTER_MS = 1000

interface Living {
  readonly identity: string
  readonly named: boolean
  readonly file: string | undefined
  /** What it has taken and does not hold yet. */
  pending: KeptSet | undefined
}

interface Ended {
  readonly identity: string
  /** Made when it is asked for: connections may end by the hundred. */
  readonly set: () => KeptSet
  /** When its connection ended, epoch milliseconds; and until when it is kept, by the clock of durations. */
  readonly at: number
  readonly until: number
  readonly file: string | undefined
  /** Differs from what the file says. */
  dirty: boolean
  /** A guess at its size. */
  readonly bytes: number
}

export interface Claimed {
  readonly set: KeptSet
  /** When the connection that held it ended. */
  readonly ended: number
}

export interface KeeperOptions {
  /** Where sets are written; undefined: they end with the process. */
  readonly folder: string | undefined
  /** Differs from that of every other gateway. */
  readonly name: string
  readonly keepMs: number
  readonly clock: GatewayClock
}

const BYTES_EACH = 40

const sizeOf = (set: KeptSet): number => BYTES_EACH * countOf(set)

export class Keeper {
  readonly #folder: ResumeFolder | undefined
  readonly #keepMs: number
  readonly #clock: GatewayClock
  readonly #living = new Map<Client, Living>()
  readonly #changed = new Set<Client>()
  /** The oldest first. */
  readonly #ended = new Set<Ended>()
  #bytes = 0
  readonly #removed: Array<string> = []

  constructor({ clock, folder, keepMs, name }: KeeperOptions) {
    this.#folder = folder === undefined ? undefined : new ResumeFolder(folder, name)
    this.#keepMs = keepMs
    this.#clock = clock
  }

  /** Takes over what processes before this one have left behind. May throw. */
  open(): void {
    if (this.#folder !== undefined) this.#takeOver(this.#folder.open(this.#clock.timeOfDay(), this.#keepMs))
  }

  #takeOver({ folders, found }: LeftBehind): void {
    if (found.length > 0) {
      // It may have ended before some that are here already.
      const all = [...this.#ended]
      this.#ended.clear()
      for (const { ended, set } of found) all.push(this.#made(set.identity, ended, () => set, sizeOf(set)))
      for (const one of all.sort((a, b) => a.at - b.at)) this.#ended.add(one)
      this.#makeRoom()
    }
    // When what was in them is written anew.
    this.#removed.push(...folders)
  }

  /** Sets that wait for a connection. */
  get waiting(): number {
    return this.#ended.size
  }

  has(client: Client): boolean {
    return this.#living.has(client)
  }

  /** From now on the client's set is kept: what it has taken, until it holds that. */
  enrol(client: Client, identity: string, named: boolean, taken: Claimed | undefined): void {
    const file = this.#living.get(client)?.file ?? this.#folder?.newFile()
    this.#living.set(client, { identity, named, file, pending: taken?.set })
    this.changed(client)
  }

  /** The client holds what it has taken. */
  served(client: Client): void {
    const living = this.#living.get(client)
    if (living !== undefined) living.pending = undefined
    this.changed(client)
  }

  /** What the client holds may have changed. */
  changed(client: Client): void {
    if (this.#living.has(client)) this.#changed.add(client)
  }

  /** The client's set is not kept any more. */
  forget(client: Client): void {
    const living = this.#living.get(client)
    this.#living.delete(client)
    this.#changed.delete(client)
    if (living?.file !== undefined) this.#removed.push(living.file)
  }

  /** The connection is gone. To be called while the client still holds what it held. */
  ended(client: Client): void {
    const living = this.#living.get(client)
    if (living === undefined) return
    this.forget(client)
    const { identity, pending } = living
    const at = this.#clock.timeOfDay()
    if (pending !== undefined) return this.#add(identity, at, () => pending, sizeOf(pending))
    const orders = client.ordersTopic !== undefined
    const held = [...client.holdings]
    if (held.length > 0 || orders)
      this.#add(identity, at, () => setOf(identity, held, orders), BYTES_EACH * held.length)
  }

  /** The set that ended last and that nobody has taken, or that of a connection which looks lost. */
  claim(identity: string, client: Client): Claimed | undefined {
    this.#expire()
    let last: Ended | undefined
    for (const one of this.#ended) if (one.identity === identity) last = one
    if (last !== undefined) {
      this.#drop(last)
      return { set: last.set(), ended: last.at }
    }
    const now = this.#clock.now()
    for (const [other, living] of this.#living) {
      if (other === client || living.identity !== identity) continue
      const lost = other.awaitsPongSince > 0 && now - other.awaitsPongSince > LOST_AFTER_MS
      // Names are for one connection at a time: the newer one is the one that is meant.
      if (!lost && !living.named) continue
      const set = this.#setOf(other, living)
      if (isEmpty(set)) continue
      this.forget(other)
      return { set, ended: this.#clock.timeOfDay() }
    }
    return undefined
  }

  #setOf(client: Client, { identity, pending }: Living): KeptSet {
    return pending ?? setOf(identity, client.holdings, client.ordersTopic !== undefined)
  }

  #add(identity: string, at: number, set: () => KeptSet, bytes: number): void {
    this.#ended.add(this.#made(identity, at, set, bytes))
    this.#makeRoom()
  }

  #made(identity: string, at: number, set: () => KeptSet, bytes: number): Ended {
    const file = this.#folder?.newFile()
    const until = this.#clock.now() + this.#keepMs - Math.max(0, this.#clock.timeOfDay() - at)
    this.#bytes += bytes
    return { identity, set, at, until, file, dirty: true, bytes }
  }

  #makeRoom(): void {
    while (this.#ended.size > MOST_SETS || this.#bytes > MOST_BYTES) this.#drop(this.#oldestOfFullest()!)
  }

  #oldestOfFullest(): Ended | undefined {
    const shares = new Map<string, { readonly oldest: Ended; share: number }>()
    let fullest: { readonly oldest: Ended; share: number } | undefined
    for (const one of this.#ended) {
      const key = keyIn(one.identity)
      let sum = shares.get(key)
      if (sum === undefined) shares.set(key, (sum = { oldest: one, share: 0 }))
      sum.share += 1 / MOST_SETS + one.bytes / MOST_BYTES
      if (fullest === undefined || sum.share > fullest.share) fullest = sum
    }
    return fullest?.oldest
  }

  #drop(one: Ended): void {
    this.#ended.delete(one)
    this.#bytes -= one.bytes
    if (one.file !== undefined) this.#removed.push(one.file)
  }

  #expire(): void {
    const now = this.#clock.now()
    for (const one of this.#ended) if (one.until < now) this.#drop(one)
  }

  /** Texts that are due. One that could not be written is due again after `again`. */
  *#due(): Generator<{ readonly file: string; readonly text: string; readonly again: () => void }> {
    for (const client of this.#changed) {
      this.#changed.delete(client)
      const living = this.#living.get(client)
      if (living?.file === undefined) continue
      const text = JSON.stringify(this.#setOf(client, living))
      yield { file: living.file, text, again: () => this.changed(client) }
    }
    for (const one of this.#ended) {
      if (!one.dirty || one.file === undefined) continue
      one.dirty = false
      yield {
        file: one.file,
        text: JSON.stringify({ ...one.set(), ended: one.at }),
        again: () => void (one.dirty = true)
      }
    }
  }

  /** Writes what has changed. To be run once a second, never twice at once. Fails where the disk does not take it. */
  readonly flush: Effect.Effect<void, Error> = Effect.suspend(() => {
    this.#expire()
    const folder = this.#folder
    if (folder === undefined) return Effect.void
    return Effect.tryPromise({
      try: async () => {
        this.#takeOver(await folder.lookAgain(this.#clock.timeOfDay(), this.#keepMs))
        for (const { again, file, text } of this.#due()) {
          // One after the other: a set is made into text in some milliseconds, and ticks go out in between.
          await folder.write(file, text).catch((error: unknown) => {
            again()
            throw error
          })
        }
        for (let path = this.#removed.shift(); path !== undefined; path = this.#removed.shift()) {
          await folder.remove(path)
        }
        await folder.touch(this.#clock.timeOfDay())
      },
      catch: (cause) => (cause instanceof Error ? cause : new Error(String(cause)))
    })
  })

  /** The gateway ends, and its clients are gone. May throw. */
  close(): void {
    this.#folder?.close(this.#due(), this.#removed)
  }
}

/** How often what has changed is written. */
const WRITE_EVERY = "1 second"

/** A keeper that writes until the scope closes. A disk that takes nothing is told once, and costs nobody anything else. */
export const openKeeper = Effect.fnUntraced(function* (
  options: KeeperOptions
): Effect.fn.Return<Keeper, never, Scope.Scope> {
  const keeper = new Keeper(options)
  let failing = false
  const trying = (what: string, act: Effect.Effect<void, Error>) =>
    Effect.matchEffect(act, {
      onSuccess: () => Effect.sync(() => void (failing = false)),
      onFailure: ({ message }) => {
        if (failing) return Effect.void
        failing = true
        return Effect.logWarning(
          `the subscriptions of clients that resume could not be ${what} (${message}): they end with this process`
        )
      }
    })
  const sync = (f: () => void) =>
    Effect.try({ try: f, catch: (cause) => (cause instanceof Error ? cause : new Error(String(cause))) })
  yield* trying(
    "read",
    sync(() => keeper.open())
  )
  yield* Effect.addFinalizer(() =>
    trying(
      "written",
      sync(() => keeper.close())
    )
  )
  yield* trying("written", keeper.flush).pipe(
    Effect.delay(WRITE_EVERY),
    Effect.forever,
    watched("subscriptions of clients that resume are no longer written"),
    Effect.forkScoped
  )
  return keeper
})
