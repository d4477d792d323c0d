/** The suites of the bench, in the order in which they run. */
import type { Flags } from "./flags.ts"
import type { Row, Suite } from "./report.ts"
import { networkSuites } from "./network/suites.ts"
import { searchSuite } from "./search.ts"
import { timedSuite } from "./timed.ts"

export interface BenchSuite {
  readonly name: Suite
  /**
   * @param flags `only` leaves out cases, all of them perhaps; `quick` asks for few seconds instead of minutes
   * @param progress is told every step
   */
  readonly run: (flags: Flags, progress: (step: string) => void) => Promise<ReadonlyArray<Row>>
  /** Runs every case once for its result, without timing; returns their names. */
  readonly check?: (flags: Flags) => Promise<ReadonlyArray<string>>
}

export const suites: ReadonlyArray<BenchSuite> = [
  timedSuite("micro"),
  timedSuite("pipeline"),
  ...networkSuites,
  searchSuite
]
