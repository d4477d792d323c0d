/** Reads a recording from disk: every line is checked, because a file may have been cut or edited. */
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { createGunzip } from "node:zlib"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { isExchange } from "../../market/exchange.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Change, Frame, HttpAnswer, Want } from "../../protocols/protocol.ts"
import { FORMAT_VERSION, Header, RecordedEvent } from "../recorder/format.ts"

export type Recorded =
  | { readonly kind: "opened"; readonly at: number }
  | { readonly kind: "requested"; readonly at: number; readonly changes: ReadonlyArray<Change> }
  | { readonly kind: "frame"; readonly at: number; readonly frame: Frame }
  | { readonly kind: "answered"; readonly at: number; readonly digest: string; readonly answer: HttpAnswer }
  | { readonly kind: "closed" | "alarm"; readonly at: number; readonly why: string }

export interface Recording {
  readonly header: Header
  readonly instruments: ReadonlyArray<WireInstrument>
  /** The decoder's history before the minutes that are recorded whole. */
  readonly prologue: ReadonlyArray<Recorded>
  /** Records between the two that were not kept. */
  readonly skipped: number
  readonly records: ReadonlyArray<Recorded>
}

export class RecordingUnreadable extends Schema.TaggedError<RecordingUnreadable>()("RecordingUnreadable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be replayed: ${this.detail}`
  }
}

const decodeHeader = Schema.decodeUnknownResult(Header)
const decodeLine = Schema.decodeUnknownResult(RecordedEvent)

export const readRecording = (path: string): Effect.Effect<Recording, RecordingUnreadable> =>
  Effect.tryPromise({
    try: () => read(path),
    catch: (cause) => new RecordingUnreadable({ path, detail: reasonOf(cause) })
  })

const reasonOf = (cause: unknown): string => {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === "ENOENT") return "there is no such file"
  if (code?.startsWith("Z_") === true) return `it is cut short, or no gzip file (${message})`
  return message ?? String(cause)
}

const read = async (path: string): Promise<Recording> => {
  const file = createReadStream(path)
  const unzipped = createGunzip()
  file.on("error", (cause) => unzipped.destroy(cause))
  const lines = createInterface({ input: file.pipe(unzipped), crlfDelay: Infinity })
  const failed = new Promise<never>((_, reject) => {
    unzipped.on("error", reject)
  })
  // Awaited below; a failure after the last line is none.
  failed.catch(() => {})
  const reader = new Reader()
  try {
    const each = lines[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([each.next(), failed])
      if (next.done === true) break
      reader.take(next.value)
    }
    return reader.recording()
  } finally {
    lines.close()
    file.destroy()
  }
}

class Reader {
  #number = 0
  #header: Header | undefined
  #instruments: ReadonlyArray<WireInstrument> = []
  #records: Array<Recorded> = []
  #prologue: ReadonlyArray<Recorded> = []
  #skipped = 0

  take(text: string): void {
    this.#number++
    if (text === "") return
    const value = this.#parse(text)
    if (this.#header === undefined) return this.#first(value)
    const line = decodeLine(value)
    if (Result.isFailure(line)) return this.#bad(line.failure.message)
    this.#line(line.success)
  }

  recording(): Recording {
    if (this.#header === undefined) throw new Error("it is empty")
    return {
      header: this.#header,
      instruments: this.#instruments,
      prologue: this.#prologue,
      skipped: this.#skipped,
      records: this.#records
    }
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch {
      return this.#bad("it is no JSON")
    }
  }

  #bad(detail: string): never {
    throw new Error(`line ${this.#number}: ${detail.replaceAll("\n", " ")}`)
  }

  #first(value: unknown): void {
    const header = decodeHeader(value)
    if (Result.isFailure(header)) return this.#bad("it does not begin with the header of a recording")
    if (header.success.version > FORMAT_VERSION) {
      return this.#bad(
        `it is of version ${header.success.version}, written by AlgoWays ${header.success.algoways}: update AlgoWays to read it`
      )
    }
    this.#header = header.success
  }

  #line(line: RecordedEvent): void {
    switch (line.kind) {
      case "instruments":
        this.#instruments = line.list.map(
          ([, exchange, symbol, token, brokerExchange, brokerSymbol]): WireInstrument =>
            isExchange(exchange)
              ? { symbol, exchange, token, brokerExchange, brokerSymbol }
              : this.#bad(`there is no exchange "${exchange}"`)
        )
        return
      case "ring":
        this.#prologue = this.#records
        this.#records = []
        this.#skipped = line.skipped
        return
      case "text":
        return void this.#records.push({ kind: "frame", at: line.at, frame: line.text })
      case "binary":
        return void this.#records.push({
          kind: "frame",
          at: line.at,
          frame: Buffer.from(line.base64, "base64")
        })
      case "requested":
        return void this.#records.push({
          kind: "requested",
          at: line.at,
          changes: line.changes.map((change) => this.#change(change))
        })
      case "answered": {
        const { at, body, digest, status } = line
        return void this.#records.push({
          kind: "answered",
          at,
          digest,
          answer: { status, headers: {}, body }
        })
      }
      default:
        this.#records.push(line)
    }
  }

  #change({
    from,
    instrument,
    to
  }: (RecordedEvent & { readonly kind: "requested" })["changes"][number]): Change {
    const found = this.#instruments[instrument]
    if (found === undefined) return this.#bad(`there is no instrument ${instrument}`)
    return {
      instrument: found,
      ...(from === undefined ? {} : { from: wantOf(from) }),
      ...(to === undefined ? {} : { to: wantOf(to) })
    }
  }
}

const wantOf = ([mode, depth]: readonly [Want["mode"], number]): Want => ({ mode, depth })
