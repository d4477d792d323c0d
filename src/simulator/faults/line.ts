/**
 * One client's connection with whatever goes wrong on it: stands between what the broker's codec says and the far end.
 * Without faults it costs one comparison.
 */
import type { Active } from "./active.ts"
import { isActive } from "./active.ts"
import { between } from "./chance.ts"
import type { Memory } from "./mutate.ts"
import { flipped, mutate, newMemory, randomBytes, released } from "./mutate.ts"
import { Outbox } from "./outbox.ts"
import type { FaultName } from "./schema.ts"
import type { Pair } from "../client.ts"
import type { Peer } from "../peer.ts"
import type { Random } from "../random.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Frame, ServerProtocol } from "../../protocols/protocol.ts"

/** What a frame is to the broker. `served` ones are somebody's test, and go out as they are. */
export type Kind = "greet" | "login" | "answer" | "snapshot" | "tick" | "idle" | "served"

const isData = (kind: Kind): boolean => kind === "tick" || kind === "snapshot"
const isLogin = (kind: Kind): boolean => kind === "greet" || kind === "login"

const transports: ReadonlySet<FaultName> = new Set(["fragment", "segment", "coalesce", "drip"])

/** A write of this many bytes, at most, where a reader's buffers are to be tried. */
const SEGMENT = 1
const COALESCED = 10
const DRIP = { bytes: 1, every: 10 }
const GARBAGE = 64
const HUGE = 8 * 1024 * 1024

export class Line {
  readonly id: number
  readonly protocol: string
  readonly words: ServerProtocol["words"]
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
  readonly #struck: (line: Line, active: Active) => void
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
    struck: (line: Line, active: Active) => void
  ) {
    this.id = id
    this.protocol = protocol.name
    this.words = protocol.words
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
  apply(faults: ReadonlyArray<Active>, now: number): void {
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
    this.#settle(now)
  }

  /** Once in a while: what waited too long for others goes out. */
  turn(now: number): void {
    if (this.calm) return
    for (const [fault, memory] of this.#memories) {
      const frames = released(memory, now)
      if (frames.length > 0 && this.#faults.includes(fault)) this.#emit(frames)
    }
    if (this.#find("coalesce") !== undefined) this.#outbox?.flush()
    this.#settle(now)
  }

  #settle(_now: number): void {
    this.calm =
      this.#faults.length === 0 &&
      this.expiredBy === undefined &&
      this.unserved.size === 0 &&
      this.#outbox?.isEmpty !== false
  }

  /** After a change of what is noted here from outside. */
  changed(now: number): void {
    this.#settle(now)
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

  /** Whether it is answered; not so once the token has ended. */
  get answersRequests(): boolean {
    return this.calm || (this.expiredBy === undefined && !this.#deaf)
  }

  /** Answers a ping of the WebSocket's own. @param plainly as the library does it */
  pong(payload: Uint8Array, plainly: () => void): void {
    if (this.#deaf || this.#has("silent")) return
    const { wire } = this.#raw
    if (wire === undefined || this.#outbox?.isEmpty !== false) plainly()
    else this.#outbox.add(wire.pong(payload))
  }

  #passes(kind: Kind): boolean {
    if (this.#deaf || this.#has("silent")) return false
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
    if (isActive(active, "garbage") || isActive(active, "huge")) {
      const { bytes = active.fault.fault === "huge" ? HUGE : GARBAGE } = active.fault
      const raw = "level" in active.fault && active.fault.level === "wire"
      if (raw && this.#outbox !== undefined) {
        this.#outbox.add(randomBytes(bytes, random))
        return
      }
      this.#emit([
        this.#text
          ? textOf(bytes, random)
          : active.fault.fault === "huge"
            ? new Uint8Array(bytes)
            : randomBytes(bytes, random)
      ])
    }
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
    const low = this.#faults.filter((f) => f.state === "active" && isLow(f))
    if (wire === undefined || this.#outbox === undefined || (low.length === 0 && this.#outbox.isEmpty)) {
      return this.#raw.send(frames)
    }
    for (const frame of frames) {
      let pieces: ReadonlyArray<Uint8Array> = [wire.carry(frame)]
      for (const active of low) {
        if (kind === "served") break
        const { random } = this.#memoryOf(active)
        if (isActive(active, "fragment")) {
          if (!active.rolls(random)) continue
          const most = active.fault.most ?? Math.max(1, Math.ceil(frame.length / 3))
          pieces = wire.fragments(frame, () => between(random, 1, most))
        } else if (this.#strikes(active, kind)) {
          if (isActive(active, "truncate") && active.rolls(random)) {
            const whole = Buffer.concat(pieces)
            pieces = [whole.subarray(0, between(random, 0, whole.length - 1))]
          } else if (isActive(active, "corrupt") && active.rolls(random)) {
            pieces = [flipped(Buffer.concat(pieces), active.fault.flips ?? 1, random)]
          }
        }
      }
      this.#outbox.add(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
    }
  }

  #pace(): void {
    if (this.#outbox === undefined) return
    const drip = this.#faults.find((f) => isActive(f, "drip"))
    const segment = this.#faults.find((f) => isActive(f, "segment"))
    const coalesce = this.#faults.find((f) => isActive(f, "coalesce"))
    const collect = coalesce?.fault.fault === "coalesce" ? (coalesce.fault.frames ?? COALESCED) : 0
    if (drip?.fault.fault === "drip") {
      const { bytes = DRIP.bytes, every = DRIP.every } = drip.fault
      this.#outbox.setPace({ size: () => bytes, gapMs: every }, collect)
    } else if (segment?.fault.fault === "segment") {
      const { most = SEGMENT } = segment.fault
      const { random } = this.#memoryOf(segment)
      this.#outbox.setPace({ size: () => between(random, 1, most), gapMs: 0 }, collect)
    } else this.#outbox.setPace(undefined, collect)
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

const isLow = ({ fault }: Active): boolean =>
  transports.has(fault.fault) || ("level" in fault && fault.level === "wire" && !endings.has(fault.fault))

/** Printable, so that it is a text on every wire. */
const textOf = (length: number, random: Random): string => {
  if (length > 4096) return "x".repeat(length)
  let text = ""
  for (let n = length; n > 0; n--) text += String.fromCharCode(between(random, 0x20, 0x7e))
  return text
}
