/**
 * Calls of functions that others supply: handlers of the bus, hooks of a protocol, listeners on raw frames. Whatever such a
 * function does is its own matter: a throw, or a promise that is rejected later, is reported and goes no further.
 */

/** Takes what a hook threw. Must not throw. */
export type HookFault = (defect: unknown) => void

/** Nobody waits for a promise, and one that is rejected unseen ends the process. */
export const watchPromise = (answer: unknown, report: HookFault): void => {
  if (answer instanceof Promise) answer.catch(report)
}

/** What a hook answers, or `instead` where it throws. */
export const answerOf = <A>(hook: () => A, instead: A, report: HookFault): A => {
  try {
    return hook()
  } catch (defect) {
    report(defect)
    return instead
  }
}

/** Calls a hook for its effect. */
export const callHook = (hook: () => unknown, report: HookFault): void =>
  watchPromise(answerOf(hook, undefined, report), report)

/** For events and clients: what was thrown, whatever it is, and no path. */
export const faultWords = (defect: unknown): string => {
  try {
    return String(defect)
  } catch {
    return "something that cannot be shown"
  }
}

/** For a log: where it was thrown, too. */
export const faultText = (defect: unknown): string => {
  try {
    const where = defect instanceof Error ? /\n\s+(at .+)/.exec(defect.stack ?? "")?.[1] : undefined
    return where === undefined ? faultWords(defect) : `${faultWords(defect)} ${where}`
  } catch {
    return faultWords(defect)
  }
}
