/** Kotak's configuration service, for the simulator: it needs no login, and names the feed of every data centre. */
import type { HttpAnswer } from "../protocol.ts"
import type { ServedRequest, ServerHttpContext } from "../serverProtocol.ts"
import { CONFIGURATION_PATH } from "./address.ts"

/** By source, as OpenAlgo saw them on 7 September 2026. */
const DATA_CENTERS: Readonly<Record<string, ReadonlyArray<string>>> = {
  sh: ["E21", "E22", "E25", "E41", "E43", "E201"],
  ks: ["E210", "E220", "E410", "E430"]
}

/** Serves `GET /5config/config`. */
export const http = (
  { method, url }: ServedRequest,
  { endpoint }: Pick<ServerHttpContext, "endpoint">
): HttpAnswer | undefined => {
  if (method !== "GET" || url.split("?")[0] !== CONFIGURATION_PATH) return undefined
  const page = endpoint.replace(/^ws/, "http")
  const configs = Object.entries(DATA_CENTERS).flatMap(([source, names]) =>
    names.flatMap((name) => [
      [`${name}_broadcast_source`, source],
      [`${name}_${source}_broadcast_endpoint`, page]
    ])
  )
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data: { configs: Object.fromEntries(configs) } })
  }
}
