/**
 * The gateway's port. In clear text one uWebSockets.js application listens and serves. With TLS one application only
 * accepts, and hands each connection to the newest of those that serve: a new certificate is a new such application, and
 * connections of the ones before live on until they end. (The library cannot change the certificate of an application,
 * and its builds do not let two of them listen on one port.)
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

/** The library's types lack these: how one application accepts connections for another. */
interface Accepting extends uWS.TemplatedApp {
  readonly getDescriptor: () => unknown
  readonly addChildAppDescriptor: (descriptor: unknown) => void
  readonly removeChildAppDescriptor: (descriptor: unknown) => void
}

export class Doors {
  readonly #options: DoorsOptions
  /** Those that serve, the newest last. */
  readonly #serving: Array<uWS.TemplatedApp> = []
  /** The one that listens; it serves as well where there is no TLS. */
  readonly #acceptor: Accepting
  #port = 0
  #stamp = ""
  #refused = ""

  constructor(options: DoorsOptions) {
    this.#options = options
    this.#acceptor = uWS.App() as Accepting
  }

  get port(): number {
    return this.#port
  }

  readonly open: Effect.Effect<void, ListenFailed | TlsFailed> = Effect.suspend(() => {
    const { furnish, host, port, tls } = this.#options
    return Effect.gen({ self: this }, function* () {
      if (tls === undefined) {
        furnish(this.#acceptor)
        this.#serving.push(this.#acceptor)
      } else yield* this.#serve(tls)
      this.#port = uWS.us_socket_local_port(yield* listen(this.#acceptor, host, port))
    })
  })

  /** From now on new connections are shown this certificate. */
  #serve(tls: Tls): Effect.Effect<void, TlsFailed> {
    return Effect.map(tryPair(tls), (read) => {
      this.#stamp = read
      const app = uWS.SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key }) as Accepting
      this.#options.furnish(app)
      const before = this.#serving.at(-1) as Accepting | undefined
      if (before !== undefined) this.#acceptor.removeChildAppDescriptor(before.getDescriptor())
      this.#acceptor.addChildAppDescriptor(app.getDescriptor())
      this.#serving.push(app)
    })
  }

  /** Takes a certificate that was written since. True when it did; a pair that is of no use fails once. */
  readonly reload: Effect.Effect<boolean, TlsFailed> = Effect.suspend(() => {
    const { tls } = this.#options
    if (tls === undefined) return Effect.succeed(false)
    const now = stamp(tls)
    if (now === this.#stamp || now === this.#refused) return Effect.succeed(false)
    return Effect.as(this.#serve(tls), true).pipe(
      Effect.tapError(() => Effect.sync(() => (this.#refused = now)))
    )
  })

  publish(topic: string, payload: string | Uint8Array, binary: boolean): void {
    for (const app of this.#serving) app.publish(topic, payload, binary, false)
  }

  close(): void {
    for (const app of new Set([this.#acceptor, ...this.#serving])) app.close()
  }
}
