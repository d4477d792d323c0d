/**
 * The gateway's port. In clear text one uWebSockets.js application listens and serves. With TLS there is one for each
 * certificate, because the library cannot change the certificate of an application: a new one takes over the port, and the
 * connections of those before live on until they end.
 *
 * The library can also let one application accept for others (`addChildAppDescriptor`). That is for other threads: within
 * one it mixes up the TLS states of connections and crashes.
 */
import { readFileSync, statSync } from "node:fs"
import { createSecureContext } from "node:tls"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as uWS from "uWebSockets.js"
import { lifeOf } from "./certificate.ts"
import type { CertificateLife } from "./certificate.ts"
import { freePort, listen } from "./listen.ts"
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

interface Pair {
  /** Differs when a file was written. */
  readonly stamp: string
  readonly life: CertificateLife
}

/** Reads and tries the pair: uWebSockets.js itself says nothing of what is wrong. */
const tryPair = ({ cert, key }: Tls): Effect.Effect<Pair, TlsFailed> =>
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
      return Effect.succeed({ stamp: stamp({ cert, key }), life: lifeOf(texts[0]!.toString("latin1")) })
    } catch (cause) {
      // OpenSSL's reasons hold no part of the files.
      const reason = cause instanceof Error ? cause.message : "unusable"
      return Effect.fail(
        new TlsFailed({
          detail: `The TLS certificate "${cert}" and the key "${key}" are no pair (${reason})`
        })
      )
    }
  })

/** Differs when a file was written. */
const stamp = ({ cert, key }: Tls): string =>
  [cert, key]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? "gone" : `${stat.mtimeMs}/${stat.size}/${stat.ino}`
    })
    .join(" ")

/** A free port may be somebody else's a moment later. */
const PORT_TRIES = 5

export interface ListenersOptions {
  readonly host: string
  readonly port: number
  readonly tls: Tls | undefined
  /** Adds all routes to a new application. */
  readonly addRoutes: (app: uWS.TemplatedApp) => void
}

interface Serving {
  readonly app: uWS.TemplatedApp
  clients: number
}

export class Listeners {
  readonly #options: ListenersOptions
  /** The newest last: it has the port. */
  readonly #serving: Array<Serving> = []
  #socket: uWS.us_listen_socket | undefined
  #port = 0
  #stamp = ""
  #life: CertificateLife | undefined
  #paused = false
  #refused = ""

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** Of the certificate in use. */
  get life(): CertificateLife | undefined {
    return this.#life
  }

  get paused(): boolean {
    return this.#paused
  }

  get port(): number {
    return this.#port
  }

  /** Applications that still serve somebody, and the newest. */
  get size(): number {
    return this.#serving.length
  }

  readonly open: Effect.Effect<void, ListenFailed | TlsFailed> = Effect.suspend(() => {
    const { host, port, tls } = this.#options
    return Effect.gen({ self: this }, function* () {
      if (tls === undefined) this.#add(uWS.App())
      else yield* this.#secure(tls)
      // A port that the system chooses as it is bound could not be taken over, or opened again, while it has connections.
      const choose = port === 0 ? freePort(host) : Effect.succeed(port)
      yield* Effect.flatMap(choose, (chosen) => {
        this.#port = chosen
        return this.#listen
      }).pipe(Effect.retry({ times: port === 0 ? PORT_TRIES : 0 }))
      this.#port = uWS.us_socket_local_port(this.#socket!)
    })
  })

  /** The newest application listens, in place of the one before. The two steps are one, so that hardly a client comes between. */
  readonly #listen: Effect.Effect<void, ListenFailed> = Effect.suspend(() => {
    if (this.#paused) return Effect.void
    if (this.#socket !== undefined) uWS.us_listen_socket_close(this.#socket)
    this.#socket = undefined
    const { app } = this.#serving.at(-1)!
    return Effect.map(listen(app, this.#options.host, this.#port), (socket) => {
      this.#socket = socket
    })
  })

  #add(app: uWS.TemplatedApp): void {
    this.#options.addRoutes(app)
    const before = this.#serving.at(-1)
    this.#serving.push({ app, clients: 0 })
    if (before !== undefined) this.#retire(before)
  }

  #secure(tls: Tls): Effect.Effect<void, TlsFailed> {
    return Effect.flatMap(tryPair(tls), (read) =>
      Effect.try({
        try: () => {
          this.#add(uWS.SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key }))
          this.#stamp = read.stamp
          this.#life = read.life
        },
        catch: () =>
          new TlsFailed({
            detail: `The socket server does not accept the TLS certificate "${tls.cert}" and its key`
          })
      })
    )
  }

  /** Takes a certificate that was written since. True when it did; a pair that is of no use fails once. */
  readonly reload: Effect.Effect<boolean, ListenFailed | TlsFailed> = Effect.suspend(() => {
    const { tls } = this.#options
    if (tls === undefined) return Effect.succeed(false)
    // Somebody else took the port in the moment of the last change.
    if (this.#socket === undefined && !this.#paused) return Effect.as(this.#listen, true)
    const now = stamp(tls)
    if (now === this.#stamp || now === this.#refused) return Effect.succeed(false)
    return this.#secure(tls).pipe(
      Effect.tapError(() => Effect.sync(() => (this.#refused = now))),
      Effect.andThen(this.#listen),
      Effect.as(true)
    )
  })

  /**
   * Accepts no connections: the system refuses them. Where the process has no descriptor left, the library would try to accept
   * again and again.
   */
  pause(): void {
    this.#paused = true
    if (this.#socket !== undefined) uWS.us_listen_socket_close(this.#socket)
    this.#socket = undefined
  }

  /** Accepts again; where that fails, the next call tries again. */
  readonly resume: Effect.Effect<void, ListenFailed> = Effect.suspend(() => {
    this.#paused = false
    return Effect.tapError(this.#listen, () => Effect.sync(() => (this.#paused = true)))
  })

  /** The route, such that it is known which applications have clients. */
  counted<T>(app: uWS.TemplatedApp, route: uWS.WebSocketBehavior<T>): uWS.WebSocketBehavior<T> {
    const count = (by: number): void => {
      const serving = this.#serving.find((one) => one.app === app)
      if (serving === undefined) return
      serving.clients += by
      this.#retire(serving)
    }
    return {
      ...route,
      open: (socket) => {
        count(1)
        return route.open?.(socket)
      },
      close: (socket, code, message) => {
        count(-1)
        route.close?.(socket, code, message)
      }
    }
  }

  /** Lets go of an application that serves nobody and is not the newest. Not at once: this may be a call from within it. */
  #retire(serving: Serving): void {
    if (serving.clients > 0 || serving === this.#serving.at(-1)) return
    this.#serving.splice(this.#serving.indexOf(serving), 1)
    setImmediate(() => serving.app.close())
  }

  publish(topic: string, payload: string | Uint8Array, binary: boolean): void {
    for (const { app } of this.#serving) app.publish(topic, payload, binary, false)
  }

  close(): void {
    for (const { app } of this.#serving.splice(0)) app.close()
  }
}
