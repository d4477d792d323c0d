/**
 * Conversation cases of the client protocol: what a case is, when a frame matches, and a driver that plays a
 * case against a gateway on a real socket. The format is defined in `test/cases/client-protocol-cases.json`.
 */
import { WebSocket } from "ws"
import { matches } from "./jsonMatcher.ts"
import type { Matcher } from "./jsonMatcher.ts"

export interface TickStep {
  readonly symbol: string
  readonly exchange: string
  readonly level: "LTP" | "QUOTE" | "DEPTH"
  readonly data: Readonly<Record<string, unknown>>
  /** Without it: every account that has the symbol subscribed. */
  readonly account?: string
}

export type Step = Readonly<Record<string, unknown>>

export interface Expectation {
  readonly after: number
  readonly on?: string
  readonly frame?: Matcher
  readonly none?: Matcher
  readonly closed?: { readonly code?: Matcher; readonly reason?: Matcher }
  readonly pong?: true
  readonly within_ms?: number
  readonly max_bytes?: number
  readonly text?: string
}

export interface ClientCase {
  readonly name: string
  readonly title: string
  readonly level: "compat" | "better" | "seed"
  readonly in_order?: boolean
  readonly send: ReadonlyArray<Step>
  readonly expect: ReadonlyArray<Expectation>
}

/** The world of a case, behind the gateway. */
export interface CaseWorld {
  /** `ws://host:port`, without a path. */
  readonly url: string
  /** What `${NAME}` stands for. */
  readonly keys: Readonly<Record<string, string>>
  readonly tick: (tick: TickStep) => void | Promise<void>
  readonly order: (order: Readonly<Record<string, unknown>>) => void | Promise<void>
}

const FRAME_MS = 2000
const NONE_MS = 350

type Received =
  | { readonly kind: "frame"; readonly text: string; readonly json: unknown }
  | { readonly kind: "pong" }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }

/** One named client: everything it received, in order, and what of it an expectation has used up. */
class CaseClient {
  readonly socket: WebSocket
  readonly received: Array<Received> = []
  readonly used = new Set<number>()
  #wake: (() => void) | undefined

  constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false })
    this.socket.on("message", (data: Buffer) => {
      const text = data.toString("utf8")
      let json: unknown
      try {
        json = JSON.parse(text)
      } catch {
        json = undefined
      }
      this.#add({ kind: "frame", text, json })
    })
    this.socket.on("pong", () => this.#add({ kind: "pong" }))
    this.socket.on("close", (code, reason) => this.#add({ kind: "closed", code, reason: reason.toString() }))
    // A failed connection shows as a close; `open` reports it.
    this.socket.on("error", () => undefined)
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once("open", () => resolve())
      this.socket.once("error", reject)
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.readyState === WebSocket.CLOSED) return resolve()
      this.socket.once("close", () => resolve())
      this.socket.close(1000)
    })
  }

  #add(item: Received): void {
    this.received.push(item)
    this.#wake?.()
  }

  /** Resolves when something arrives, or when the time is over. */
  arrival(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

const replaceKeys = (value: unknown, keys: CaseWorld["keys"]): unknown => {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => keys[name] ?? whole)
  }
  if (Array.isArray(value)) return value.map((item) => replaceKeys(item, keys))
  if (typeof value !== "object" || value === null) return value
  const record = value as Readonly<Record<string, unknown>>
  if (record["$gen"] !== undefined) return generate(record["$gen"] as Generated)
  return Object.fromEntries(
    Object.entries(record)
      .filter(([key]) => !key.startsWith("$pipeline"))
      .map(([key, item]) => [key, replaceKeys(item, keys)])
  )
}

interface Generated {
  readonly count: number
  readonly symbol: string
  readonly exchange: string
}

