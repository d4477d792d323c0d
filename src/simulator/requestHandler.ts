/** Where requests of clients are taken, whichever way they come: what they ask for, what is kept from them, what is noted. */
import type { Client } from "./client.ts"
import type { Pair } from "./pair.ts"
import type { Engine } from "./faults/engine.ts"
import type { Kind } from "./faults/faultyWire.ts"
import { MASTER_PATH, pathOf } from "./http.ts"
import { addressAt, originOf } from "./ownAddress.ts"
import type { ClientLogWriter } from "./clientLog.ts"
import type { VenueFeed } from "./venueOptions.ts"
import type { Credentials } from "../market/credentials.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { Closing, Frame, HttpAnswer } from "../protocols/protocol.ts"
import type { FindByToken, ServedRequest } from "../protocols/serverProtocol.ts"

export interface RequestHandlerOptions {
  readonly clients: ReadonlySet<Client>
  readonly engine: Engine
  readonly feeds: ReadonlyArray<VenueFeed>
  readonly find: FindByToken
  readonly ledger: ClientLogWriter
  readonly pairOf: (instrument: WireInstrument) => Pair | undefined
  /** The login that is valid now. */
  readonly valid: () => Credentials
}

/** What becomes of a frame of a client. */
export interface Taken {
  readonly answers: ReadonlyArray<Frame>
  readonly kind: Kind
  readonly touched: ReadonlyArray<WireInstrument>
  readonly close?: Closing
  /** It was the client's login. */
  readonly entered: boolean
}

const TOO_MANY_REQUESTS: HttpAnswer = { status: 429, headers: {}, body: '{"message":"Too many requests"}' }

export const isLoggedIn = ({ codec }: Client): boolean => codec.isLoggedIn?.() ?? true

export const makeRequestTaker = ({
  clients,
  engine,
  feeds,
  find,
  ledger,
  pairOf,
  valid
}: RequestHandlerOptions) => {
  /** @param client undefined over REST */
  const inquire = (client: Client | undefined, about: Set<WireInstrument>) =>
    engine.limits.inquiry(
      client?.line,
      (token, code) => {
        const instrument = find(token, code)
        if (instrument !== undefined) about.add(instrument)
        return instrument
      },
      (instrument) => ledger.wasHeld(client, instrument),
      () => ledger.countOf(client)
    )

  return {
    /** What is to become of a client whose requests are too many. */
    excess: ({ line }: Client): "ignore" | "close" | undefined => {
      ledger.request()
      return engine.limits.request(line)
    },
    take: (client: Client, frame: Frame): Taken => {
      const { codec, line } = client
      const before = isLoggedIn(client)
      const about = new Set<WireInstrument>()
      const inquiry = inquire(client, about)
      const { answers, close, touched } = codec.receive(frame, inquiry.find)
      for (const instrument of touched) {
        about.add(instrument)
        // Not every codec looks up; then it knows nothing of the refusal.
        if (inquiry.refuses(instrument)) line.unserved.add(instrument)
        else line.unserved.delete(instrument)
      }
      line.settle()
      ledger.noted(client, about)
      line.asked(touched)
      const entered = !before && isLoggedIn(client)
      if (!before && !entered && close !== undefined) {
        // A client that is not told may not know, and tries again by right.
        ledger.attempt({ outcome: line.speaks ? "refused" : "unanswered", connection: client.id })
      }
      const { refused } = inquiry
      const said = refused.size === 0 ? undefined : line.words?.refused?.(frame, answers, [...refused])
      return {
        answers: said ?? answers,
        kind: before ? "answer" : "login",
        touched,
        entered,
        ...(close === undefined ? {} : { close })
      }
    },
    /** The broker's REST front: whichever feed knows the request answers it. */
    http: (request: ServedRequest): HttpAnswer | undefined => {
      const isFront =
        pathOf(request.url) !== MASTER_PATH && feeds.some(({ protocol }) => protocol.http !== undefined)
      if (isFront && engine.limits.request(undefined) !== undefined) return TOO_MANY_REQUESTS
      const about = new Set<WireInstrument>()
      const inquiry = inquire(undefined, about)
      const origin = originOf(request.headers["host"])
      for (const feed of feeds) {
        const answer = feed.protocol.http?.(request, {
          accepted: valid(),
          options: feed.codec,
          endpoint: origin === undefined ? feed.endpoint() : addressAt(feed.endpoint(), origin),
          find: inquiry.find,
          refused: inquiry.refused,
          stateOf: (instrument) => pairOf(instrument)?.[1],
          connections: Array.from(clients)
            .filter((client) => client.protocol === feed.protocol)
            .map((client) => client.codec)
        })
        if (answer === undefined) continue
        ledger.request()
        if (about.size > 0) for (const client of clients) client.line.asked(ledger.noted(client, about))
        return answer
      }
      return undefined
    }
  }
}
