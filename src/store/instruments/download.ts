/** Reads an instrument master from a file or an address: bounded in time and size, unpacked when it is gzip or zip. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import { open } from "node:fs/promises"
import { basename } from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import { unzipSync } from "fflate"
import { fileName } from "../../brokers/overrides.ts"
import type { MasterFile } from "../../brokers/broker.ts"
import { boundedBody, causeOf, codeOf as httpCodeOf, send } from "../../kit/http.ts"
import { networkReason } from "../../kit/networkReason.ts"

/** The largest master known is below 64 MB. */
export const MAX_MASTER_BYTES = 256 * 1024 * 1024
export const MASTER_TIMEOUT_MS = 120_000

export interface ReadOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole download. */
  readonly timeoutMs?: number
  /** Of the text as it was sent and as it was unpacked. */
  readonly maxBytes?: number
}

/** Why nothing was read. The detail shows no header and no part of an address. */
export class ReadFailed extends Data.TaggedError("ReadFailed")<{ readonly detail: string }> {}

const fail = (detail: string) => new ReadFailed({ detail })

/** An address as it may be shown: keys travel in queries, and in the user part. */
export const showUrl = (url: string): string => {
  if (!URL.canParse(url)) return "the given address"
  const { host, pathname, protocol, search } = new URL(url)
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?..."}`
}

const megabytes = (bytes: number): string => `${Math.max(1, Math.round(bytes / 1024 / 1024))} MB`

const tooLarge = (maxBytes: number) =>
  fail(`it is larger than ${megabytes(maxBytes)}; that is no instrument master, check the source`)

const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined

const gunzipped = promisify(gunzip)

/** A text as it was written; TextDecoder drops a byte order mark. */
const decode = (bytes: Uint8Array): string => new TextDecoder("utf-8").decode(bytes)

const unzip = (bytes: Uint8Array, maxBytes: number): ReadonlyArray<MasterFile> => {
  let total = 0
  try {
    const members = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        total += originalSize
        if (total > maxBytes) throw tooLarge(maxBytes)
        return !name.endsWith("/")
      }
    })
    return Object.entries(members).map(([name, member]) => ({ name: basename(name), text: decode(member) }))
  } catch (cause) {
    throw cause instanceof ReadFailed
      ? cause
      : fail("its zip archive is damaged or cut off; download it again")
  }
}

const unpack = async (name: string, bytes: Buffer, maxBytes: number): Promise<ReadonlyArray<MasterFile>> => {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) {
    return unzip(bytes, maxBytes)
  }
  let text = bytes
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      text = await gunzipped(bytes, { maxOutputLength: maxBytes })
    } catch (cause) {
      throw codeOf(cause) === "ERR_BUFFER_TOO_LARGE"
        ? tooLarge(maxBytes)
        : fail("its gzip data is damaged or cut off; download it again")
    }
  }
  return [{ name: name.replace(/\.gz$/i, ""), text: decode(text) }]
}

const fileRemedies: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read the file",
  EISDIR: "it is a folder, not a file"
}

export const readFile = (
  path: string,
  options: ReadOptions
): Effect.Effect<ReadonlyArray<MasterFile>, ReadFailed> =>
  Effect.tryPromise({
    try: async () => {
      const maxBytes = options.maxBytes ?? MAX_MASTER_BYTES
      const handle = await open(path, "r")
      try {
        const stat = await handle.stat()
        if (stat.isDirectory()) throw fail(fileRemedies["EISDIR"]!)
        if (stat.size > maxBytes) throw tooLarge(maxBytes)
        return await unpack(basename(path), await handle.readFile(), maxBytes)
      } finally {
        await handle.close()
      }
    },
    catch: (cause) => {
      if (cause instanceof ReadFailed) return cause
      const code = codeOf(cause) ?? "unknown error"
      return fail(fileRemedies[code] ?? `the file could not be read (${code})`)
    }
  })

/** Answers that have no body. */
const EMPTY: ReadonlySet<number> = new Set([204, 205])

const statusRemedy = (status: number): string => {
  if (status === 401 || status === 403) {
    return `the server refused the request (HTTP ${status}); give the headers it asks for, or download the file and import that`
  }
  if (status === 404 || status === 410) return `there is nothing at this address (HTTP ${status}); check it`
  if (status === 429) return "the server limits the rate of requests (HTTP 429); try again later"
  return `the server answered HTTP ${status}; try again later`
}

/** What is wrong with a request before it is sent. */
const faultOf = (url: string, headers: Readonly<Record<string, string>>): string | undefined => {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return "it is not an http or https address"
  const { password, username } = new URL(url)
  if (username !== "" || password !== "")
    return "a user or password in the address is not supported; use a header"
  try {
    void new Headers(headers)
    return undefined
  } catch {
    // The error of Headers quotes the value.
    return "a request header has a name or a value with characters that HTTP does not allow"
  }
}

/** Why a download failed. The error's own text is not shown: some quote the address. */
const networkFault = (error: HttpClientError): ReadFailed => {
  const code = httpCodeOf(error)
  const cause = causeOf(error)
  const name = code ?? (cause instanceof Error ? cause.name : "unknown error")
  return fail((code === undefined ? undefined : networkReason(code)) ?? `the download failed (${name})`)
}

/** @param name for the parser; the address's own file name when not given */
export const fetchUrl = (
  url: string,
  options: ReadOptions & { readonly name?: string; readonly method?: "GET" | "POST"; readonly body?: string }
): Effect.Effect<ReadonlyArray<MasterFile>, ReadFailed> => {
  const {
    body,
    headers = {},
    maxBytes = MAX_MASTER_BYTES,
    method,
    name,
    timeoutMs = MASTER_TIMEOUT_MS
  } = options
  return Effect.gen(function* () {
    const fault = faultOf(url, headers)
    if (fault !== undefined) return yield* fail(fault)
    const response = yield* send({
      url,
      headers,
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { body })
    })
    const { status } = response
    if (status < 200 || status >= 300 || EMPTY.has(status)) return yield* fail(statusRemedy(status))
    const bytes = yield* boundedBody(response, maxBytes)
    return yield* Effect.tryPromise({
      try: () => unpack(name ?? fileName(url), bytes, maxBytes),
      catch: (cause) =>
        cause instanceof ReadFailed
          ? cause
          : fail(
              `the download failed (${codeOf(cause) ?? (cause instanceof Error ? cause.name : "unknown error")})`
            )
    })
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => {
      if (error._tag === "ReadFailed") return error
      return error._tag === "BodyTooLarge" ? tooLarge(maxBytes) : networkFault(error)
    }),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () =>
        Effect.fail(
          fail(
            `it was not complete after ${timeoutMs / 1000} s; try again, or download the file and import that`
          )
        )
    })
  )
}
