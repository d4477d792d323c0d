/**
 * The login of Fyers' depth socket: its address comes from the REST front, the access token goes into the upgrade
 * request.
 */
import { accessToken, authorization, expired } from "../fyers-hsm/handshake.ts"
import type { HttpAnswer, Login, LoginContext } from "../protocol.ts"
import { isObject, parseObject } from "../kit/text.ts"

export function* handshake({
  credentials,
  endpoint,
  now,
  services
}: Pick<LoginContext, "credentials" | "endpoint" | "now" | "services">): Login {
  const failure = expired(accessToken(credentials), now)
  if (failure !== undefined) return failure
  const headers = { authorization: authorization(credentials) }
  const front = services["tbt"]
  if (front === undefined) return { url: endpoint, headers }
  const answer = yield { method: "GET", url: `${front}/tbtws`, headers, optional: true }
  return { url: socketUrl(answer, endpoint) ?? endpoint, headers }
}

/** Undefined where the answer has none, or one that is less protected than the address that is known. */
const socketUrl = ({ body, status }: HttpAnswer, endpoint: string): string | undefined => {
  if (status !== 200) return undefined
  const data = parseObject(body)?.["data"]
  const url = isObject(data) ? data["socket_url"] : undefined
  if (typeof url !== "string" || !URL.canParse(url)) return undefined
  const plain = endpoint.startsWith("ws:") && url.startsWith("ws://")
  return plain || url.startsWith("wss://") ? url : undefined
}
