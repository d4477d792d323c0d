/**
 * One client's connection with whatever goes wrong on it: stands between what the broker's codec says and the far end.
 * Without faults it costs one comparison.
 */
import type { Active } from "./active.ts"
import { isActive } from "./active.ts"
import type { Memory } from "./mutate.ts"
import { mutate, newMemory, released } from "./mutate.ts"
import { Outbox } from "./outbox.ts"
import type { FaultName } from "./schema.ts"
import { payloadOf } from "./webSocketBytes.ts"
import { bytesOf, debrisOf, isLow, paceOf } from "./wireFaults.ts"
import type { Pair } from "../pair.ts"
import type { Peer } from "../peer.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Frame } from "../../protocols/protocol.ts"
import type { ServerProtocol } from "../../protocols/serverProtocol.ts"

/** What a frame is to the broker. `served` ones are somebody's test, and go out as they are. */
export type Kind = "greet" | "login" | "answer" | "snapshot" | "tick" | "idle" | "served"

const isData = (kind: Kind): boolean => kind === "tick" || kind === "snapshot"
const isLogin = (kind: Kind): boolean => kind === "greet" || kind === "login"

export class FaultyWire {
  readonly id: number
  readonly protocol: string
  readonly words: ServerProtocol["errorReplies"]
  /** The far end as the venue sees it. */
  readonly peer: Peer
  /** Epoch ms. */
  loggedInAt: number | undefined
  /** The token's end that this connection did not outlive. */
  expiredBy: Active | undefined
  /** Subscribed, and refused by a fault that the codec knows nothing of. */
  readonly unserved = new Set<WireInstrument>()
  /** Nothing stands between the codec and the far end. */
  calm = true
  readonly #raw: Peer
  readonly #outbox: Outbox | undefined
  readonly #struck: (line: FaultyWire, active: Active) => void
  #faults: ReadonlyArray<Active> = []
  readonly #memories = new Map<Active, Memory>()
  readonly #cured = new Map<Active, Set<WireInstrument>>()
  #text = false
  #deaf = false

