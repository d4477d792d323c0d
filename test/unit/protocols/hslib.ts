/**
 * HyperSync's own library as Fyers ships it in its JavaScript SDK, with a stub in place of the socket: a second opinion
 * on every byte that goes out, and on every data message that it reads right.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

/** What it says of a record: the fields that changed, as texts, with the topic's kind, token and segment. */
export type Told = Readonly<Record<string, string>>

interface Library {
  onMessage: (text: string) => void
  readonly hsParser: { readonly intervalId: NodeJS.Timeout }
  readonly connect: (url: string) => void
  readonly send: (request: string) => void
}

class StubSocket {
  static readonly OPEN = 1
  static last: StubSocket
  readonly readyState = 1
  readonly sent: Array<Uint8Array> = []
  onmessage: (event: { readonly data: ArrayBuffer }) => void = () => {}
  constructor() {
    StubSocket.last = this
  }
  send(bytes: Uint8Array | ArrayBuffer): void {
    this.sent.push(new Uint8Array(bytes))
  }
}

export interface Sdk {
  /** Sends a request in the library's own words. */
  readonly send: (request: Readonly<Record<string, unknown>>) => void
  /** @returns what it tells of the records, in order */
  readonly receive: (frame: Uint8Array) => ReadonlyArray<Told>
  readonly sent: ReadonlyArray<Uint8Array>
}

export const makeSdk = (): Sdk => {
  const require = createRequire(import.meta.url)
  const path = require.resolve("fyers-api-v3/HSM_Package/hslib.js")
  const module = { exports: {} as unknown }
  // oxlint-disable-next-line no-new-func -- the code is the installed package's own
  new Function("require", "module", readFileSync(path, "utf8"))(
    (name: string) => (name === "ws" ? StubSocket : createRequire(path)(name)),
    module
  )
  const library = new (module.exports as new () => Library)()
  let told: Array<Told> = []
  library.onMessage = (text) => {
    told = JSON.parse(text) as Array<Told>
  }
  library.connect("wss://unused")
  const socket = StubSocket.last
  return {
    send: (request) => library.send(JSON.stringify(request)),
    receive: (frame) => {
      told = []
      socket.onmessage({ data: Uint8Array.from(frame).buffer })
      // A good login starts its keep-alive.
      clearInterval(library.hsParser.intervalId)
      return told
    },
    sent: socket.sent
  }
}
