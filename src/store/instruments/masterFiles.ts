/** Gets hold of a broker's instrument master: from files, from one address, or from wherever the broker publishes it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { indiaDay } from "../../kit/indiaTime.ts"
import type { Broker, MasterFile, MasterSource } from "../../brokers/broker.ts"
import type { Credentials } from "../../market/credentials.ts"
import { ReadFailed, fetchUrl, readFile, showUrl } from "./download.ts"
import type { ReadOptions } from "./download.ts"

/** Neither: the broker's own addresses. */
export interface MasterOrigin {
  /** Files of the master, or archives of them. */
  readonly files?: ReadonlyArray<string>
  readonly url?: string
  /** Texts that are here already: those of a simulated broker. */
  readonly texts?: ReadonlyArray<MasterFile>
}

export interface CollectOptions extends ReadOptions {
  /** For masters behind a login. */
  readonly credentials?: Credentials
}

export interface Collected {
  readonly files: ReadonlyArray<MasterFile>
  /** Optional sources that could not be read, and why. */
  readonly missing: ReadonlyArray<string>
}

/** Pages of one source; far above any broker's, and an end to a cursor that runs in a circle. */
const MAX_PAGES = 200

/** What a report calls the origin: no query, no secret. */
export const showOrigin = (broker: Broker, { files, texts, url }: MasterOrigin): string => {
  if (files !== undefined) return files.join(", ")
  if (url !== undefined) return showUrl(url)
  if (texts !== undefined) return "the simulated market"
  const [first, ...more] = broker.instrumentMaster.sources
  const address = first === undefined ? "nowhere" : addressOf(first)
  return `${showUrl(address)}${more.length === 0 ? "" : ` and ${more.length} more`}`
}

/** For a report: what cannot be told is shown as such, and said when it is fetched. */
const addressOf = ({ name, url }: MasterSource): string => {
  if (typeof url === "string") return url
  try {
    return url("DAY")
  } catch {
    return name
  }
}

export const collectMaster = Effect.fn("collectMaster")(function* (
  broker: Broker,
  origin: MasterOrigin,
  options: CollectOptions
): Effect.fn.Return<Collected, ReadFailed> {
  if (origin.files !== undefined) {
    const read = yield* Effect.forEach(origin.files, (path) =>
      readFile(path, options).pipe(
        Effect.mapError(({ detail }) =>
          origin.files!.length === 1
            ? new ReadFailed({ detail })
            : new ReadFailed({ detail: `${path}: ${detail}` })
        )
      )
    )
    return { files: read.flat(), missing: [] }
  }
  if (origin.texts !== undefined) return { files: origin.texts, missing: [] }
  if (origin.url !== undefined) return { files: yield* fetchUrl(origin.url, options), missing: [] }
  const day = indiaDay(yield* Clock.currentTimeMillis)
  const files: Array<MasterFile> = []
  const missing: Array<string> = []
  const { sources } = broker.instrumentMaster
  for (const source of sources) {
    const read = fetchSource(source, day, options).pipe(
      // A broker's data may be an embedder's, functions in it included.
      Effect.catchDefect((defect) =>
        Effect.fail(new ReadFailed({ detail: `the broker's data of it failed: ${String(defect)}` }))
      ),
      Effect.mapError(({ detail }) =>
        sources.length === 1
          ? new ReadFailed({ detail })
          : new ReadFailed({ detail: `${source.name}: ${detail}` })
      )
    )
    files.push(
      ...(yield* source.optional === true
        ? Effect.catch(read, ({ detail }) => {
            missing.push(detail)
            return Effect.succeed([])
          })
        : read)
    )
  }
  return { files, missing }
})

const fetchSource = Effect.fn("fetchSource")(function* (
  source: MasterSource,
  day: string,
  { credentials, ...options }: CollectOptions
): Effect.fn.Return<ReadonlyArray<MasterFile>, ReadFailed> {
  const needsLogin = source.headers !== undefined || typeof source.body === "function"
  if (needsLogin && credentials === undefined) {
    return yield* new ReadFailed({
      detail:
        "the broker asks for a login here; name a user with stored credentials (--user), or download the file and import that"
    })
  }
  const body = typeof source.body === "function" ? source.body(credentials!) : source.body
  const request = {
    ...options,
    name: source.name,
    method: source.method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...source.headers?.(credentials!),
      ...options.headers
    },
    ...(body === undefined ? {} : { body })
  }
  const files: Array<MasterFile> = []
  let url: string | undefined = typeof source.url === "string" ? source.url : source.url(day)
  for (let page = 0; url !== undefined && page < MAX_PAGES; page++) {
    const read: ReadonlyArray<MasterFile> = yield* fetchUrl(url, request)
    files.push(...read)
    const last = read.at(-1)
    url = last === undefined ? undefined : source.next?.(last.text)
  }
  return files
})
