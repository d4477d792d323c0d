/** What may go wrong in a scenario, how likely, and what its recovery has to wait for. */
import type { Fault, FaultName } from "../src/simulator/faults/schema.ts"
import type { Chance } from "./chance.ts"
import type { Waits } from "./limits.ts"

/** One thing that goes wrong at one broker. */
export interface Trouble {
  readonly name: string
  /** ms after the storm began, and how long it lasts. */
  readonly at: number
  readonly lasts: number
  /** A fault of the simulator; or the broker rejects the login, the market stands still, a new login is stored. */
  readonly what: Fault | "reject" | "standstill" | "renew"
  /** All connections are ended as it begins, so that new ones meet it. */
  readonly drop: boolean
  /** Bytes arrive that the broker never sent: until they are past, no price proves anything. */
  readonly lies: boolean
  /** It takes new credentials to end it. */
  readonly login: boolean
  /** The broker does not hear what is asked of it, and nobody can tell. */
  readonly loses: boolean
  readonly waits: Waits
}

type Made = Partial<Pick<Trouble, "drop" | "lies" | "login" | "loses">> & {
  readonly what: Trouble["what"]
  readonly waits?: Waits
}

export interface Kind {
  readonly name: string
  readonly weight: number
  /** Its recovery waits for a limit that nobody can shorten. */
  readonly slow?: true
  readonly make: (chance: Chance, lasts: number) => Made
}

const WATCHED: Waits = { watchdog: true, resend: true }
const UNHEARD: Waits = { ...WATCHED, loginLost: true }
const BROKEN: Waits = { ...UNHEARD, faulty: true }

const plain = (
  fault: Extract<FaultName, "mute" | "pingsOnly" | "silent" | "blackHole">,
  weight = 3
): Kind => ({
  name: fault,
  weight,
  make: () => ({
    what: { fault },
    waits: fault === "silent" || fault === "blackHole" ? UNHEARD : WATCHED,
    loses: fault === "blackHole"
  })
})

const perFrame = (
  fault: Extract<
    FaultName,
    "duplicate" | "reorder" | "split" | "merge" | "fragment" | "truncate" | "corrupt"
  >,
  options: { readonly lies?: boolean; readonly level?: "wire" } = {}
): Kind => {
  const { level, lies = false } = options
  return {
    name: level === undefined ? fault : `${fault} ${level}`,
    weight: 2,
    make: (chance) => ({
      what: {
        fault,
        probability: chance.pick([0.02, 0.2, 1]),
        ...(chance.odds(0.3) ? { frames: "all" as const } : {}),
        ...(level === undefined ? {} : { level })
      } as Fault,
      lies,
      waits: BROKEN
    })
  }
}

/** Ends connections, once or a few times. */
const ending = (fault: "drop" | "reset"): Kind => ({
  name: fault,
  weight: 4,
  make: (chance) => ({ what: { fault, ...(chance.odds(0.5) ? { every: chance.between(120, 900) } : {}) } })
})

/** Codes of the network's and of the other side's; none that a protocol takes for the login's end. */
const CODES = [1000, 1001, 1006, 1008, 1011, 1012, 1013, 3000, 4999]

