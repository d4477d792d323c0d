/**
 * The rules of `tickRules.ts` compiled into straight code, for the tick path.
 *
 * The engine specialises code on the shapes of the objects that it has seen (`kit/compile.ts`). So each stream gets code of its
 * own, compiled apart for each mode and for indices: there the checks of
 * types fold into one comparison of the shape, and those of absent fields into nothing. Measured against the same pass
 * written out once for the whole process: a quote 20 ns instead of 230, a full packet 75 instead of 400. One text
 * compiled for all is no better than that (quote 350 ns).
 */
import { compile, identifier } from "../kit/compile.ts"
import { isObject } from "../kit/isObject.ts"
import { modes } from "./mode.ts"
import { badField, known, ofLevel, optional, required } from "./tickRules.ts"
import type { Rule, Unchecked } from "./tickRules.ts"

/** True for a good tick. */
export type TickCheck = (tick: Unchecked) => boolean

/** JavaScript that is true where the rule holds for `v`. */
const condition = (rule: Rule): string => {
  switch (rule.is) {
    case "text":
      return `typeof v === "string" && v.length > 0`
    case "word":
      return rule.of.map((word) => `v === ${JSON.stringify(word)}`).join(" || ")
    case "book":
      return "isObject(v) && side(v.buy) && side(v.sell)"
    case "number": {
      const within = `v >= ${rule.from} && v <= ${rule.to}`
      if (!rule.whole) return `typeof v === "number" && ${within}`
      const whole = `${within} && Math.floor(v) === v`
      // What is below 2^32 is told by one conversion, a fifth cheaper than by bounds and rounding.
      const small = rule.from === 0 ? "v >>> 0 === v || " : rule.from < 0 ? "(v | 0) === v || " : ""
      return `typeof v === "number" && (${small}${whole})`
    }
  }
}

const present = ([name, rule]: readonly [string, Rule]): string =>
  `  v = t.${identifier(name)}; if (!(${condition(rule)})) return false\n`

/**
 * Arrays and functions have a length, so only what has one is asked what it is: that there is none is part of the
 * shape. To ask every level took a quarter of a full packet's check.
 */
const SIDE = `const side = (levels) => {
  if (!Array.isArray(levels)) return false
  for (let i = 0; i < levels.length; i++) {
    const t = levels[i]
    if (t === undefined || t === null) return false
    let v
${Object.entries(ofLevel).map(present).join("")}
    if (t.length !== undefined && !isObject(t)) return false
  }
  return true
}
`

/** The caller checks the mode. */
const REQUIRED = Object.entries(required).filter(([name]) => name !== "mode")
const OPTIONAL = Object.entries(optional)

const checkOf = (first: string, ifUndefined: (name: string) => string, last: string): string => `(t) => {
  let v${first}
${REQUIRED.map(present).join("")}
${OPTIONAL.map(
  ([name, rule]) =>
    `  v = t.${identifier(name)}; if (v === undefined) { ${ifUndefined(name)} } else if (!(${condition(rule)})) return false\n`
).join("")}
  ${last}
}`

/** Of one shape or a few: that a key is not there is known from the shape. */
const FEW = checkOf("", (name) => `if ("${name}" in t) return false`, "return true")

/**
 * Of many shapes: to ask for each key would be a search each, so the keys are counted. More or fewer than the known
 * ones that have a value: perhaps one is there and undefined, or one that we do not know.
 */
const MANY = checkOf(
  `, keys = ${known.size}`,
  () => "keys--",
  "for (const _ in t) keys--\n  return keys === 0 || walk(t)"
)

/** One tick in this many has its shape sampled, which costs next to nothing. A prime, since ticks come in rounds. */
const SAMPLED = 1021

/**
 * Ticks that have code of their own. Quotes of indices have no volume: apart, a mix of all Kite packets takes 45 ns instead
 * of 51.
 */
const parts: ReadonlyArray<{ readonly name: string; readonly when: string }> = [
  { name: "index", when: `mode === "quote" && t.volume === undefined` },
  ...modes.map((mode) => ({ name: mode, when: `mode === "${mode}"` }))
]

const CODE = `${SIDE}
const many = ${MANY}
${parts.map(({ name }) => `let ${name} = ${FEW}\n`).join("")}
const sample = (t) => {
  const mode = t.mode
${parts.map(({ name, when }) => `  if (${when}) { if (crowded("${name}", t)) ${name} = many; return }\n`).join("")}
}
let left = ${SAMPLED}
return (t) => {
  if (--left === 0) {
    left = ${SAMPLED}
    sample(t)
  }
  const mode = t.mode
  return ${parts.map(({ name, when }) => `${when} ? ${name}(t) : `).join("")}false
}`

/** The most shapes that the engine distinguishes at one place. */
const FEW_SHAPES = 4

/** Asked of a sample: true once for each part of the ticks, when it has come in too many shapes. */
const crowding = (): ((part: string, tick: Unchecked) => boolean) => {
  const shapes = new Map(parts.map(({ name }) => [name, new Set<string>()]))
  return (part, tick) => {
    const seen = shapes.get(part)!
    return seen.size <= FEW_SHAPES && seen.add(Object.keys(tick).join()).size > FEW_SHAPES
  }
}

/** The same without compiling, some seven to seventeen times slower. */
const walk: TickCheck = (t) => badField(t) === undefined

/** A check for the ticks of one stream. It takes a third of a millisecond to make, and some 80 KB once it has run. */
export const makeTickCheck = (): TickCheck =>
  compile<TickCheck>(CODE, { isObject, crowded: crowding(), walk }) ?? walk
