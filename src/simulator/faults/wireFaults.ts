/** Faults below the messages: what bytes a frame becomes, how fast they go, and bytes that no broker would send. */
import type { Active } from "./active.ts"
import { isActive } from "./active.ts"
import { between } from "./chance.ts"
import { flipped } from "./mutate.ts"
import type { Pace } from "./outbox.ts"
import type { Fault } from "./schema.ts"
import type { Random } from "../random.ts"
import type { Wire } from "../peer.ts"
import type { Frame } from "../../protocols/protocol.ts"

const SEGMENT = 1
const COALESCED = 10
const DRIP = { bytes: 1, every: 10 }
const GARBAGE = 64
const HUGE = 8 * 1024 * 1024

/** Whether a fault looks at bytes and not at messages. */
export const isLow = (fault: Fault): boolean => {
  switch (fault.fault) {
    case "fragment":
    case "segment":
    case "coalesce":
    case "drip":
      return true
    case "truncate":
    case "corrupt":
      return fault.level === "wire"
    default:
      return false
  }
}

/** @param faults those that may strike this frame */
export const bytesOf = (
  wire: Wire,
  frame: Frame,
  faults: ReadonlyArray<Active>,
  randomOf: (active: Active) => Random
): Uint8Array => {
  let bytes = wire.carry(frame)
  for (const active of faults) {
    const random = randomOf(active)
    if (isActive(active, "fragment") && active.rolls(random)) {
      const most = active.fault.most ?? Math.max(1, Math.ceil(frame.length / 3))
      bytes = Buffer.concat(wire.fragments(frame, () => between(random, 1, most)))
    } else if (isActive(active, "truncate") && active.rolls(random)) {
      bytes = bytes.subarray(0, between(random, 0, bytes.length - 1))
    } else if (isActive(active, "corrupt") && active.rolls(random)) {
      bytes = flipped(bytes, active.fault.flips ?? 1, random)
    }
  }
  return bytes
}

/** How bytes leave: the slower fault goes before the finer one. */
export const paceOf = (
  faults: ReadonlyArray<Active>,
  randomOf: (active: Active) => Random
): { readonly pace: Pace | undefined; readonly collect: number } => {
  let pace: Pace | undefined
  let collect = 0
  for (const active of faults) {
    if (isActive(active, "coalesce")) collect = active.fault.frames ?? COALESCED
    else if (isActive(active, "drip")) {
      const { bytes = DRIP.bytes, every = DRIP.every } = active.fault
      pace = { size: () => bytes, gapMs: every }
    } else if (isActive(active, "segment") && (pace === undefined || pace.gapMs === 0)) {
      const { most = SEGMENT } = active.fault
      const random = randomOf(active)
      pace = { size: () => between(random, 1, most), gapMs: 0 }
    }
  }
  return { pace, collect }
}

/** @param text what the connection usually carries: a text, or bytes */
export const debrisOf = (fault: Fault, text: boolean, random: Random): Frame => {
  const { bytes, level } = fault as { readonly bytes?: number; readonly level?: string }
  const length = bytes ?? (fault.fault === "huge" ? HUGE : GARBAGE)
  // Nobody looks at every byte of megabytes.
  if (fault.fault === "huge") return text ? "x".repeat(length) : new Uint8Array(length)
  const debris = new Uint8Array(length)
  const printable = text && level !== "wire"
  for (let i = 0; i < length; i++) debris[i] = printable ? between(random, 0x20, 0x7e) : random.bits()
  return printable ? Buffer.from(debris).toString("latin1") : debris
}
