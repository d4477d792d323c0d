/**
 * Subscribes and unsubscribes over REST: writes the requests in batches and reads their answers, which bring the
 * first picture of each instrument along.
 */
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionLost, RateLimited } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { HttpAnswer, HttpRequest, Sink } from "../protocol.ts"
import type { MessageCode } from "./layout.ts"
import { OPEN_INTEREST } from "./layout.ts"
import type { Action, Address } from "./requests.ts"
import { ALREADY_SUBSCRIBED, instrumentsRequest, quotesOf, readReply } from "./requests.ts"

/** Requests that were one batch, until the broker refused it whole. */
interface Split {
  open: number
  /** Subscribed, without a picture in the answer. */
  readonly pictureless: Array<Address>
}

/** What a request asked for. */
interface Job {
  readonly action: Action
  readonly code: MessageCode
  readonly list: ReadonlyArray<Address>
  readonly attempt: number
  readonly split?: Split
}

/** Times that a request is repeated which came too early, or at a bad moment of the broker's. */
const ATTEMPTS = 4

export interface SubscriberOptions {
  readonly rest: string
  readonly token: string
  /** What the end of the token means for the connection. */
  readonly ended: (detail: string) => ConnectionFailure
  /** Who wants this kind of message of an instrument now, if anybody does. */
  readonly holder: (address: Address, code: MessageCode) => WireInstrument | undefined
  /** Takes a message of a snapshot; says whose it is, if it can be told. */
  readonly picture: (code: MessageCode, text: unknown, receivedAt: number, sink: Sink) => Address | undefined
}

export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #jobs = new WeakMap<HttpRequest, Job>()

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  request(action: "subscribe" | "unsubscribe", code: MessageCode, list: ReadonlyArray<Address>): HttpRequest {
    return this.#request({ action, code, list, attempt: 1 })
  }

  #request(job: Job): HttpRequest {
    const { rest, token } = this.#options
    const request = instrumentsRequest(rest, token, job.action, job.code, job.list)
    this.#jobs.set(request, job)
    return request
  }

  answered(request: HttpRequest, answer: HttpAnswer, receivedAt: number, sink: Sink): void {
    const job = this.#jobs.get(request)
    if (job === undefined) return sink.event({ type: "ignored", what: "an answer to no request of ours" })
    const reply = readReply(answer)
    switch (reply.type) {
      case "done":
        return this.#done(job, quotesOf(reply.result), receivedAt, sink)
      case "ended":
        return sink.event({ type: "failure", failure: this.#options.ended(reply.detail) })
      case "later": {
        if (job.attempt < ATTEMPTS) return this.#repeat(job, sink)
        const failure = reply.limited
          ? new RateLimited({ detail: reply.detail })
          : new ConnectionLost({ detail: `a subscription failed ${ATTEMPTS} times, ${reply.detail}` })
        return sink.event({ type: "failure", failure })
      }
      case "refused":
        return this.#refused(job, reply.code, reply.detail, sink)
    }
  }

  /** What has been asked for the other way since must not be undone by a repetition that comes late. */
  #repeat(job: Job, sink: Sink): void {
    const list = this.#stillDue(job)
    if (list.length > 0) sink.send(this.#request({ ...job, list, attempt: job.attempt + 1 }))
    else this.#settle(job, sink)
  }

  #stillDue({ action, code, list }: Job): ReadonlyArray<Address> {
    const wanted = action !== "unsubscribe"
    return list.filter((address) => (this.#options.holder(address, code) !== undefined) === wanted)
  }

  /** Those that a kind of message serves. Without their open interest they are served all the same. */
  #servedBy({ code, list }: Job): ReadonlyArray<WireInstrument> {
    return code === OPEN_INTEREST ? [] : list.flatMap((address) => this.#options.holder(address, code) ?? [])
  }

  #confirm(job: Job, sink: Sink): void {
    const instruments = this.#servedBy(job)
    if (instruments.length > 0) sink.event({ type: "confirmed", instruments })
  }

  #done(job: Job, quotes: ReadonlyArray<unknown>, receivedAt: number, sink: Sink): void {
    const { action, code, list } = job
    if (action === "unsubscribe") return this.#settle(job, sink)
    if (action === "subscribe") this.#confirm(job, sink)
    const seen = new Set<string>()
    for (const quote of quotes) {
      const address = this.#options.picture(code, quote, receivedAt, sink)
      if (address !== undefined) seen.add(keyOf(address))
    }
    if (action === "snapshot") return
    const pictureless = list.filter((address) => !seen.has(keyOf(address)))
    if (job.split !== undefined) {
      job.split.pictureless.push(...pictureless)
      return this.#settle(job, sink)
    }
    this.#askForPictures(code, pictureless, sink)
  }

  #refused(job: Job, code: string, detail: string, sink: Sink): void {
    const { action, list } = job
    const already = action === "subscribe" && code === ALREADY_SUBSCRIBED
    if (action === "snapshot") return sink.event({ type: "ignored", what: `no snapshot: ${detail}` })
    if (list.length > 1) {
      // One of them is why; each goes alone.
      const due = this.#stillDue(job)
      const split: Split = { open: due.length, pictureless: [] }
      for (const address of due) sink.send(this.#request({ ...job, list: [address], attempt: 1, split }))
      return
    }
    if (already) {
      job.split?.pictureless.push(...list)
      this.#confirm(job, sink)
    } else if (action === "unsubscribe") sink.event({ type: "ignored", what: `not unsubscribed: ${detail}` })
    else {
      const { exchangeInstrumentID, exchangeSegment } = list[0]!
      const instruments = this.#servedBy(job)
      sink.event({
        type: "refused",
        detail: `message ${job.code} of instrument ${exchangeSegment}:${exchangeInstrumentID}: ${detail}`,
        ...(code === "" ? {} : { code }),
        ...(instruments.length === 0 ? {} : { instruments })
      })
    }
    if (already && job.split === undefined) this.#askForPictures(job.code, list, sink)
    this.#settle(job, sink)
  }

  /** When the last of a split batch is through, their pictures are asked for together. */
  #settle({ action, code, split }: Job, sink: Sink): void {
    if (split === undefined) return
    split.open--
    if (split.open === 0 && action === "subscribe") this.#askForPictures(code, split.pictureless, sink)
  }

  #askForPictures(code: MessageCode, list: ReadonlyArray<Address>, sink: Sink): void {
    if (list.length > 0) sink.send(this.#request({ action: "snapshot", code, list, attempt: 1 }))
  }
}

const keyOf = ({ exchangeInstrumentID, exchangeSegment }: Address): string =>
  `${exchangeSegment}:${exchangeInstrumentID}`