const generate = ({ count, symbol, exchange }: Generated) =>
  Array.from({ length: count }, (_, i) => ({
    symbol: symbol.replace(/#+/, (marks) => String(i).padStart(marks.length, "0")),
    exchange
  }))

/** Plays the case. Answers what was not as expected, in words; nothing when all was. */
export const runCase = async (testCase: ClientCase, world: CaseWorld): Promise<ReadonlyArray<string>> => {
  const clients = new Map<string, CaseClient>()
  const failures: Array<string> = []

  const client = async (name: string, path = "/"): Promise<CaseClient> => {
    const known = clients.get(name)
    if (known !== undefined) return known
    const made = new CaseClient(world.url + path)
    clients.set(name, made)
    await made.open()
    return made
  }

  const perform = async (step: Step): Promise<void> => {
    const { $on, $text, $binary, $open, $close, $wsping, $wait_ms, $tick, $order } = step
    const name = typeof $on === "string" ? $on : "c1"
    if (typeof $open === "string") {
      await client($open, typeof step["path"] === "string" ? step["path"] : "/")
    } else if (typeof $close === "string") {
      await (await client($close)).close()
    } else if (typeof $wsping === "string") {
      ;(await client($wsping)).socket.ping()
    } else if (typeof $wait_ms === "number") {
      await new Promise((resolve) => setTimeout(resolve, $wait_ms))
    } else if ($tick !== undefined) {
      await world.tick($tick as TickStep)
    } else if ($order !== undefined) {
      await world.order($order as Readonly<Record<string, unknown>>)
    } else if ($text !== undefined) {
      ;(await client(name)).socket.send(String(replaceKeys($text, world.keys)))
    } else if ($binary !== undefined) {
      ;(await client(name)).socket.send(Buffer.from(JSON.stringify(replaceKeys($binary, world.keys))))
    } else {
      const frame = typeof $on === "string" ? step["frame"] : step
      ;(await client(name)).socket.send(JSON.stringify(replaceKeys(frame, world.keys)))
    }
  }

  /** The place of the first unused item that meets the expectation. */
  const find = (from: CaseClient, start: number, expectation: Expectation): number => {
    for (let i = start; i < from.received.length; i++) {
      if (!from.used.has(i) && meets(from.received[i]!, expectation)) return i
    }
    return -1
  }

  /** Where each client's log stood when a step began. */
  const marks: Array<ReadonlyMap<string, number>> = []
  /** The place of the last frame that an expectation took, per client, for cases that look at the order. */
  const lastTaken = new Map<string, number>()

  const fulfil = async (expectation: Expectation): Promise<void> => {
    const name = expectation.on ?? "c1"
    const from = await client(name)
    const start = marks[expectation.after]?.get(name) ?? 0
    const deadline = Date.now() + (expectation.within_ms ?? FRAME_MS)
    for (;;) {
      const at = find(from, start, expectation)
      if (at >= 0) {
        from.used.add(at)
        if (testCase.in_order === true && at < (lastTaken.get(name) ?? -1)) {
          failures.push(`${describe(expectation)}: arrived before the frame expected ahead of it`)
        }
        lastTaken.set(name, at)
        return
      }
      const left = deadline - Date.now()
      if (left <= 0) {
        const seen = from.received.slice(start).map(summary).join("\n    ")
        failures.push(`${describe(expectation)}: did not come; received since:\n    ${seen || "nothing"}`)
        return
      }
      await from.arrival(left)
    }
  }

  const stayAway = async (expectation: Expectation): Promise<void> => {
    const name = expectation.on ?? "c1"
    const from = await client(name)
    const start = marks[expectation.after]?.get(name) ?? 0
    await new Promise((resolve) => setTimeout(resolve, expectation.within_ms ?? NONE_MS))
    const at = find(from, start, expectation)
    if (at >= 0) failures.push(`${describe(expectation)}: must not come; got ${summary(from.received[at]!)}`)
  }

  try {
    let pending: Array<Expectation> = []
    for (const [index, step] of testCase.send.entries()) {
      marks.push(new Map([...clients].map(([name, c]) => [name, c.received.length])))
      await perform(step)
      pending.push(...testCase.expect.filter((e) => e.after === index))
      if (step["$pipeline"] === true) continue
      for (const expectation of pending) if (expectation.none === undefined) await fulfil(expectation)
      await Promise.all(pending.filter((e) => e.none !== undefined).map(stayAway))
      pending = []
      if (failures.length > 0) break
    }
  } finally {
    await Promise.all([...clients.values()].map((c) => c.close()))
  }
  return failures
}

const meets = (item: Received, { frame, none, closed, pong, max_bytes, text }: Expectation): boolean => {
  if (pong === true) return item.kind === "pong"
  if (closed !== undefined) {
    return (
      item.kind === "closed" &&
      (closed.code === undefined || matches(item.code, closed.code)) &&
      (closed.reason === undefined || matches(item.reason, closed.reason))
    )
  }
  if (item.kind !== "frame") return false
  if (none !== undefined) return matches(item.json, none)
  return (
    frame !== undefined &&
    matches(item.json, frame) &&
    (max_bytes === undefined || Buffer.byteLength(item.text) <= max_bytes) &&
    (text === undefined || new RegExp(text).test(item.text))
  )
}

const shorten = (text: string): string => (text.length <= 600 ? text : `${text.slice(0, 600)}…`)

const summary = (item: Received): string =>
  item.kind === "frame"
    ? shorten(item.text)
    : item.kind === "pong"
      ? "a pong"
      : `a close, ${item.code} ${item.reason}`

const describe = ({ after, on, ...rest }: Expectation): string =>
  `after step ${after} on ${on ?? "c1"}: ${shorten(JSON.stringify(rest))}`
