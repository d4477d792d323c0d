/** Faults of messages: each takes the frames of one sending, and returns what is sent in their place. */
import type { Active } from "./active.ts"
import { between } from "./chance.ts"
import type { Fault } from "./schema.ts"
import type { Random } from "../random.ts"
import type { Frame } from "../../protocols/protocol.ts"

/** What a fault remembers of one connection. */
export interface Memory {
  readonly random: Random
  /** Frames that wait for others to go first. */
  readonly held: Array<{ readonly frame: Frame; left: number; readonly since: number }>
  /** A frame that waits to be joined to the next. */
  pending: { readonly frame: Frame; readonly since: number } | undefined
}

export const newMemory = (random: Random): Memory => ({ random, held: [], pending: undefined })

/** Longer than this nothing is held back for want of frames to come. */
const LONGEST_HOLD_MS = 1000

/** How many frames pass one that is out of order, at most. */
const PASSING = 3

export const mutate = (
  active: Active,
  memory: Memory,
  frames: ReadonlyArray<Frame>,
  now: number
): ReadonlyArray<Frame> => {
  const { fault } = active
  const out: Array<Frame> = []
  switch (fault.fault) {
    case "duplicate":
      for (const frame of frames) {
        out.push(frame)
        if (active.rolls(memory.random)) for (let n = fault.times ?? 1; n > 0; n--) out.push(frame)
      }
      return out
    case "reorder":
      for (const frame of frames) {
        if (active.rolls(memory.random)) {
          // Itself counts as the first to pass.
          const left = 1 + between(memory.random, 1, fault.by ?? PASSING)
          memory.held.push({ frame, left, since: now })
        } else out.push(frame)
        for (const held of memory.held) held.left--
        while (memory.held.length > 0 && memory.held[0]!.left <= 0) out.push(memory.held.shift()!.frame)
      }
      return out
    case "merge":
      for (const frame of frames) {
        if (memory.pending !== undefined) {
          out.push(joined(memory.pending.frame, frame))
          memory.pending = undefined
        } else if (active.rolls(memory.random)) memory.pending = { frame, since: now }
        else out.push(frame)
      }
      return out
    case "split":
      for (const frame of frames) {
        if (frame.length < 2 || !active.rolls(memory.random)) out.push(frame)
        else {
          const at = between(memory.random, 1, frame.length - 1)
          out.push(frame.slice(0, at), frame.slice(at))
        }
      }
      return out
    case "truncate":
    case "corrupt":
      if (fault.level === "wire") return frames
      for (const frame of frames)
        out.push(active.rolls(memory.random) ? spoilt(fault, frame, memory.random) : frame)
      return out
    default:
      return frames
  }
}

const spoilt = (fault: Fault, frame: Frame, random: Random): Frame => {
  if (fault.fault !== "corrupt") return frame.slice(0, between(random, 0, frame.length - 1))
  if (typeof frame !== "string") return flipped(frame, fault.flips ?? 1, random)
  // Still a text: a WebSocket with broken UTF-8 would be closed, and the message never seen.
  const characters = [...frame]
  for (let n = Math.min(fault.flips ?? 1, characters.length); n > 0; n--) {
    const at = between(random, 0, characters.length - 1)
    const code = characters[at]!.codePointAt(0)!
    characters[at] = code > 0x7f ? "?" : String.fromCharCode(code ^ (1 << between(random, 0, 6)))
  }
  return characters.join("")
}

/** Frames whose wait is over: with the fault, or for want of frames to come. @param now undefined: all */
export const released = (memory: Memory, now?: number): ReadonlyArray<Frame> => {
  const isDue = (since: number): boolean => now === undefined || now - since >= LONGEST_HOLD_MS
  const out: Array<Frame> = []
  while (memory.held.length > 0 && isDue(memory.held[0]!.since)) out.push(memory.held.shift()!.frame)
  if (memory.pending !== undefined && isDue(memory.pending.since)) {
    out.push(memory.pending.frame)
    memory.pending = undefined
  }
  return out
}

const joined = (first: Frame, second: Frame): Frame => {
  if (typeof first === "string" && typeof second === "string") return first + second
  return Buffer.concat([Buffer.from(first as string), Buffer.from(second as string)])
}

export const flipped = (bytes: Uint8Array, flips: number, random: Random): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  if (copy.length === 0) return copy
  for (let n = flips; n > 0; n--) copy[between(random, 0, copy.length - 1)]! ^= 1 << between(random, 0, 7)
  return copy
}
