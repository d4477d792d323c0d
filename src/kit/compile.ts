/**
 * The only place that makes code from text.
 *
 * Why at all: V8 specialises code on the hidden classes (shapes) of the objects that it has seen there, up to four at each
 * place; beyond them every access is a search. A process sees dozens of shapes of ticks, those of one stream in one mode
 * one to four. Code of its own for each makes a check of a quote take 20 ns instead of 230. Closures do not do it: all
 * closures of one function share what the engine learned. Nor does one text for all, because the engine caches texts.
 *
 * Why it is safe: a text holds constants of this source tree and nothing else. The check and the readers of ticks take their names
 * from the table of a tick's fields (`market/tickFields.ts`), where they pass `identifier`, their numbers from its rules, and their
 * words through JSON; the decoders of packets (`protocols/kit/packetCode.ts`) take names and offsets from layouts that stand in the
 * protocols' code. Nothing from a broker, a client, a file or a setting gets near a text; what the code works on are
 * arguments. It runs in strict mode, and `test/unit/architecture.test.ts` allows `new Function` in this file alone.
 *
 * Where the process may not compile texts (`--disallow-code-generation-from-strings`), callers do the same without, some
 * seven to seventeen times slower.
 */

/** A name that may stand in a text. Throws for anything else. */
export const identifier = (name: string): string => {
  if (/^[a-z_][a-z0-9_]*$/i.test(name)) return name
  throw new Error(`${JSON.stringify(name)} is no name of a field: use letters, digits and underscores`)
}

let compiled = 0

/**
 * The value that the text returns.
 *
 * @param names what the text may use, beside the globals
 * @returns undefined where the process may not compile texts
 */
export const compile = <A>(text: string, names: Readonly<Record<string, unknown>> = {}): A | undefined => {
  // The number makes each text another one, and what the engine learns from it the caller's own.
  const numbered = `// ${compiled++}\n"use strict"\n${text}`
  try {
    return new Function(...Object.keys(names), numbered)(...Object.values(names)) as A
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}
