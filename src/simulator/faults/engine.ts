/** Begins and ends faults, decides who is let in, and tells every connection what holds on it. Plain callbacks on one thread. */
import { Active, isActive } from "./active.ts"
import type { FaultHandle } from "./active.ts"
import { FaultyWire, endings } from "./faultyWire.ts"
import { makeLimits } from "./limits.ts"
import type { Fault, FaultScript } from "./schema.ts"
import type { Peer } from "../peer.ts"
import type { Closing } from "../../protocols/protocol.ts"
import type { ServerProtocol, Trouble } from "../../protocols/serverProtocol.ts"

/** Told when a fault begins, strikes connections at a moment, and ends. */
export interface FaultEvent {
  readonly what: "begins" | "strikes" | "ends"
  readonly id: number
  readonly fault: Fault
  /** Epoch ms. */
  readonly at: number
  /** Connections struck. */
  readonly connections?: number
}

export interface EngineOptions {
  readonly seed: number
  /** Monotonic ms. */
  readonly moment: () => number
  /** Epoch ms. */
  readonly now: () => number
  readonly onFault?: (event: FaultEvent) => void
}

/** The end of a connection of whose token the time is over, where neither the fault nor the protocol says how. */
const PLAIN: Closing = { code: 1000, reason: "" }
const POLICY: Closing = { code: 1008, reason: "" }
const MAY_BE_SENT = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
  (code >= 3000 && code <= 4999)

export type Engine = ReturnType<typeof makeEngine>

