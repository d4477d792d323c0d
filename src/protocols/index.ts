/**
 * Protocols by name, loaded the first time somebody asks. An application adds its own with `registerProtocol`,
 * under a new name or in place of one of ours.
 */
import type { Protocol } from "./protocol.ts"
import type { ServerProtocol } from "./serverProtocol.ts"

export interface ProtocolLoaders {
  readonly client: () => Promise<Protocol>
  /** The broker's side; without one the simulator cannot play this protocol. */
  readonly server?: () => Promise<ServerProtocol>
}

/** A folder with both sides. */
const both = (
  load: () => Promise<{ readonly protocol: Protocol; readonly serverProtocol: ServerProtocol }>
): ProtocolLoaders => ({
  client: async () => (await load()).protocol,
  server: async () => (await load()).serverProtocol
})

const loaders = new Map<string, ProtocolLoaders>([
  ["arrow", both(() => import("./arrow/index.ts"))],
  ["deltaexchange", both(() => import("./deltaexchange/index.ts"))],
  ["dhan", both(() => import("./dhan/index.ts"))],
  ["dhan-depth20", both(() => import("./dhan-depth20/index.ts"))],
  ["dhan-depth200", both(() => import("./dhan-depth200/index.ts"))],
  ["firstock", both(() => import("./firstock/index.ts"))],
  ["fivepaisa", both(() => import("./fivepaisa/index.ts"))],
  ["fyers-hsm", both(() => import("./fyers-hsm/index.ts"))],
  ["fyers-tbt", both(() => import("./fyers-tbt/index.ts"))],
  ["groww", both(() => import("./groww/index.ts"))],
  ["hdfc", both(() => import("./hdfc/index.ts"))],
  ["iifl-mqtt", both(() => import("./iifl-mqtt/index.ts"))],
  ["indmoney", both(() => import("./indmoney/index.ts"))],
  ["kite", both(() => import("./kite/index.ts"))],
  ["kotak-hsm", both(() => import("./kotak-hsm/index.ts"))],
  ["kotak-sfeed", both(() => import("./kotak-sfeed/index.ts"))],
  ["motilal", both(() => import("./motilal/index.ts"))],
  ["noren", both(() => import("./noren/index.ts"))],
  ["nubra", both(() => import("./nubra/index.ts"))],
  ["paytm", both(() => import("./paytm/index.ts"))],
  ["pocketful", both(() => import("./pocketful/index.ts"))],
  ["samco", both(() => import("./samco/index.ts"))],
  ["smartstream", both(() => import("./smartstream/index.ts"))],
  ["tradejini", both(() => import("./tradejini/index.ts"))],
  ["upstox", both(() => import("./upstox/index.ts"))],
  ["xts", both(() => import("./xts/index.ts"))]
])

/** All names, sorted. Loads nothing. */
export const protocolNames = (): ReadonlyArray<string> => [...loaders.keys()].sort()

export const registerProtocol = (name: string, protocol: ProtocolLoaders): void => {
  loaders.set(name, protocol)
}

const find = (name: string): ProtocolLoaders => {
  const known = loaders.get(name)
  if (known !== undefined) return known
  throw new Error(
    `Unknown protocol "${name}". Known protocols: ${protocolNames().join(", ")}. Add your own with registerProtocol.`
  )
}

/** @throws (rejects with) Error for an unknown name, or whatever the protocol's module throws */
export const loadProtocol = async (name: string): Promise<Protocol> => find(name).client()

/** @throws (rejects with) Error for an unknown name or a protocol without a broker's side */
export const loadServerProtocol = async (name: string): Promise<ServerProtocol> => {
  const { server } = find(name)
  if (server === undefined) throw new Error(`Protocol "${name}" has no broker's side to simulate.`)
  return server()
}
