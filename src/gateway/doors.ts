/**
 * The gateway's port: uWebSockets.js applications, of which the newest listens. A new certificate is a new application
 * on the same port; connections of the ones before live on until they end.
 */
import { readFileSync, statSync } from "node:fs"
import { createSecureContext } from "node:tls"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as uWS from "uWebSockets.js"
import { listen } from "./listen.ts"
import type { ListenFailed } from "./listen.ts"

export interface Tls {
  /** Paths of PEM files; the certificate's may hold its chain. */
  readonly cert: string
  readonly key: string
}

/** The certificate or its key is of no use. */
export class TlsFailed extends Schema.TaggedError<TlsFailed>()("TlsFailed", { detail: Schema.String }) {
  override get message() {
    return `${this.detail}. Name a certificate and its key, both in PEM, with --tls-cert and --tls-key.`
  }
}

/** Reads and tries the pair: uWebSockets.js itself says nothing of what is wrong. Answers what changes when they do. */
const tryPair = ({ cert, key }: Tls): Effect.Effect<string, TlsFailed> =>
  Effect.suspend(() => {
    let texts: ReadonlyArray<Buffer>
    let file = cert
    try {
      const certText = readFileSync(cert)
      file = key
      texts = [certText, readFileSync(key)]
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "unreadable"
      return Effect.fail(new TlsFailed({ detail: `The TLS file "${file}" cannot be read (${code})` }))
    }
    try {
      createSecureContext({ cert: texts[0], key: texts[1] })
    } catch (cause) {
      // OpenSSL's reasons hold no part of the files.
      const reason = cause instanceof Error ? cause.message : "unusable"
      return Effect.fail(
        new TlsFailed({
          detail: `The TLS certificate "${cert}" and the key "${key}" are no pair (${reason})`
        })
      )
    }
    return Effect.succeed(stamp({ cert, key }))
  })

/** Differs when a file was written. */
const stamp = ({ cert, key }: Tls): string =>
  [cert, key]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? "gone" : `${stat.mtimeMs}/${stat.size}/${stat.ino}`
    })
    .join(" ")

export interface DoorsOptions {
  readonly host: string
  readonly port: number
  readonly tls: Tls | undefined
  /** Adds all routes to a new application. */
  readonly furnish: (app: uWS.TemplatedApp) => void
}

export class Doors {
  readonly #options: DoorsOptions
  readonly #apps: Array<uWS.TemplatedApp> = []
  #listening: uWS.us_listen_socket | undefined
  #port = 0
  #stamp = ""
  #refused = ""

  constructor(options: DoorsOptions) {
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  readonly open: Effect.Effect<void, ListenFailed | TlsFailed> = Effect.suspend(() =>
    this.#openAt(this.#options.port)
  )

  #openAt(port: number): Effect.Effect<void, ListenFailed | TlsFailed> {
    const { furnish, host, tls } = this.#options
    return Effect.gen({ self: this }, function* () {
      if (tls !== undefined) this.#stamp = yield* tryPair(tls)
      const app =
        tls === undefined ? uWS.App() : uWS.SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key })
      furnish(app)
      if (this.#listening !== undefined) uWS.us_listen_socket_close(this.#listening)
      this.#listening = yield* listen(app, host, port)
      this.#port = uWS.us_socket_local_port(this.#listening)
      this.#apps.push(app)
    })
  }

  /** Takes a certificate that was written since. True when it did; a pair that is of no use fails once. */
  readonly reload: Effect.Effect<boolean, ListenFailed | TlsFailed> = Effect.suspend(() => {
    const { tls } = this.#options
    if (tls === undefined) return Effect.succeed(false)
    const now = stamp(tls)
    if (now === this.#stamp || now === this.#refused) return Effect.succeed(false)
    return Effect.as(this.#openAt(this.#port), true).pipe(
      Effect.tapError(() => Effect.sync(() => (this.#refused = now)))
    )
  })

  publish(topic: string, payload: string | Uint8Array, binary: boolean): void {
    for (const app of this.#apps) app.publish(topic, payload, binary, false)
  }

  close(): void {
    for (const app of this.#apps) app.close()
  }
}