// oxlint-disable-next-line max-lines-per-function -- a fault's beginning, strikes and end, over one list of faults
export const makeEngine = (options: EngineOptions) => {
  const { moment, now, onFault } = options
  const lines = new Set<FaultyWire>()
  const faults: Array<Active> = []
  const timers = new Map<Active, Set<NodeJS.Timeout>>()
  let lastId = 0
  let lastLine = 0
  let closed = false
  /** The login is valid no more. */
  let expired: Active | undefined

  const tell = (what: FaultEvent["what"], active: Active, connections?: number): void =>
    onFault?.({
      what,
      id: active.id,
      fault: active.fault,
      at: now(),
      ...(connections === undefined ? {} : { connections })
    })

  const later = (active: Active, ms: number, run: () => void): void => {
    const own = timers.get(active) ?? new Set()
    timers.set(active, own)
    const timer = setTimeout(() => {
      own.delete(timer)
      run()
    }, ms)
    own.add(timer)
  }

  const refresh = (line: FaultyWire): void =>
    line.apply(faults.filter((f) => f.state === "active" && f.concerns(line)))

  const refreshAll = (): void => {
    for (const line of lines) refresh(line)
  }

  const end = (active: Active): void => {
    const at = faults.indexOf(active)
    for (const timer of timers.get(active) ?? []) clearTimeout(timer)
    timers.delete(active)
    if (at < 0) return
    faults.splice(at, 1)
    const begun = active.state !== "waiting" || active.struck > 0
    active.state = "over"
    if (expired === active) expired = undefined
    for (const line of lines) if (line.expiredBy === active) line.expiredBy = undefined
    refreshAll()
    if (begun) tell("ends", active)
  }

  const leave = (line: FaultyWire, words: Trouble | undefined, otherwise: Closing): void => {
    if (!line.peer.isOpen()) return
    if (words !== undefined && words.frames.length > 0) line.send("login", words.frames, moment())
    const { code, reason } = words?.close ?? otherwise
    if (MAY_BE_SENT(code) || line.peer.wire === undefined) line.peer.close(code, reason)
    else line.peer.wire.close(code, reason)
  }

  /** One connection, of a fault that strikes connections. */
  const strike = (line: FaultyWire, active: Active): void => {
    if (active.state !== "active" || !line.peer.isOpen()) return
    const { fault } = active
    switch (fault.fault) {
      case "close":
        leave(line, undefined, { code: fault.code ?? 1000, reason: fault.reason ?? "" })
        break
      case "drop":
        line.peer.terminate()
        break
      case "reset":
        line.peer.reset()
        break
      case "displaced":
        leave(line, line.words?.leaving?.("displaced"), PLAIN)
        break
      default:
        line.inject(active)
    }
    active.strike()
  }

  const strikeAll = (active: Active): void => {
    const before = active.struck
    for (const line of lines) if (active.concerns(line)) strike(line, active)
    tell("strikes", active, active.struck - before)
  }

  const afterLogin = (line: FaultyWire, active: Active): void => {
    const { fault } = active
    if (!("afterLogin" in fault) || fault.afterLogin === undefined || line.loggedInAt === undefined) return
    const wait = Math.max(0, line.loggedInAt + fault.afterLogin - moment())
    later(active, wait, () => {
      if (!lines.has(line) || active.state !== "active") return
      strike(line, active)
      tell("strikes", active, 1)
    })
  }

  const expire = (active: Active): void => {
    if (!isActive(active, "tokenExpiry")) return
    const { code, existing = "mute" } = active.fault
    expired = active
    for (const line of lines) {
      if (!active.concerns(line) || existing === "keep") continue
      active.strike()
      if (existing === "mute") line.expiredBy = active
      else
        leave(line, code === undefined ? line.words?.leaving?.("expired") : undefined, {
          code: code ?? 1000,
          reason: ""
        })
    }
  }

  const begin = (active: Active): void => {
    if (active.state !== "waiting" || closed) return
    const { fault } = active
    active.state = "active"
    active.lastBefore = lastLine
    if (fault.for !== undefined) later(active, fault.for, () => end(active))
    tell("begins", active)
    expire(active)
    refreshAll()
    if (!endings.has(fault.fault)) return
    const {
      afterLogin: wait,
      every,
      probability
    } = fault as {
      readonly afterLogin?: number
      readonly every?: number
      readonly probability?: number
    }
    if (wait !== undefined) for (const line of lines) afterLogin(line, active)
    else if (probability === undefined) {
      strikeAll(active)
      if (every === undefined) return end(active)
      const again = (): void =>
        later(active, every, () => {
          strikeAll(active)
          if (active.state === "active") again()
        })
      again()
    }
  }

  const inject = (fault: Fault, seed = options.seed): FaultHandle => {
    const active: Active = new Active(++lastId, fault, seed, () => end(active))
    faults.push(active)
    if (fault.at === undefined || fault.at === 0) begin(active)
    else later(active, fault.at, () => begin(active))
    return {
      id: active.id,
      fault,
      state: () => active.state,
      struck: () => active.struck,
      end: () => end(active)
    }
  }

  const limits = makeLimits({ faults, lines, now: moment })

  return {
    limits,
    inject,
    run: ({ faults: list, seed }: FaultScript): ReadonlyArray<FaultHandle> =>
      list.map((fault) => inject(fault, seed)),
    clear: () => {
      while (faults.length > 0) end(faults[0]!)
    },
    list: (): ReadonlyArray<Active> => [...faults],
    connect: (id: number, protocol: ServerProtocol, peer: Peer): FaultyWire => {
      const line = new FaultyWire(id, protocol, peer, (struck, active) => {
        strike(struck, active)
        tell("strikes", active, 1)
      })
      lastLine = id
      lines.add(line)
      refresh(line)
      for (const oldest of limits.displacedBy(line))
        leave(oldest, oldest.words?.leaving?.("displaced"), PLAIN)
      return line
    },
    loggedIn: (line: FaultyWire): void => {
      line.loggedInAt = moment()
      for (const active of faults) {
        if (active.state === "active" && endings.has(active.fault.fault) && active.concerns(line))
          afterLogin(line, active)
      }
    },
    gone: (line: FaultyWire): void => {
      lines.delete(line)
      line.gone()
    },
    /** Whether the login is valid no more. */
    expired: (): boolean => expired !== undefined,
    /** A new login: what had expired is over, but for the connections of the old one. */
    renew: (): void => {
      expired = undefined
    },
    /** The client asked too much: it is sent away. */
    tooMuch: (line: FaultyWire): void => leave(line, line.words?.leaving?.("limited"), POLICY),
    turn: (at: number): void => {
      for (const line of lines) line.turn(at)
    },
    close: (): void => {
      closed = true
      while (faults.length > 0) end(faults[0]!)
    }
  }
}
