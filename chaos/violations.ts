/** What went against an invariant, with all that it takes to see it again. */
export type Invariant =
  | "recovery"
  | "unwanted tick"
  | "wrong instrument"
  | "double subscription"
  | "left upstream"
  | "retries"
  | "login"
  | "left open"
  | "simulator"
  | "harness"

export interface Violation {
  readonly invariant: Invariant
  readonly seed: number
  readonly index: number
  readonly broker: string
  /** ms since the scenario began. */
  readonly at: number
  readonly detail: string
  /** What happened to this broker's session before it. */
  readonly journal: ReadonlyArray<string>
}

/** Of one kind at one broker no more are told: the first ones say it. */
const MOST_ALIKE = 3
const JOURNAL = 60

/** What one scenario has to say of one broker. */
export class Recorder {
  readonly violations: Array<Violation> = []
  readonly #where: { readonly seed: number; readonly index: number; readonly broker: string }
  readonly #began: number
  readonly #journal: Array<string> = []

  constructor(
    where: { readonly seed: number; readonly index: number; readonly broker: string },
    began: number
  ) {
    this.#where = where
    this.#began = began
  }

  note(text: string): void {
    this.#journal.push(`${String(Date.now() - this.#began).padStart(6)} ms  ${text}`)
    if (this.#journal.length > JOURNAL) this.#journal.shift()
  }

  violated(invariant: Invariant, detail: string): void {
    if (this.violations.filter((v) => v.invariant === invariant).length >= MOST_ALIKE) return
    this.violations.push({
      ...this.#where,
      invariant,
      at: Date.now() - this.#began,
      detail,
      journal: [...this.#journal]
    })
  }
}
