/**
 * Kept sets on the disk, so that they outlive this process however it ends. Each process has a folder of its own with a file
 * per set, and a file whose time says until when it lived. Not in the database: its driver would hold up the ticks for
 * each write, and what a power cut takes back of this is worth nothing.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { readFile, readdir, rename, rm, utimes, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import type { SavedSubscriptions } from "./keptSet.ts"
import { isEmpty, readSavedSubscriptions } from "./keptSet.ts"

/** A process that has not said for so long that it lives does not. */
const DEAD_AFTER_MS = 10_000
/**
 * Looks at a folder whose process seems to live, one a second: it may be ending, or be gone already and its number another's. After
 * these it is the folder of another gateway, and what that leaves behind is for the next one in its place.
 */
const LOOKS = 60
/** What is read at once, at most. */
export const MOST_BYTES = 32 * 1024 * 1024

const ALIVE = "alive"
const EXTENSION = ".json"

/** A set of a process that is gone, and when its connection ended, as far as is known. */
export interface Found {
  readonly set: SavedSubscriptions
  readonly ended: number
}

/** What was found, and the folders in which it was. */
export interface LeftBehind {
  readonly found: ReadonlyArray<Found>
  readonly folders: ReadonlyArray<string>
}

/** `<pid>-<name>`. */
const pidOf = (folder: string): number => Number.parseInt(folder, 10)

/** Folders of gateways in this process. */
const ours = new Set<string>()

/**
 * On Linux, when a process began: a number may be given to another process. Infinity for one that has ended and whose parent
 * has not asked for its exit code yet (after `kill -9`, in a container without an init for good): signals still find it.
 * Undefined where that cannot be told.
 */
const startOf = (pid: number): number | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")
    if (fields?.[0] === "Z") return Number.POSITIVE_INFINITY
    const ticks = fields?.[19]
    const boot = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]
    // A hundred ticks a second, wherever there is such a file.
    return ticks === undefined || boot === undefined ? undefined : 1000 * Number(boot) + 10 * Number(ticks)
  } catch {
    return undefined
  }
}

/** @param lived when the process last said that it lives */
const isRunning = (pid: number, lived: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Somebody else's process is there, too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  return (startOf(pid) ?? 0) <= lived + 1000
}

const timeOf = (file: string): number => Math.trunc(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)

/** When the process of a folder last said that it lives; undefined: it may live still. */
const endOf = (folder: string, now: number): number | undefined => {
  const lived = timeOf(join(folder, ALIVE))
  const pid = pidOf(basename(folder))
  return pid !== process.pid && now - lived < DEAD_AFTER_MS && isRunning(pid, lived) ? undefined : lived
}

/** Takes the texts of one process after another, as far as they are worth keeping. */
class Finds {
  readonly found: Array<Found> = []
  readonly folders: Array<string> = []
  readonly #now: number
  readonly #keepMs: number
  #bytes = 0

  constructor(now: number, keepMs: number) {
    this.#now = now
    this.#keepMs = keepMs
  }

  take(text: string, lived: number): void {
    const set = readSavedSubscriptions(text)
    const ended = set?.ended ?? lived
    this.#bytes += text.length
    if (set !== undefined && !isEmpty(set) && this.#now - ended < this.#keepMs && this.#bytes <= MOST_BYTES)
      this.found.push({ set, ended })
  }
}

export class ResumeFolder {
  readonly #root: string
  readonly #own: string
  /** Folders whose processes seemed to live when this one began, and how often they are still looked at. */
  readonly #doubtful = new Map<string, number>()
  #files = 0

  /** @param name differs from that of every other gateway */
  constructor(root: string, name: string) {
    this.#root = root
    this.#own = join(root, `${process.pid}-${name}`)
  }

  /** Makes this process's folder, and takes what others have left behind. */
  open(now: number, keepMs: number): LeftBehind {
    mkdirSync(this.#own, { recursive: true, mode: 0o700 })
    writeFileSync(join(this.#own, ALIVE), "", { mode: 0o600 })
    ours.add(this.#own)
    const finds = new Finds(now, keepMs)
    for (const name of readdirSync(this.#root)) {
      const folder = join(this.#root, name)
      if (ours.has(folder) || !Number.isInteger(pidOf(name))) continue
      const lived = endOf(folder, now)
      if (lived === undefined) {
        this.#doubtful.set(folder, LOOKS)
        continue
      }
      for (const file of readdirSync(folder)) {
        if (file.endsWith(EXTENSION)) finds.take(readFileSync(join(folder, file), "utf8"), lived)
      }
      finds.folders.push(folder)
    }
    return finds
  }

  /** Takes what processes have left behind that seemed to live before. To be run once a second. */
  async lookAgain(now: number, keepMs: number): Promise<LeftBehind> {
    const finds = new Finds(now, keepMs)
    for (const [folder, looks] of this.#doubtful) {
      const lived = endOf(folder, now)
      if (lived !== undefined || looks === 1) this.#doubtful.delete(folder)
      else this.#doubtful.set(folder, looks - 1)
      if (lived === undefined) continue
      // Another gateway may have taken it in the meantime.
      for (const file of await readdir(folder).catch(() => [])) {
        if (!file.endsWith(EXTENSION)) continue
        const text = await readFile(join(folder, file), "utf8").catch(() => undefined)
        if (text !== undefined) finds.take(text, lived)
      }
      finds.folders.push(folder)
    }
    return finds
  }

  newFile(): string {
    return join(this.#own, `${++this.#files}${EXTENSION}`)
  }

  /** Whole or not at all. */
  async write(file: string, text: string): Promise<void> {
    await writeFile(`${file}.new`, text, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }

  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true })
  }

  /** The gateway ends: nothing else is to be held up any more. */
  close(texts: Iterable<{ readonly file: string; readonly text: string }>, gone: Iterable<string>): void {
    for (const { file, text } of texts) writeFileSync(file, text, { mode: 0o600 })
    for (const path of gone) rmSync(path, { recursive: true, force: true })
    rmSync(join(this.#own, ALIVE), { force: true })
    ours.delete(this.#own)
  }

  /** This process lives. */
  async touch(now: number): Promise<void> {
    await utimes(join(this.#own, ALIVE), now / 1000, now / 1000)
  }
}
