/**
 * Keeps subscriptions beyond their connection. A client that asked to resume and reconnects within some minutes gets the
 * subscriptions of its last connection back, even if this process was killed: changes are written to disk in the
 * background, at most once a second.
 *
 * A set belongs to one connection. A later connection of the same identity (key, encoding, options, name) takes over the
 * set that ended last and that no other connection has taken. The set then belongs to the later connection.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { watched } from "../../kit/watched.ts"
import type { Client } from "../client.ts"
import type { GatewayClock } from "../clock.ts"
import type { LeftBehind } from "./folder.ts"
import { MOST_BYTES, ResumeFolder } from "./folder.ts"
import type { SavedSubscriptions } from "./keptSet.ts"
import { countOf, isEmpty, keyIn, savedSubscriptionsOf } from "./keptSet.ts"

/**
 * The most sets kept without a connection. Beyond, the key that uses most loses its oldest set, so that no key displaces
 * the sets of others.
 */
const MOST_SETS = 10_000
/** A live connection that has not answered a ping for this long may be lost on the client's side. */
const LOST_AFTER_MS = 1000

interface LiveConnection {
  readonly identity: string
  readonly named: boolean
  readonly file: string | undefined
  /** The set it has taken over and not subscribed to yet. */
  pending: SavedSubscriptions | undefined
}

interface EndedConnection {
  readonly identity: string
  /** Made on demand: hundreds of connections may end at once. */
  readonly set: () => SavedSubscriptions
  /** When its connection ended, epoch milliseconds; and until when it is kept, by the clock of durations. */
  readonly at: number
  readonly until: number
  readonly file: string | undefined
  /** Not written to the file yet. */
  dirty: boolean
  /** Its estimated size. */
  readonly bytes: number
}

export interface Claimed {
  readonly set: SavedSubscriptions
  /** When its connection ended. */
  readonly ended: number
}

export interface KeeperOptions {
  /** Where sets are written; undefined: they end with the process. */
  readonly folder: string | undefined
  /** Unique among gateways. */
  readonly name: string
  readonly keepMs: number
  readonly clock: GatewayClock
}

const BYTES_EACH = 40

const sizeOf = (set: SavedSubscriptions): number => BYTES_EACH * countOf(set)

export class Keeper {
  readonly #folder: ResumeFolder | undefined
  readonly #keepMs: number
  readonly #clock: GatewayClock
  readonly #live = new Map<Client, LiveConnection>()
  readonly #changed = new Set<Client>()
  /** The oldest first. */
  readonly #ended = new Set<EndedConnection>()
  #bytes = 0
  readonly #removed: Array<string> = []

  constructor({ clock, folder, keepMs, name }: KeeperOptions) {
    this.#folder = folder === undefined ? undefined : new ResumeFolder(folder, name)
    this.#keepMs = keepMs
    this.#clock = clock
  }

