/**
 * How many files and sockets the process has open, and may have, and the places among them that ZeroMQ's sockets may take.
 *
 * libzmq has no limit on the connections that it accepts, so its share is set aside beforehand: the gateway counts unused
 * places of that share as used. The reserve for brokers and the database stays free, whatever connects to ZeroMQ's sockets
 * or to the gateway.
 */
import { readdirSync, statSync } from "node:fs"

export interface DescriptorSource {
  /** Infinite where the system has no such limit, or does not report it. */
  readonly limit: number
  /** Open at this moment. */
  readonly used: () => number
}

const FOLDERS = ["/proc/self/fd", "/dev/fd"]

const countIn = (folder: string): number => {
  // Since 6.2, Linux reports the number as the folder's size. On older systems, count the entries.
  const { size } = statSync(folder)
  return folder.startsWith("/proc") && size > 0 ? size : readdirSync(folder).length
}

/** What the process's own limits say. Node.js has raised the soft one to the hard one when it started. */
const limitOfProcess = (): number => {
  // The types lack the option; without it the report looks up the names of all peers.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const before = report.excludeNetwork ?? false
  report.excludeNetwork = true
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } }
  }
  report.excludeNetwork = before
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isFinite(soft) && soft > 0 ? soft : Infinity
}

export const descriptorsOfProcess = (): DescriptorSource => {
  const folder = FOLDERS.find((name) => {
    try {
      return countIn(name) > 0
    } catch {
      return false
    }
  })
  if (folder === undefined) return { limit: Infinity, used: () => 0 }
  return { limit: limitOfProcess(), used: () => countIn(folder) }
}

let limit: number | undefined

/** How many connections a bound socket may have: `most`, of a low limit one in `part` of it. */
export const placesOf = (most: number, part: number): number => {
  limit ??= descriptorsOfProcess().limit
  return Math.max(2, Math.min(most, Math.floor(limit / part)))
}

/** Places of all bound sockets of the process that no connection has taken yet. Limits of the process are the process's. */
let free = 0

export const freePlaces = (): number => free

export interface Places {
  /** So many connections are there. */
  readonly taken: (connected: number) => void
  readonly release: () => void
}

export const setAside = (places: number): Places => {
  let mine = 0
  const set = (now: number): void => {
    free += now - mine
    mine = now
  }
  set(places)
  return {
    taken: (connected) => set(Math.max(0, places - connected)),
    release: () => set(0)
  }
}
