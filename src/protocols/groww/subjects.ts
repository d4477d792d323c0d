/**
 * The subjects of Groww's feed: `/ld/eq/nse/price.2885`. Each is a subscription of its own.
 * Source: the official Python SDK (growwapi 1.5.0).
 */
import type { Mode } from "../../market/mode.ts"

/** What a subject publishes: the price, the price with the day's figures, the book (which has no price). */
export type Kind = "price" | "price_detailed" | "book"

/** @param path of the segment: `eq/nse`, the broker's code for it */
export const subjectOf = (path: string, kind: Kind, token: string): string => `/ld/${path}/${kind}.${token}`

/** Indices publish their value and nothing else. */
export const isIndexPath = (path: string): boolean => path.startsWith("indices/")

const VALUE: ReadonlyArray<Kind> = ["price"]
const FOR: Readonly<Record<Mode, ReadonlyArray<Kind>>> = {
  ltp: VALUE,
  quote: ["price_detailed"],
  depth: ["price_detailed", "book"]
}

/** Everything that an instrument of the segment may publish. */
export const kindsOf = (path: string): ReadonlyArray<Kind> =>
  isIndexPath(path) ? VALUE : ["price", "price_detailed", "book"]

/** What a mode takes. */
export const kindsFor = (path: string, mode: Mode): ReadonlyArray<Kind> =>
  isIndexPath(path) ? VALUE : FOR[mode]

const FORM = /^\/ld\/([a-z]+\/[a-z]+)\/(price|price_detailed|book)\.(.+)$/

export interface Subject {
  readonly path: string
  readonly kind: Kind
  readonly token: string
}

export const parseSubject = (text: string): Subject | undefined => {
  const parts = FORM.exec(text)
  return parts === null ? undefined : { path: parts[1]!, kind: parts[2] as Kind, token: parts[3]! }
}

/** Tokens that a subject can carry: no blanks, and none of NATS' wildcards. */
export const isSubjectToken = (token: string): boolean => /^[!-)+-=?-~]+$/.test(token)
