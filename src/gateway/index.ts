/** The gateway's door: what others build it with. Loads uWebSockets.js. */
export { TlsFailed } from "./doors.ts"
export type { Tls } from "./doors.ts"
export { ListenFailed } from "./listen.ts"
export type { GatewayStats } from "./metrics.ts"
export type { GatewayOptions } from "./options.ts"
export type { OrderHandler, OrderUpdate } from "./orderUpdates.ts"
export { OrderUpdates } from "./orderUpdates.ts"
export { Gateway } from "./server.ts"
