/** For authors of adapters: golden frames against a decoder, and the factory's pieces without a network. */
export { runVectorFile } from "./brokers/conformance.ts"
export type { VectorReport } from "./brokers/conformance.ts"
export { codecOptions } from "./brokers/broker.ts"
export { loadProtocol, loadServerProtocol } from "./protocols/index.ts"
export type * from "./protocols/protocol.ts"