  /** @param struck a fault that ends connections has drawn this one */
  constructor(
    id: number,
    protocol: ServerProtocol,
    peer: Peer,
    struck: (line: FaultyWire, active: Active) => void
  ) {
    this.id = id
    this.protocol = protocol.name
    this.words = protocol.errorReplies
    this.#raw = peer
    this.#outbox = peer.wire === undefined ? undefined : new Outbox(peer.wire)
    this.#struck = struck
    this.peer = {
      ...peer,
      buffered: () => peer.buffered() + (this.#outbox?.bytes ?? 0),
      close: (code, reason) => {
        this.#outbox?.flush()
        peer.close(code, reason)
      }
    }
  }

  /** Takes over which faults hold on it now. */
  apply(faults: ReadonlyArray<Active>): void {
    const left = this.#faults.filter((f) => !faults.includes(f))
    this.#faults = faults
    for (const fault of left) {
      const memory = this.#memories.get(fault)
      this.#memories.delete(fault)
      this.#cured.delete(fault)
      if (memory !== undefined) this.#emit(released(memory))
    }
    const deaf = this.#has("blackHole")
    if (deaf !== this.#deaf) {
      this.#deaf = deaf
      this.#raw.wire?.deaf(deaf)
      if (this.#outbox !== undefined) this.#outbox.held = deaf
    }
    this.#pace()
    this.settle()
  }

  /** Once in a while: what waited too long for others goes out. */
  turn(now: number): void {
    if (this.calm) return
    for (const [fault, memory] of this.#memories) {
      const frames = released(memory, now)
      if (frames.length > 0 && this.#faults.includes(fault)) this.#emit(frames)
    }
    this.#outbox?.turn(now)
    this.settle()
  }

  /** After a change of what is noted here from outside, too. */
  settle(): void {
    this.calm =
      this.#faults.length === 0 &&
      this.expiredBy === undefined &&
      this.unserved.size === 0 &&
      this.#outbox?.isEmpty !== false
  }

  gone(): void {
    this.#outbox?.discard()
    this.#memories.clear()
  }

  #find(name: FaultName): Active | undefined {
    return this.#faults.find((f) => isActive(f, name))
  }

  #has(name: FaultName): boolean {
    return this.#find(name) !== undefined
  }

  /** Whether what the client says arrives. */
  get hears(): boolean {
    return !this.#deaf
  }

  /** Whether anything that the broker says leaves. */
  get speaks(): boolean {
    return !this.#deaf && !this.#has("silent")
  }

  /** Answers a ping of the WebSocket's own. @param plainly as the library does it */
  pong(payload: Uint8Array, plainly: () => void): void {
    if (!this.speaks) return
    const { wire } = this.#raw
    if (wire === undefined || this.#outbox?.isEmpty !== false) plainly()
    else this.#outbox.add(wire.pong(payload))
  }

  #passes(kind: Kind): boolean {
    if (!this.speaks) return false
    if (isLogin(kind) || kind === "served") return true
    if (this.expiredBy !== undefined || this.#has("mute")) return false
    return !isData(kind) || !this.#has("pingsOnly")
  }

  /** What is told of a change of these instruments. */
  select(kind: Kind, pairs: ReadonlyArray<Pair>): ReadonlyArray<Pair> {
    let left = this.unserved.size === 0 ? pairs : pairs.filter(([i]) => !this.unserved.has(i))
    for (const active of this.#faults) {
      if (isActive(active, "deadTokens")) {
        const { cure, share = 0.5 } = active.fault
        const cured = cure === undefined ? undefined : this.#cured.get(active)
        left = left.filter(([i]) => !active.chooses(i, share) || cured?.has(i) === true)
      } else if (isActive(active, "slowdown") && kind === "tick") {
        const { random } = this.#memoryOf(active)
        const { to = 0.02 } = active.fault
        left = left.filter(() => random.unit() < to)
      } else if (isActive(active, "clockSkew")) {
        const { by } = active.fault
        left = left.map(([i, tick]): Pair => [
          i,
          {
            ...tick,
            ...(tick.exchange_time === undefined ? {} : { exchange_time: tick.exchange_time + by }),
            ...(tick.ltt === undefined ? {} : { ltt: tick.ltt + by })
          }
        ])
      }
    }
    return left
  }

  /** A subscription of these was asked for: what it cures is cured. */
  asked(instruments: ReadonlyArray<WireInstrument>): void {
    for (const active of this.#faults) {
      if (!isActive(active, "deadTokens") || active.fault.cure === undefined) continue
      const cured = this.#cured.get(active) ?? new Set()
      for (const instrument of instruments) cured.add(instrument)
      this.#cured.set(active, cured)
    }
  }

  /** Sends frames, or what the faults make of them. False where nothing of them leaves. */
  send(kind: Kind, frames: ReadonlyArray<Frame>, now: number): boolean {
    if (!this.#passes(kind)) return false
    if (kind !== "served") this.#text = typeof frames[0] === "string"
    let left = frames
    for (const active of this.#faults) {
      if (left.length === 0) break
      if (this.#strikes(active, kind)) left = mutate(active, this.#memoryOf(active), left, now)
    }
    this.#emit(left, kind)
    if (isData(kind)) this.#chance(frames.length)
    return true
  }

  #strikes({ fault }: Active, kind: Kind): boolean {
    if (kind === "served") return false
    return isData(kind) || ("frames" in fault && fault.frames === "all")
  }

  /** Faults of the connection that may follow any frame. */
  #chance(frames: number): void {
    for (const active of this.#faults) {
      const { fault } = active
      if (!("afterLogin" in fault || "probability" in fault) || fault.probability === undefined) continue
      if (!endings.has(fault.fault)) continue
      const { random } = this.#memoryOf(active)
      for (let n = frames; n > 0; n--) {
        if (active.state !== "active" || random.unit() >= fault.probability) continue
        this.#struck(this, active)
      }
    }
  }

  /** Sends what no broker would. */
  inject(active: Active): void {
    if (!this.#raw.isOpen() || this.#deaf) return
    const { random } = this.#memoryOf(active)
    const debris = debrisOf(active.fault, this.#text, random)
    if (this.#outbox !== undefined && "level" in active.fault && active.fault.level === "wire") {
      this.#outbox.add(payloadOf(debris))
    } else this.#emit([debris])
  }

  #memoryOf(active: Active): Memory {
    const known = this.#memories.get(active)
    if (known !== undefined) return known
    const memory = newMemory(active.random(this.id))
    this.#memories.set(active, memory)
    return memory
  }

  #emit(frames: ReadonlyArray<Frame>, kind: Kind = "answer"): void {
    if (frames.length === 0 || !this.#raw.isOpen()) return
    const { wire } = this.#raw
    const low = this.#faults.filter((f) => f.state === "active" && isLow(f.fault))
    if (wire === undefined || this.#outbox === undefined || (low.length === 0 && this.#outbox.isEmpty)) {
      return this.#raw.send(frames)
    }
    const apt = low.filter((f) => f.fault.fault === "fragment" || this.#strikes(f, kind))
    for (const frame of frames) {
      this.#outbox.add(
        kind === "served"
          ? wire.carry(frame)
          : bytesOf(wire, frame, apt, (active) => this.#memoryOf(active).random)
      )
    }
  }

  #pace(): void {
    const { collect, pace } = paceOf(this.#faults, (active) => this.#memoryOf(active).random)
    this.#outbox?.setPace(pace, collect)
  }
}

/** Faults that strike a connection as such. */
export const endings: ReadonlySet<FaultName> = new Set([
  "close",
  "drop",
  "reset",
  "displaced",
  "garbage",
  "huge"
])
