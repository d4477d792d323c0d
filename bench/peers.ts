/** The official JavaScript SDKs' own parsers, on bytes. Peers for comparison; never part of the product. */
import { readFileSync } from "node:fs"
import { Module, createRequire } from "node:module"

const require = createRequire(import.meta.url)

const exact = (frame: Uint8Array): ArrayBuffer =>
  frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength) as ArrayBuffer

export interface Peer {
  readonly name: string
  /** Turns our frame into what the SDK's parser takes; not timed. */
  readonly prepare: (frame: Uint8Array) => unknown
  readonly parse: (prepared: unknown) => unknown
  /** The last traded price that the SDK read, in rupees or raw; undefined where it reads none. */
  readonly ltp: (parsed: unknown, divisor: number) => number | undefined
}

/** `KiteTicker.parseBinary` of kiteconnect: takes the frame as an ArrayBuffer, as the SDK's socket gives it. */
export const kiteconnect = (): Peer => {
  const { KiteTicker } = require("kiteconnect") as {
    KiteTicker: new (options: object) => {
      parseBinary: (frame: unknown) => ReadonlyArray<{ last_price: number }>
    }
  }
  const ticker = new KiteTicker({ api_key: "bench", access_token: "bench" })
  return {
    name: "kiteconnect",
    prepare: exact,
    parse: (frame) => ticker.parseBinary(frame),
    ltp: (parsed) => (parsed as ReadonlyArray<{ last_price: number }>)[0]?.last_price
  }
}

/**
 * `setResponse` of smartapi-javascript's websocket2.0.js, which its socket calls for every message. The SDK does
 * not export it, so the file is loaded with one more export.
 */
export const smartapi = (): Peer => {
  const file = require.resolve("smartapi-javascript/lib/websocket2.0.js")
  const module = new Module(file) as InstanceType<typeof Module> & {
    _compile: (code: string, file: string) => void
    paths: ReadonlyArray<string>
  }
  module.filename = file
  module.paths = (
    Module as unknown as { _nodeModulePaths: (from: string) => Array<string> }
  )._nodeModulePaths(file)
  module._compile(`${readFileSync(file, "utf8")}\nmodule.exports.setResponse = setResponse`, file)
  const { setResponse } = module.exports as {
    setResponse: (buf: Buffer, raw: unknown) => Record<string, string>
  }
  return {
    name: "smartapi-javascript",
    prepare: (frame) => Buffer.from(frame),
    parse: (frame) => setResponse(frame as Buffer, frame),
    ltp: (parsed, divisor) => {
      const raw = (parsed as Record<string, string>)["last_traded_price"]
      return raw === undefined ? undefined : Number(raw) / divisor
    }
  }
}
