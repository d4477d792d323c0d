/** The gateway's settings and their defaults. */
import type { Tls } from "./connections/listeners.ts"

export interface GatewayOptions {
  /** Address to listen on; loopback unless told otherwise. */
  readonly host?: string
  /** 0 takes any free port; `Gateway.port` says which. */
  readonly port?: number
  /** A client without a login is closed with 4401 after this time. Failed attempts do not extend it. */
  readonly authGraceMs?: number
  /** Larger messages close the client with 1009. A bulk subscribe of 3000 symbols takes 150 KB. */
  readonly maxMessageBytes?: number
  /** What may wait in one reader's socket before its frames wait in its outbox: the newest one per subscription. */
  readonly slowMarkBytes?: number
  /** Frames that may wait for one reader under "drop-oldest". */
  readonly historyFrames?: number
  /** Bytes of messages about the feed that may wait for one reader with events. */
  readonly statusBytes?: number
  /** A reader that lags for so long without ever catching up is closed with 4408. */
  readonly maxLagMs?: number
  /** What may wait in one reader's socket before it is closed with 4408: the last resort. */
  readonly maxBackpressureBytes?: number
  /** How often clients are pinged, and how long a pong may take before the client is closed with 1011. */
  readonly pingIntervalMs?: number
  readonly pongTimeoutMs?: number
  /** Open connections in all, and from one address: beyond, upgrades are declined with 503 and 429. */
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  /** Clients that have not logged in: beyond, a handshake waits, or the client that takes longest makes room for it. */
  readonly maxLoggingIn?: number
  /** Connections that are no WebSockets (yet), half of them from one address: beyond, they are closed unheard. */
  readonly maxHandshakes?: number
  /** Files and sockets that are left for brokers and the database when all others of the process are in use. */
  readonly reservedDescriptors?: number
  /** Plain HTTP requests of one address a second, on average; five seconds' worth at once. Beyond: 429. */
  readonly maxRequestsPerSecond?: number
  /** Clients that are logged in with one key: beyond, the newest is closed with 4429. */
  readonly maxConnectionsPerKey?: number
  /** The same of all keys of one user. */
  readonly maxConnectionsPerUser?: number
  /** Different wrong keys that an address, and all together, may show in a minute, over WebSocket and HTTP together. */
  readonly maxFailedKeys?: number
  readonly maxFailedKeysInAll?: number
  /** Logins of one client a second, on average; ten seconds' worth at once. Beyond: `RATE_LIMITED`. */
  readonly maxLoginsPerSecond?: number
  /** The same for all clients of one key; at once also twice as many as may be connected. */
  readonly maxLoginsPerKeyPerSecond?: number
  /** Messages and bytes that one client may send a second, on average; five seconds' worth at once. Beyond: 4429. */
  readonly maxMessagesPerSecond?: number
  readonly maxBytesPerSecond?: number
  /** The same of all clients of one key, and of one user; ten seconds' worth at once. */
  readonly maxMessagesPerKeyPerSecond?: number
  readonly maxMessagesPerUserPerSecond?: number
  /** Bytes of all clients' messages that wait unread: beyond, the client with most of them is closed with 1013. */
  readonly maxWaitingBytes?: number
  /** Searches over HTTP of one user a second, on average; five seconds' worth at once. Beyond: 429. */
  readonly maxSearchesPerSecond?: number
  /** Subscriptions that one client may hold, and all clients of one key, and of one user. */
  readonly maxSubscriptions?: number
  readonly maxSubscriptionsPerKey?: number
  readonly maxSubscriptionsPerUser?: number
  /**
   * Spellings of an exchange other than in capitals or small letters (`Nse`, ` NSE`): of one client, and of all clients of
   * a user. Each is a text of its own for every tick.
   */
  readonly maxSpellings?: number
  readonly maxSpellingsPerUser?: number
  /** Entries in one request. */
  readonly maxEntries?: number
  /**
   * Entries in all requests of one client a second, on average, and of all clients of one key, and of one user. At once as many as
   * may be held, and ten seconds' worth. Beyond: `RATE_LIMITED`.
   */
  readonly maxEntriesPerSecond?: number
  readonly maxEntriesPerKeyPerSecond?: number
  readonly maxEntriesPerUserPerSecond?: number
  /** Origins of web pages that may connect, such as `https://charts.example`, or `*`. See limits.ts for the default. */
  readonly allowedOrigins?: ReadonlyArray<string>
  /** Addresses and networks (`10.0.0.0/8`) of proxies whose X-Forwarded-For says which address a client has. */
  readonly trustedProxies?: ReadonlyArray<string>
  /** Serves `wss:` and `https:`. The files are read anew when they change. */
  readonly tls?: Tls
  /** How long the subscriptions of a connection that ended are kept for a client that resumes. */
  readonly resumeMs?: number
  /** Folder for them, so that they outlive the process; without it they do not. */
  readonly resumeFolder?: string
  /** The application's version, for /health. */
  readonly version?: string
}

type Optional = "allowedOrigins" | "resumeFolder" | "tls"
export type GatewaySettings = Required<Omit<GatewayOptions, Optional>> & Pick<GatewayOptions, Optional>

export const defaults: GatewaySettings = {
  host: "127.0.0.1",
  port: 8765,
  authGraceMs: 15_000,
  maxMessageBytes: 1024 * 1024,
  slowMarkBytes: 256 * 1024,
  historyFrames: 2000,
  statusBytes: 256 * 1024,
  maxLagMs: 60_000,
  maxBackpressureBytes: 16 * 1024 * 1024,
  pingIntervalMs: 20_000,
  pongTimeoutMs: 20_000,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 5000,
  maxLoggingIn: 64,
  maxHandshakes: 5000,
  reservedDescriptors: 128,
  maxRequestsPerSecond: 100,
  maxConnectionsPerKey: 1000,
  maxConnectionsPerUser: 2000,
  maxFailedKeys: 10,
  maxFailedKeysInAll: 100,
  maxLoginsPerSecond: 2,
  maxLoginsPerKeyPerSecond: 50,
  maxMessagesPerSecond: 2000,
  maxBytesPerSecond: 8 * 1024 * 1024,
  maxMessagesPerKeyPerSecond: 20_000,
  maxMessagesPerUserPerSecond: 40_000,
  maxWaitingBytes: 64 * 1024 * 1024,
  maxSearchesPerSecond: 10,
  maxSubscriptions: 10_000,
  maxSubscriptionsPerKey: 100_000,
  maxSubscriptionsPerUser: 120_000,
  maxSpellings: 4,
  maxSpellingsPerUser: 16,
  maxEntries: 20_000,
  maxEntriesPerSecond: 5000,
  maxEntriesPerKeyPerSecond: 20_000,
  maxEntriesPerUserPerSecond: 40_000,
  trustedProxies: [],
  resumeMs: 300_000,
  version: "unknown"
}