  /** Takes over the sets that earlier processes left. May throw. */
  open(): void {
    if (this.#folder !== undefined) this.#takeOver(this.#folder.open(this.#clock.timeOfDay(), this.#keepMs))
  }

  #takeOver({ folders, found }: LeftBehind): void {
    if (found.length > 0) {
      // Some may have ended before sets that are here already.
      const all = [...this.#ended]
      this.#ended.clear()
      for (const { ended, set } of found) all.push(this.#entry(set.identity, ended, () => set, sizeOf(set)))
      for (const one of all.sort((a, b) => a.at - b.at)) this.#ended.add(one)
      this.#makeRoom()
    }
    // Removed once their sets have been written again.
    this.#removed.push(...folders)
  }

  /** Sets that wait for a connection. */
  get waiting(): number {
    return this.#ended.size
  }

  has(client: Client): boolean {
    return this.#live.has(client)
  }

  /** Keeps the client's set from now on. Until it has subscribed again, that is the set it has taken over. */
  register(client: Client, identity: string, named: boolean, taken: Claimed | undefined): void {
    const file = this.#live.get(client)?.file ?? this.#folder?.newFile()
    this.#live.set(client, { identity, named, file, pending: taken?.set })
    this.changed(client)
  }

  /** The client has subscribed to the set it took over. */
  served(client: Client): void {
    const living = this.#live.get(client)
    if (living !== undefined) living.pending = undefined
    this.changed(client)
  }

  /** The client's subscriptions may have changed. */
  changed(client: Client): void {
    if (this.#live.has(client)) this.#changed.add(client)
  }

  /** Keeps the client's set no longer. */
  forget(client: Client): void {
    const living = this.#live.get(client)
    this.#live.delete(client)
    this.#changed.delete(client)
    if (living?.file !== undefined) this.#removed.push(living.file)
  }

  /** The connection is gone. Call it before the client's subscriptions are removed. */
  ended(client: Client): void {
    const living = this.#live.get(client)
    if (living === undefined) return
    this.forget(client)
    const { identity, pending } = living
    const at = this.#clock.timeOfDay()
    if (pending !== undefined) return this.#add(identity, at, () => pending, sizeOf(pending))
    const orders = client.ordersTopic !== undefined
    const held = [...client.holdings]
    if (held.length > 0 || orders)
      this.#add(identity, at, () => savedSubscriptionsOf(identity, held, orders), BYTES_EACH * held.length)
  }

  /** The set that ended last and is not taken yet, or that of a live connection which looks lost or has the same name. */
  claim(identity: string, client: Client): Claimed | undefined {
    this.#expire()
    let last: EndedConnection | undefined
    for (const one of this.#ended) if (one.identity === identity) last = one
    if (last !== undefined) {
      this.#drop(last)
      return { set: last.set(), ended: last.at }
    }
    const now = this.#clock.now()
    for (const [other, living] of this.#live) {
      if (other === client || living.identity !== identity) continue
      const lost = other.awaitsPongSince > 0 && now - other.awaitsPongSince > LOST_AFTER_MS
      // A name is for one connection at a time: the newer one takes the set, even if the older one still lives.
      if (!lost && !living.named) continue
      const set = this.#setOf(other, living)
      if (isEmpty(set)) continue
      this.forget(other)
      return { set, ended: this.#clock.timeOfDay() }
    }
    return undefined
  }

  #setOf(client: Client, { identity, pending }: LiveConnection): SavedSubscriptions {
    return pending ?? savedSubscriptionsOf(identity, client.holdings, client.ordersTopic !== undefined)
  }

  #add(identity: string, at: number, set: () => SavedSubscriptions, bytes: number): void {
    this.#ended.add(this.#entry(identity, at, set, bytes))
    this.#makeRoom()
  }

  #entry(identity: string, at: number, set: () => SavedSubscriptions, bytes: number): EndedConnection {
    const file = this.#folder?.newFile()
    const until = this.#clock.now() + this.#keepMs - Math.max(0, this.#clock.timeOfDay() - at)
    this.#bytes += bytes
    return { identity, set, at, until, file, dirty: true, bytes }
  }

  #makeRoom(): void {
    while (this.#ended.size > MOST_SETS || this.#bytes > MOST_BYTES) this.#drop(this.#oldestOfFullest()!)
  }

  #oldestOfFullest(): EndedConnection | undefined {
    const shares = new Map<string, { readonly oldest: EndedConnection; share: number }>()
    let fullest: { readonly oldest: EndedConnection; share: number } | undefined
    for (const one of this.#ended) {
      const key = keyIn(one.identity)
      let sum = shares.get(key)
      if (sum === undefined) shares.set(key, (sum = { oldest: one, share: 0 }))
      sum.share += 1 / MOST_SETS + one.bytes / MOST_BYTES
      if (fullest === undefined || sum.share > fullest.share) fullest = sum
    }
    return fullest?.oldest
  }

  #drop(one: EndedConnection): void {
    this.#ended.delete(one)
    this.#bytes -= one.bytes
    if (one.file !== undefined) this.#removed.push(one.file)
  }

  #expire(): void {
    const now = this.#clock.now()
    for (const one of this.#ended) if (one.until < now) this.#drop(one)
  }

  /** Texts to write. Call `again` for one that could not be written: it is then due again. */
  *#due(): Generator<{ readonly file: string; readonly text: string; readonly again: () => void }> {
    for (const client of this.#changed) {
      this.#changed.delete(client)
      const living = this.#live.get(client)
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

  /** Writes the changes. Run it once a second, never twice at once. Fails if the disk refuses a write. */
  readonly flush: Effect.Effect<void, Error> = Effect.suspend(() => {
    this.#expire()
    const folder = this.#folder
    if (folder === undefined) return Effect.void
    return Effect.tryPromise({
      try: async () => {
        this.#takeOver(await folder.lookAgain(this.#clock.timeOfDay(), this.#keepMs))
        for (const { again, file, text } of this.#due()) {
          // One by one: serialising a set takes some milliseconds, and ticks go out in between.
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

  /** Call it when the gateway ends and its clients are gone. May throw. */
  close(): void {
    this.#folder?.close(this.#due(), this.#removed)
  }
}

/** How often changes are written. */
const WRITE_EVERY = "1 second"

/** A keeper that writes until the scope closes. A disk that refuses writes is logged once, and clients go on as usual. */
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
