/** The gateway's settings and their defaults. */

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
  /** A reader that lags for so long without ever catching up is closed with 4408. */
  readonly maxLagMs?: number
  /** What may wait in one reader's socket before it is closed with 4408: the last resort. */
  readonly maxBackpressureBytes?: number
  /** How often clients are pinged; one that stays silent for three pings is closed. */
  readonly pingIntervalMs?: number
  /** The application's version, for /health. */
  readonly version?: string
}

export type GatewaySettings = Required<GatewayOptions>

export const defaults: GatewaySettings = {
  host: "127.0.0.1",
  port: 8765,
  authGraceMs: 15_000,
  maxMessageBytes: 1024 * 1024,
  slowMarkBytes: 256 * 1024,
  historyFrames: 2000,
  maxLagMs: 60_000,
  maxBackpressureBytes: 16 * 1024 * 1024,
  pingIntervalMs: 20_000,
  version: "unknown"
}
