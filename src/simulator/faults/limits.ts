/** What a broker allows: who is let in, how fast, and which subscriptions. */
import { isActive } from "./active.ts"
import type { Active } from "./active.ts"
import type { FaultyWire } from "./faultyWire.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Refusal } from "../../protocols/protocol.ts"
import type { FindByToken } from "../../protocols/serverProtocol.ts"

export interface LimitsOptions {
  readonly faults: ReadonlyArray<Active>
  readonly lines: ReadonlySet<FaultyWire>
  /** Epoch ms. */
  /** Monotonic ms. */
  readonly now: () => number
}

/** What one request is about, without what is kept from it. */
export interface Inquiry {
  readonly find: FindByToken
  readonly refuses: (instrument: WireInstrument) => boolean
  readonly refused: ReadonlySet<WireInstrument>
}

const NONE: ReadonlySet<WireInstrument> = new Set()

const SECOND = 1000

/** Events of the last second. */
class Window {
  #times: Array<number> = []

  /** Counts one, and returns how many there are with it. */
  add(at: number): number {
    this.#times = this.#times.filter((t) => at - t < SECOND)
    return this.#times.push(at)
  }
}

const TOO_MANY: Refusal = { status: 429, headers: { "retry-after": "1" } }

export const makeLimits = ({ faults, lines, now }: LimitsOptions) => {
  const windows = new WeakMap<Active, { readonly upgrades: Window; readonly requests: Window }>()

  const windowsOf = (active: Active) => {
    const known = windows.get(active)
    if (known !== undefined) return known
    const fresh = { upgrades: new Window(), requests: new Window() }
    windows.set(active, fresh)
    return fresh
  }

  /** A connection that is still to come. @param protocol which feed it is for */
  const concernsFeed = ({ fault }: Active, protocol: string): boolean =>
    fault.on?.protocol === undefined || fault.on.protocol === protocol

  const openOn = (protocol: string): ReadonlyArray<FaultyWire> =>
    Array.from(lines).filter((line) => line.protocol === protocol && line.peer.isOpen())

  /** Before the login is looked at: `hang` is no answer at all. */
  const admit = (protocol: string): Refusal | "hang" | undefined => {
    for (const active of faults) {
      if (!concernsFeed(active, protocol)) continue
      if (isActive(active, "hang")) {
        active.strike()
        return "hang"
      }
      if (isActive(active, "refuse")) {
        active.strike()
        return { status: active.fault.status ?? 503, headers: active.fault.headers ?? {} }
      }
      if (isActive(active, "rateLimit") && active.fault.of !== "requests") {
        if (windowsOf(active).upgrades.add(now()) <= active.fault.perSecond) continue
        active.strike()
        return TOO_MANY
      }
      if (isActive(active, "connectionCap") && active.fault.excess !== "displace") {
        if (openOn(protocol).length < active.fault.most) continue
        active.strike()
        return { status: active.fault.status ?? 429, headers: {} }
      }
    }
    return undefined
  }

  /** Those that have to go for a new connection, oldest first. */
  const displacedBy = (line: FaultyWire): ReadonlyArray<FaultyWire> => {
    for (const active of faults) {
      if (!isActive(active, "connectionCap") || active.fault.excess !== "displace") continue
      if (!concernsFeed(active, line.protocol)) continue
      const open = openOn(line.protocol)
      const leaving = open
        .filter((other) => other !== line)
        .slice(0, Math.max(0, open.length - active.fault.most))
      for (const _ of leaving) active.strike()
      return leaving
    }
    return []
  }

  /** A request, over whichever way. @param line undefined over REST */
  const request = (line: FaultyWire | undefined): "ignore" | "close" | undefined => {
    for (const active of faults) {
      if (!isActive(active, "rateLimit") || active.fault.of === "upgrades") continue
      if (line !== undefined && !active.concerns(line)) continue
      if (windowsOf(active).requests.add(now()) <= active.fault.perSecond) continue
      active.strike()
      return active.fault.excess ?? "close"
    }
    return undefined
  }

  const isRefused = (instrument: WireInstrument, line: FaultyWire | undefined): boolean =>
    faults.some((active) => {
      if (!isActive(active, "refuseSubscriptions")) return false
      if (line === undefined ? active.fault.on?.connections !== undefined : !active.concerns(line))
        return false
      if (!active.chooses(instrument, active.fault.share ?? 0.5)) return false
      active.strike()
      return true
    })

  const capOf = (line: FaultyWire | undefined): Active | undefined =>
    faults.find((active) => isActive(active, "symbolCap") && (line === undefined || active.concerns(line)))

  /**
   * Looks instruments up for one request, and hides those that are refused: to the codec they do not exist.
   *
   * @param line undefined over REST
   * @param isHeld whether the client has the instrument already
   * @param held how many it has
   */
  const inquiry = (
    line: FaultyWire | undefined,
    find: FindByToken,
    isHeld: (instrument: WireInstrument) => boolean,
    held: () => number
  ): Inquiry => {
    if (!faults.some((f) => isActive(f, "refuseSubscriptions") || isActive(f, "symbolCap"))) {
      return { refused: NONE, refuses: () => false, find }
    }
    const refused = new Set<WireInstrument>()
    const allowed = new Set<WireInstrument>()
    const cap = capOf(line)
    let room =
      cap !== undefined && isActive(cap, "symbolCap") ? cap.fault.most - held() : Number.POSITIVE_INFINITY
    const refuses = (instrument: WireInstrument): boolean => {
      if (refused.has(instrument)) return true
      if (allowed.has(instrument) || isHeld(instrument)) return false
      if (isRefused(instrument, line) || room <= 0) {
        if (room <= 0) cap?.strike()
        refused.add(instrument)
        return true
      }
      room--
      allowed.add(instrument)
      return false
    }
    return {
      refused,
      refuses,
      find: (token, code) => {
        const instrument = find(token, code)
        return instrument === undefined || refuses(instrument) ? undefined : instrument
      }
    }
  }

  return { admit, displacedBy, request, inquiry }
}