export const kinds: ReadonlyArray<Kind> = [
  ending("drop"),
  ending("reset"),
  {
    name: "close",
    weight: 4,
    make: (chance) => ({
      what: {
        fault: "close",
        code: chance.pick(CODES),
        every: chance.between(400, 1200),
        count: chance.between(1, 4)
      },
      waits: { displaced: 3 }
    })
  },
  {
    name: "displaced",
    weight: 1,
    make: () => ({ what: { fault: "displaced" }, waits: { displaced: 2 } })
  },
  {
    name: "refuse 503",
    weight: 3,
    make: () => ({ what: { fault: "refuse", status: 503 }, drop: true })
  },
  {
    name: "refuse 429",
    weight: 2,
    make: () => ({ what: { fault: "refuse", status: 429 }, drop: true, waits: { limited: true } })
  },
  {
    name: "refuse 401",
    weight: 2,
    make: () => ({ what: { fault: "refuse", status: 401 }, drop: true, login: true, waits: { login: true } })
  },
  {
    name: "hang",
    weight: 1,
    slow: true,
    make: () => ({ what: { fault: "hang" }, drop: true, waits: { unanswered: true } })
  },
  {
    name: "rateLimit upgrades",
    weight: 2,
    make: () => ({
      what: { fault: "rateLimit", perSecond: 1, of: "upgrades" },
      drop: true,
      waits: { limited: true }
    })
  },
  {
    name: "rateLimit requests",
    weight: 2,
    make: (chance) => ({
      what: {
        fault: "rateLimit",
        perSecond: chance.between(1, 10),
        of: "requests",
        excess: chance.pick(["close", "ignore"])
      },
      drop: chance.odds(0.5),
      loses: true,
      waits: { ...UNHEARD, limited: true, displaced: 4 }
    })
  },
  {
    name: "connectionCap",
    weight: 1,
    make: (chance) => ({
      what: { fault: "connectionCap", most: 1, excess: chance.pick(["refuse", "displace"]) },
      drop: true,
      waits: { limited: true, displaced: 4 }
    })
  },
  {
    name: "tokenExpiry",
    weight: 3,
    make: (chance) => ({
      what: { fault: "tokenExpiry", existing: chance.pick(["mute", "close", "keep"]) },
      login: true,
      waits: { ...WATCHED, login: true }
    })
  },
  {
    name: "rejected login",
    weight: 3,
    make: () => ({ what: "reject", drop: true, login: true, waits: { login: true } })
  },
  { name: "new login", weight: 2, make: () => ({ what: "renew", waits: { login: true } }) },
  { name: "standstill", weight: 2, make: () => ({ what: "standstill", waits: WATCHED }) },
  plain("mute"),
  plain("pingsOnly"),
  plain("silent"),
  plain("blackHole"),
  {
    name: "deadTokens",
    weight: 3,
    make: (chance) => ({
      what: {
        fault: "deadTokens",
        share: chance.pick([0.2, 0.5, 0.9]),
        ...(chance.odds(0.5) ? { cure: "resubscribe" as const } : {})
      },
      waits: WATCHED
    })
  },
  {
    name: "slowdown",
    weight: 2,
    make: (chance) => ({ what: { fault: "slowdown", to: chance.pick([0.02, 0.2]) }, waits: WATCHED })
  },
  {
    name: "clockSkew",
    weight: 1,
    make: (chance) => ({
      what: { fault: "clockSkew", by: chance.pick([-86_400_000, -5000, 5000, 86_400_000]) },
      waits: WATCHED
    })
  },
  {
    name: "refuseSubscriptions",
    weight: 3,
    make: (chance) => ({
      what: { fault: "refuseSubscriptions", share: chance.pick([0.2, 0.6, 1]) },
      drop: true,
      waits: WATCHED
    })
  },
  {
    name: "symbolCap",
    weight: 2,
    make: (chance) => ({
      what: { fault: "symbolCap", most: chance.between(0, 6) },
      drop: true,
      waits: WATCHED
    })
  },
  {
    name: "garbage",
    weight: 2,
    make: (chance) => ({
      what: {
        fault: "garbage",
        level: chance.pick(["message", "wire"]),
        every: chance.between(100, 500),
        bytes: chance.pick([1, 64, 4096])
      },
      lies: true,
      waits: BROKEN
    })
  },
  {
    name: "huge",
    weight: 1,
    make: (chance) => ({
      what: { fault: "huge", bytes: chance.pick([1_000_000, 17_000_000]) },
      lies: true,
      waits: BROKEN
    })
  },
  perFrame("duplicate"),
  perFrame("reorder"),
  perFrame("split", { lies: true }),
  perFrame("merge", { lies: true }),
  perFrame("fragment"),
  perFrame("truncate", { lies: true }),
  perFrame("truncate", { lies: true, level: "wire" }),
  perFrame("corrupt", { lies: true }),
  perFrame("corrupt", { lies: true, level: "wire" }),
  {
    name: "segment",
    weight: 1,
    make: (chance) => ({ what: { fault: "segment", most: chance.pick([1, 7, 100]) }, waits: WATCHED })
  },
  { name: "coalesce", weight: 1, make: () => ({ what: { fault: "coalesce" } }) },
  { name: "drip", weight: 1, make: () => ({ what: { fault: "drip" }, waits: UNHEARD }) }
]

export const makeTrouble = (kind: Kind, at: number, lasts: number, chance: Chance): Trouble => {
  const {
    drop = false,
    lies = false,
    login = false,
    loses = false,
    waits = {},
    what
  } = kind.make(chance, lasts)
  return { name: kind.name, at, lasts, what, drop, lies, login, loses, waits }
}

export const describeTrouble = ({ at, drop, lasts, name, what }: Trouble): string => {
  const { fault: _, ...keys } = typeof what === "string" ? { fault: what } : what
  const detail = Object.keys(keys).length === 0 ? "" : ` ${JSON.stringify(keys)}`
  return `${at} ms: ${name}${detail} for ${lasts} ms${drop ? ", connections dropped" : ""}`
}
