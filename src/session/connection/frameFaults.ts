/**
 * What is wrong with one frame, counted. A broker may put a hundred thousand broken packets into a frame, and each costs an error, a
 * text, a look at the log: with so many the decoding ends, because nothing in such a frame is to be relied on.
 */
import type { RejectCause, WireEvent } from "../../protocols/protocol.ts"

/** More than the packets of any real frame that a decoder does not understand. */
export const MOST_FAULTS = 1000
/** Late packets are everyday, cheap, and good ones stand among them: a frame may hold those of a whole connection. */
export const MOST_LATE = 5000

/** Ends the decoding of the frame at hand. Thrown through the codec, which is of no use afterwards. */
export class FrameGivenUp extends Error {
  constructor() {
    super(`a frame with more than ${MOST_FAULTS} faults`)
  }
}

export class FrameFaults {
  #faults = 0
  #late = 0
  #givenUp = false

  /** A frame is about to be decoded. */
  begin(): void {
    this.#faults = 0
    this.#late = 0
    this.#givenUp = false
  }

  /** The codec has told one. Throws when there are too many, and then always: a codec may take it for an error of its own. */
  add(cause: RejectCause | WireEvent["type"]): void {
    this.#givenUp ||= cause === "not_subscribed" ? ++this.#late > MOST_LATE : ++this.#faults > MOST_FAULTS
    if (this.#givenUp) throw new FrameGivenUp()
  }
}
