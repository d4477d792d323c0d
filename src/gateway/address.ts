/** Who is at the other end of a connection, as far as limits are concerned: a name for what counts as one address. */
import { isIP } from "node:net"
import type * as uWS from "uWebSockets.js"

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255

/**
 * An IPv4 address, or the /64 network of an IPv6 one: its host may use up a whole one at will.
 * @param bytes of the address: 4, 16, or none when it is not known any more
 */
export const addressOf = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join(".")
  if (bytes.length !== 16) return "unknown"
  if (isMapped(bytes)) return bytes.subarray(12).join(".")
  const groups = [0, 2, 4, 6].map((at) => ((bytes[at]! << 8) | bytes[at + 1]!).toString(16))
  return `${groups.join(":")}::/64`
}

/** The last address that a proxy added to X-Forwarded-For, as text; what clients put in front is theirs to invent. */
const forwardedFor = (header: string): string | undefined =>
  header
    .split(",")
    .at(-1)
    ?.trim()
    .replace(/^\[?([0-9a-fA-F.:]+?)\]?(?::\d+)?$/, "$1")

/** The same name for an address in text as for its bytes. */
const addressOfText = (text: string): string | undefined => {
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(text)
  if (v4 !== null) return v4[1]!
  if (isIP(text) !== 6) return undefined
  const [head = "", tail] = text.split("::")
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0")
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
  return addressOf(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])))
}

/**
 * The address that an HTTP request, or an upgrade, counts for.
 * @param trustedProxies addresses whose X-Forwarded-For is believed
 */
export const requestAddress = (
  res: uWS.HttpResponse,
  req: uWS.HttpRequest,
  trustedProxies: ReadonlyArray<string>
): string => {
  const address = addressOf(new Uint8Array(res.getRemoteAddress()))
  if (!trustedProxies.includes(address)) return address
  const forwarded = forwardedFor(req.getHeader("x-forwarded-for"))
  return (forwarded === undefined ? undefined : addressOfText(forwarded)) ?? address
}
