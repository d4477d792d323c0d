/** The gateway's two clocks. */
export interface GatewayClock {
  /** Milliseconds that nobody sets back or on: for all durations. */
  readonly now: () => number
  /** Epoch milliseconds: for what clients and people read, and what came from elsewhere. */
  readonly timeOfDay: () => number
}
