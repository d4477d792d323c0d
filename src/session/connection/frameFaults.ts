/**
 * Counts the faults in one wire frame. A broker may put a hundred thousand broken packets into a frame, and each
 * costs an error, a text and a check of the log. After this many, decoding of the frame ends, because nothing in it
 * is reliable.
 */
import type { RejectCause, WireEvent } from "../../protocols/protocol.ts"

/** More packets than any real wire frame has that a decoder does not understand. */
export const MOST_FAULTS = 1000
/**
 * Late packets are routine and cheap, and good ones stand between them: a wire frame may hold the late packets of a
 * whole connection.
 */
export const MOST_LATE = 5000

/** Ends the decoding of the current wire frame. Thrown through the codec, which is not used afterwards. */
export class FrameGivenUp extends Error {
  constructor() {
    super(`a frame with more than ${MOST_FAULTS} faults`)
  }
}

export class FrameFaults {
  #faults = 0
  #late = 0
  #givenUp = false

  /** Call before each wire frame is decoded. */
  begin(): void {
    this.#faults = 0
    this.#late = 0
    this.#givenUp = false
  }

  /**
   * Counts a fault that the codec reports. Throws if there are too many, and then at every call: a codec may take it
   * for an error of its own.
   */
  add(cause: RejectCause | WireEvent["type"]): void {
    this.#givenUp ||= cause === "not_subscribed" ? ++this.#late > MOST_LATE : ++this.#faults > MOST_FAULTS
    if (this.#givenUp) throw new FrameGivenUp()
  }
}
