/** Frames that clients have sent and the gateway has not read yet. */
import type { Inbound } from "../messages/requestReader.ts"

/**
 * Frames of one client that wait while an earlier one is handled: room for a few thousand pipelined single subscribes behind
 * a slow login. A client that sends more is closed with INBOX_FULL: it would never catch up, and dropping single
 * requests would leave it waiting for answers.
 */
export const INBOX_FRAMES = 8192
export const INBOX_BYTES = 4 * 1024 * 1024

/** A frame that waits, unread. */
export interface Unread {
  readonly read: () => Inbound
  readonly bytes: number
}

/** All clients' inboxes, with a limit on their bytes together. Beyond it, the client with the fullest inbox is closed. */
export class Inboxes {
  readonly #most: number
  readonly #filled = new Set<Inbox>()
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Only for an inbox. */
  changed(inbox: Inbox, bytes: number): void {
    this.#bytes += bytes
    if (inbox.bytes > 0) this.#filled.add(inbox)
    else this.#filled.delete(inbox)
    while (this.#bytes > this.#most && this.#filled.size > 0) {
      let fullest = inbox
      for (const other of this.#filled) if (other.bytes > fullest.bytes) fullest = other
      fullest.clear()
      fullest.onGivenUp()
    }
  }
}

export class Inbox {
  readonly #all: Inboxes
  /** Its client is to be closed. */
  readonly onGivenUp: () => void
  #items: Array<Unread> = []
  #head = 0
  #bytes = 0

  constructor(all: Inboxes, onGivenUp: () => void) {
    this.#all = all
    this.onGivenUp = onGivenUp
  }

  get bytes(): number {
    return this.#bytes
  }

  /** False when the inbox is full. Bytes: `most` of them may wait, or one larger frame alone. */
  add(item: Unread, most: number): boolean {
    const waiting = this.#items.length - this.#head
    if (waiting >= INBOX_FRAMES || (waiting > 0 && this.#bytes + item.bytes > most)) return false
    this.#items.push(item)
    this.#change(item.bytes)
    return true
  }

  next(): Unread | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    if (++this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    this.#change(-item.bytes)
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#change(-this.#bytes)
  }

  #change(bytes: number): void {
    if (bytes === 0) return
    this.#bytes += bytes
    this.#all.changed(this, bytes)
  }
}
