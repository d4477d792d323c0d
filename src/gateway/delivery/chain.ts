/**
 * A list whose items leave from anywhere at the same cost, however many there are. A Map or a Set in the order of its
 * insertion does not do: looking for its first item steps over all that were deleted before it.
 */

/** An item's place, with which it is taken out. */
export interface Link<A> {
  readonly item: A
  before: Link<A> | undefined
  after: Link<A> | undefined
}

export class Chain<A> {
  #first: Link<A> | undefined
  #last: Link<A> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): A | undefined {
    return this.#first?.item
  }

  append(item: A): Link<A> {
    const link: Link<A> = { item, before: this.#last, after: undefined }
    if (this.#last === undefined) this.#first = link
    else this.#last.after = link
    this.#last = link
    this.#size++
    return link
  }

  /** Once for each link. */
  remove({ after, before }: Link<A>): void {
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    this.#size--
  }

  clear(): void {
    this.#first = undefined
    this.#last = undefined
    this.#size = 0
  }
}
