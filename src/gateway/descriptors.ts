/**
 * How many files and sockets the process has open, and may have. When they run out, no broker's connection comes back and
 * the database cannot be opened, so the gateway takes no more connections while a reserve is left for those.
 */
import { readdirSync, statSync } from "node:fs"

export interface DescriptorSource {
  /** Infinite where the system has no such limit, or does not tell. */
  readonly limit: number
  /** Open at this moment. */
  readonly used: () => number
}

const FOLDERS = ["/proc/self/fd", "/dev/fd"]

const countIn = (folder: string): number => {
  // Linux tells the number as the folder's size, since 6.2; older ones must be counted.
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

/** A reading is good for so long, together with what has been opened since. */
const GOOD_FOR_MS = 100

export class Descriptors {
  readonly #source: DescriptorSource
  readonly #now: () => number
  /** From here on the gateway takes no more connections. */
  readonly most: number
  #read = 0
  #readAt = -Infinity
  #opened = 0
  #refused = false

  /** @param reserve for all that is no client; of a low limit a quarter at most */
  constructor(source: DescriptorSource, reserve: number, now: () => number) {
    this.#source = source
    this.#now = now
    this.most = source.limit - Math.min(reserve, Math.floor(source.limit / 4))
  }

  get limit(): number {
    return this.#source.limit
  }

  /** A connection was accepted. */
  opened(): void {
    this.#opened++
  }

  read(): number {
    this.#read = this.#source.used()
    this.#readAt = this.#now()
    this.#opened = 0
    return this.#read
  }

  /** Whether what is left is the reserve. Reads again when it seems so, since connections have closed meanwhile. */
  get scarce(): boolean {
    if (this.#read + this.#opened < this.most) return false
    const scarce = this.#now() - this.#readAt < GOOD_FOR_MS || this.read() >= this.most
    this.#refused ||= scarce
    return scarce
  }

  /** Whether they are scarce, or have been since it was asked the last time. */
  takeScarcity(): boolean {
    const refused = this.#refused
    this.#refused = false
    return refused || this.#read >= this.most
  }

  /** Whether even the reserve is all but gone: to accept could fail any moment, and to try again and again is all work. */
  get exhausted(): boolean {
    return this.#read >= this.most + ((this.limit - this.most) * 3) / 4
  }
}
