/**
 * What the gateway forgives beyond the published inbound messages, as one rewriting: a frame comes out as the published
 * form of what the gateway reads in it. The list in `docs/client-protocol.md`, in code.
 */
export type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isFilled = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value))
const verbOf = (value: unknown): unknown => (typeof value === "string" ? value.trim().toLowerCase() : value)

export const isMode = (value: unknown): boolean =>
  typeof value === "string"
    ? ["ltp", "quote", "depth"].includes(value.trim().toLowerCase())
    : [1, 2, 3, 4].includes(value as number)

export const forgiven = (given: Json): Json => {
  const frame: Record<string, unknown> = { ...given }
  const drop = (...keys: ReadonlyArray<string>): void => {
    for (const key of keys) delete frame[key]
  }
  const dropWhere = (isAbsent: (value: unknown) => boolean, ...keys: ReadonlyArray<string>): void => {
    for (const key of keys) if (isAbsent(frame[key])) drop(key)
  }

  // Verbs in any case, with blanks around; an empty action makes way for type.
  dropWhere((value) => !value, "action")
  const key = frame["action"] === undefined ? "type" : "action"
  const verb = verbOf(frame[key])
  if (verb !== undefined) frame[key] = verb

  // A key that is no text is its text; an empty one is none.
  dropWhere((value) => !value, "api_key", "apikey")
  for (const name of ["api_key", "apikey"]) if (name in frame) frame[name] = String(frame[name])
  if ("api_key" in frame) drop("apikey")

  // Opt-ins are on or off.
  dropWhere((value) => typeof value !== "boolean", "events", "snapshot", "clocks")

  // Choices that are null were not made. An unusable depth fails the entries, in Depth mode.
  dropWhere((value) => value === null, "depth", "slow", "interval_ms", "request_id")
  if ("depth" in frame) drop("depth_level")
  dropWhere((value) => !Number.isFinite(value), "depth", "depth_level")

  // An empty form of naming makes way for the next one, a filled one hides it.
  dropWhere((value) => !isFilled(value), "symbols", "instruments", "symbol", "exchange")
  if ("symbols" in frame) drop("instruments")
  const listKey = "symbols" in frame ? "symbols" : "instruments"
  const list = frame[listKey]
  if (list !== undefined) drop("symbol", "exchange")

  // Entries that cannot be used are left out or fail alone.
  if (Array.isArray(list)) {
    const named = list.filter(
      (entry) =>
        isObject(entry) && [entry["symbol"], entry["exchange"]].every((n) => typeof n === "string" && n)
    ) as ReadonlyArray<Json>
    const unsubscribes = verb === "unsubscribe"
    frame[listKey] = unsubscribes ? named.filter((e) => e["mode"] === undefined || isMode(e["mode"])) : named
    // A mode that nobody needs is not looked at.
    if (unsubscribes && named.every((entry) => entry["mode"] !== undefined)) drop("mode")
  }
  return frame
}
