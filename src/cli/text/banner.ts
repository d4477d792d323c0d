/** What the demo prints when it is ready: where it is, its key, and clients to paste. */
import * as Redacted from "effect/Redacted"
import { DEMO_USER } from "../demo/demoFolder.ts"

export interface Banner {
  readonly url: string
  readonly broker: string
  readonly dataDir: string
  readonly key: Redacted.Redacted<string>
  /** Another key holds, too. */
  readonly keyFromEnvironment: boolean
  readonly simulator: { readonly pid: number; readonly endpoint: string; readonly restart: string }
  readonly zmq: string | undefined
}

const SYMBOLS = `[{"symbol":"RELIANCE","exchange":"NSE"},{"symbol":"NIFTY","exchange":"NSE_INDEX"}]`

const javascript = (
  url: string,
  key: string
) => `// ticks.mjs: run with Node 22 or later ("npx node ticks.mjs" in this folder), or paste into a browser's console
const ws = new WebSocket("${url}")
ws.onopen = () => {
  ws.send(JSON.stringify({ action: "authenticate", api_key: "${key}" }))
  ws.send(JSON.stringify({ action: "subscribe", mode: "Quote", symbols: ${SYMBOLS} }))
}
ws.onmessage = (message) => console.log(message.data)
ws.onclose = (event) => console.log("closed", event.code, event.reason)`

const python = (url: string, key: string) => `# ticks.py: pip install websocket-client
import json, websocket
ws = websocket.create_connection("${url}")
ws.send(json.dumps({"action": "authenticate", "api_key": "${key}"}))
ws.send(json.dumps({"action": "subscribe", "mode": "Quote", "symbols": ${SYMBOLS}}))
while True:
    print(ws.recv())`

export const render = (banner: Banner): string => {
  const key = Redacted.value(banner.key)
  const rule = "-".repeat(78)
  return [
    rule,
    `AlgoWays serves ${banner.url}  (HTTP: /health, /metrics)`,
    "This is the demo: a SIMULATED market, its prices are invented.",
    `Broker: ${banner.broker}, simulated at ${banner.simulator.endpoint} (pid ${banner.simulator.pid})`,
    `  kill it and start it again: ${banner.simulator.restart}`,
    `Data folder of the demo: ${banner.dataDir}`,
    ...(banner.zmq === undefined ? [] : [`ZeroMQ: ${banner.zmq}`]),
    "",
    `API key of user "${DEMO_USER}"${banner.keyFromEnvironment ? " (the one in ALGOWAYS_DEMO_API_KEY holds, too)" : ""}:`,
    "",
    `  ${key}`,
    "",
    "JavaScript:",
    "",
    javascript(banner.url, key),
    "",
    "Python:",
    "",
    python(banner.url, key),
    rule
  ].join("\n")
}
