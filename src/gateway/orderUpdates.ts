/**
 * Order updates on their way to the clients of one account. Whoever learns of an order's new state publishes
 * it here; the gateway forwards it to those sockets of the user that asked for it. No broker of ours feeds it yet: the
 * commands run with `layerNone`, by which clients hear that there is nothing to wait for.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Encoding } from "./delivery/encoding.ts"
import type { OrderUpdate as OrderUpdateFrame } from "./messages/feed.ts"

/** The state of one order, in the names of the client protocol. Prices in rupees. */
export type OrderUpdate = Omit<typeof OrderUpdateFrame.Type, "type" | "user_id">

export type OrderHandler = (user: string, order: OrderUpdate) => void

export class OrderUpdates extends Context.Service<
  OrderUpdates,
  {
    /** Whether anybody publishes for the user: otherwise clients that ask are refused. */
    readonly available: (user: string) => boolean
    /** Hands the update to every handler before it returns. */
    readonly publish: (user: string, order: OrderUpdate) => void
    /** Adds a handler until the scope closes. A handler must not block and must not throw. */
    readonly subscribe: (handler: OrderHandler) => Effect.Effect<void, never, Scope.Scope>
  }
>()("algoways/gateway/OrderUpdates") {
  /** For an application that publishes, for every user or for those of whom `available` says so. */
  static readonly layerFor = (available: (user: string) => boolean) =>
    Layer.sync(OrderUpdates, () => make(available))

  /** For an application that publishes. */
  static readonly layer = OrderUpdates.layerFor(() => true)

  /** Where nobody publishes. */
  static readonly layerNone = OrderUpdates.layerFor(() => false)
}

const make = (available: (user: string) => boolean): OrderUpdates["Service"] => {
  const handlers = new Set<OrderHandler>()
  return {
    available,
    publish: (user, order) => {
      for (const handler of handlers) handler(user, order)
    },
    subscribe: (handler) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => handlers.add(handler)),
          () => Effect.sync(() => handlers.delete(handler))
        )
      )
  }
}

/** A user's order updates. Topics of market data begin with the user's name and hold a colon. */
export const ordersTopic = (user: string, encoding: Encoding): string => `!orders/${encoding}/${user}`

/** The `order_update` frame. Keys in the protocol's order. */
export const orderFrame = (user: string, order: OrderUpdate): string =>
  JSON.stringify({
    type: "order_update",
    user_id: user,
    mode: order.mode,
    broker: order.broker,
    orderid: order.orderid,
    symbol: order.symbol,
    exchange: order.exchange,
    action: order.action,
    quantity: order.quantity,
    price: order.price,
    trigger_price: order.trigger_price,
    pricetype: order.pricetype,
    product: order.product,
    order_status: order.order_status,
    filled_quantity: order.filled_quantity,
    pending_quantity: order.pending_quantity,
    average_price: order.average_price,
    rejection_reason: order.rejection_reason
  } satisfies typeof OrderUpdateFrame.Type)
