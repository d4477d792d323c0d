/** Which depth level a depth subscription gets. */
import type { Broker } from "../../brokers/broker.ts"
import { isExchange } from "../../market/exchange.ts"
import { knownDepthLevels } from "../../market/subscription.ts"

export type DepthChoice =
  | { readonly tag: "level"; readonly actual: number; readonly fallback: boolean; readonly message?: string }
  | { readonly tag: "invalid"; readonly message: string }

/**
 * The deepest supported level that is not deeper than asked, or the shallowest one there is. An exchange
 * without a book (indices) gives level 0. A level that no broker knows is invalid rather than rounded.
 */
export const chooseDepth = (broker: Broker, exchange: string, requested: number): DepthChoice => {
  if (!knownDepthLevels.includes(requested)) {
    return {
      tag: "invalid",
      message: `Depth level ${requested} does not exist; known levels: ${knownDepthLevels.join(", ")}`
    }
  }
  const levels = (isExchange(exchange) ? broker.exchanges[exchange]?.depthLevels : undefined) ?? []
  if (levels.includes(requested)) return { tag: "level", actual: requested, fallback: false }
  const shallowest = levels[0]
  if (shallowest === undefined) {
    return {
      tag: "level",
      actual: 0,
      fallback: true,
      message: `${exchange} has no order book; depth readers get the quote fields`
    }
  }
  const actual = levels.reduce(
    (best, level) => (level <= requested && level > best ? level : best),
    shallowest
  )
  return {
    tag: "level",
    actual,
    fallback: true,
    message: `${broker.title} serves ${levels.join(", ")} levels on ${exchange}: using ${actual} instead of ${requested}`
  }
}

/** How many instruments the broker serves at deeper levels here, and the level that replaces one more. Undefined: no limit. */
export const deepBooksOf = (
  broker: Broker,
  exchange: string
): { readonly limit: number; readonly shallowest: number } | undefined => {
  const capability = isExchange(exchange) ? broker.exchanges[exchange] : undefined
  const shallowest = capability?.depthLevels[0]
  if (capability?.deepBooks === undefined || shallowest === undefined) return undefined
  return { limit: capability.deepBooks.value, shallowest }
}
