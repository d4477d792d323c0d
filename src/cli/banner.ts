/** What `algoways serve` prints when it is ready: where it is, the demo key (once), and clients to paste. */
import * as Redacted from "effect/Redacted"
import { DEMO_USER } from "./demo.ts"

export interface Banner {
  readonly url: string
  readonly broker: string
  /** Shown when it was made just now. */
  readonly newKey: Redacted.Redacted<string> | undefined
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

const keyLines = ({ keyFromEnvironment, newKey }: Banner): ReadonlyArray<string> => {
  if (newKey !== undefined) {
    return [
      `API key of user "${DEMO_USER}" (shown only now; only a hash of it is stored):`,
      "",
      `  ${Redacted.value(newKey)}`
    ]
  }
  if (keyFromEnvironment) return [`User "${DEMO_USER}" logs in with the key in ALGOWAYS_DEMO_API_KEY.`]
  return [
    `User "${DEMO_USER}" exists; its key was shown when it was made. Another one: npx algoways keys create ${DEMO_USER}`
  ]
}

export const render = (banner: Banner): string => {
  const key = banner.newKey === undefined ? "YOUR_API_KEY" : Redacted.value(banner.newKey)
  const rule = "-".repeat(78)
  return [
    rule,
    `AlgoWays serves ${banner.url}  (HTTP: /health, /metrics)`,
    `Broker: ${banner.broker}, simulated at ${banner.simulator.endpoint} (pid ${banner.simulator.pid})`,
    `  kill it and start it again: ${banner.simulator.restart}`,
    ...(banner.zmq === undefined ? [] : [`ZeroMQ: ${banner.zmq}`]),
    "",
    ...keyLines(banner),
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
