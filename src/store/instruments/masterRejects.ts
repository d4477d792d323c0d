/** Rows of a master that did not become instruments: the last net before the table, and their summary. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { MasterReject, ParsedMaster } from "../../brokers/broker.ts"
import { exchanges } from "../../market/exchange.ts"
import { Instrument, nameOf } from "../../market/instrument.ts"

/** Rejects that a report names one by one. */
const REPORTED_REJECTS = 20
/** Kinds of rejects that a report counts one by one; the rest is counted together. */
const REPORTED_KINDS = 50

/** What the wire knows an instrument by: equal tokens live in several segments. */
export const wireKey = (i: Pick<Instrument, "brokerExchange" | "token">): string =>
  `${i.brokerExchange}\n${i.token}`

const isInstrument: (u: unknown) => u is Instrument = Schema.is(Instrument)
const decodeInstrument = Schema.decodeUnknownResult(Instrument)

export interface Sifted {
  readonly good: ReadonlyArray<Instrument>
  readonly rejects: ReadonlyArray<MasterReject>
  /** Rows that say again what another row said. */
  readonly duplicates: number
}

/**
 * Takes out what the table could not hold: instruments that break the schema, and different ones of the same name. Of
 * those none is carried, since the order of the rows says nothing about which one is meant. The parsers settle by series
 * what can be settled.
 */
export const sift = (parsed: ParsedMaster): Sifted => {
  const rejects = [...parsed.rejects]
  const byName = new Map<string, Instrument>()
  /** Names of several instruments, with each of them once. */
  const conflicts = new Map<string, Map<string, Instrument>>()
  let duplicates = 0
  for (const instrument of parsed.instruments) {
    const name = nameOf(instrument)
    if (!isInstrument(instrument)) {
      rejects.push({ row: 0, reason: `${name} (token ${tokenOf(instrument)}): ${whyNot(instrument)}` })
      continue
    }
    const first = byName.get(name)
    if (first === undefined) {
      byName.set(name, instrument)
      continue
    }
    const known = conflicts.get(name) ?? new Map([[wireKey(first), first]])
    if (known.has(wireKey(instrument))) duplicates += 1
    else conflicts.set(name, known.set(wireKey(instrument), instrument))
  }
  for (const [name, known] of conflicts) {
    byName.delete(name)
    const different = [...known.values()]
    const shown = different.slice(0, NAMED + 1)
    const conflict = { name, tokens: shown.map(({ token }) => token) }
    for (const instrument of different) {
      const others = shown
        .filter((other) => other !== instrument)
        .slice(0, NAMED)
        .map(inWords)
      if (different.length - 1 > NAMED) others.push(`${different.length - 1 - NAMED} more`)
      rejects.push({
        row: 0,
        reason: `${name} is ${inWords(instrument)} and also ${others.join(" and ")}: different instruments under one name, so none of them is carried`,
        conflict
      })
    }
  }
  return { good: [...byName.values()], rejects, duplicates }
}

/** Others that a reject names. */
const NAMED = 4

const inWords = (i: Instrument): string => `token ${i.token} of ${i.brokerExchange}`

/** Of something that is no instrument after all. */
const tokenOf = (u: unknown): string =>
  typeof u === "object" && u !== null && "token" in u ? String(u.token) : "unknown"

const whyNot = (u: unknown): string => {
  const failure = decodeInstrument(u)
  return Result.isFailure(failure) ? failure.failure.message.replace(/\s+/g, " ") : "it is not an instrument"
}

const instrumentNames = new RegExp(`\\b(?:${exchanges.join("|")}):\\S+`, "g")

/**
 * A reason without what differs from row to row: quoted values, names of instruments, and words with a digit. Two rows
 * of one kind then read alike. A name with a blank in it leaves its tail behind and makes a kind of its own.
 */
export const kindOf = (reason: string): string =>
  reason
    .replace(/"[^"]*"/g, "…")
    .replace(instrumentNames, "…")
    .replace(/[^\s():,;]*\d[^\s():,;]*/g, "…")

/** Conflicts are one kind whatever their texts: its first names and tokens stand for it. */
const CONFLICT = "conflict"

const inSummary = ({ conflict, reason }: MasterReject): string =>
  conflict === undefined
    ? kindOf(reason)
    : `different instruments under one name, for example ${conflict.name} (tokens ${conflict.tokens.join(", ")}); none was imported`

export interface RejectKind {
  readonly kind: string
  readonly count: number
}

export interface RejectSummary {
  /** The first of each kind, then others, in their order. */
  readonly rejects: ReadonlyArray<MasterReject>
  /** The most frequent first. */
  readonly rejectKinds: ReadonlyArray<RejectKind>
}

/** The rejects for a report. One reject of each kind is chosen before further ones, so that no kind hides the others. */
export const summarise = (rejects: ReadonlyArray<MasterReject>): RejectSummary => {
  const firsts = new Map<string, number>()
  const counts = new Map<string, number>()
  rejects.forEach(({ conflict, reason }, at) => {
    const kind = conflict === undefined ? kindOf(reason) : CONFLICT
    if (!firsts.has(kind)) firsts.set(kind, at)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  })
  const kinds = [...counts].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count)
  const shown = new Set(kinds.slice(0, REPORTED_REJECTS).map(({ kind }) => firsts.get(kind)!))
  for (let at = 0; at < rejects.length && shown.size < REPORTED_REJECTS; at++) shown.add(at)
  const rest = kinds.slice(REPORTED_KINDS).reduce((sum, { count }) => sum + count, 0)
  return {
    rejects: [...shown].sort((a, b) => a - b).map((at) => rejects[at]!),
    rejectKinds: [
      ...kinds
        .slice(0, REPORTED_KINDS)
        .map(({ count, kind }) => ({ kind: inSummary(rejects[firsts.get(kind)!]!), count })),
      ...(rest === 0 ? [] : [{ kind: "other kinds", count: rest }])
    ]
  }
}
