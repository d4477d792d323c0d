/** Who is at the other end of a connection, as far as limits are concerned: a name for what counts as one address. */
import { BlockList, isIP } from "node:net"
import type * as uWS from "uWebSockets.js"

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255

/** All of 127.0.0.0/8 and ::1 are this machine: whoever is on it may come from any of them. */
const THIS_MACHINE = "127.0.0.1"

/** The bytes as one text for one address, IPv6 without any short forms; undefined when it is not known any more. */
const textOf = (bytes: Uint8Array): string | undefined => {
  if (bytes.length === 4) return bytes.join(".")
  if (bytes.length !== 16) return undefined
  if (isMapped(bytes)) return bytes.subarray(12).join(".")
  return Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(
    ":"
  )
}

/** What such a text counts as: an IPv4 address, or the /64 network of an IPv6 one, since its host may use all of it. */
const counted = (text: string): string => {
  if (!text.includes(":")) return text.startsWith("127.") ? THIS_MACHINE : text
  return text === "0:0:0:0:0:0:0:1" ? THIS_MACHINE : `${text.split(":").slice(0, 4).join(":")}::/64`
}

/**
 * An IPv4 address, or the /64 network of an IPv6 one.
 * @param bytes of the address: 4, 16, or none when it is not known any more
 */
export const addressOf = (bytes: Uint8Array): string => {
  const text = textOf(bytes)
  return text === undefined ? "unknown" : counted(text)
}

const groupsOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(":"))

/** The same text for an address, however it was written; undefined for what is none. */
const canonical = (written: string): string | undefined => {
  const [text = ""] = written.split("%")
  if (isIP(text) === 4) return text
  if (isIP(text) !== 6) return undefined
  // The last 32 bits may be written as an IPv4 address.
  const v4 = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const hex = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16)
  const plain = v4 === null ? text : `${v4[1]}${hex(v4[2]!, v4[3]!)}:${hex(v4[4]!, v4[5]!)}`
  const [head = "", tail] = plain.split("::")
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0")
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
  return textOf(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])))
}

/** An entry of X-Forwarded-For: an address, also in brackets, also with a port behind it. */
const forwarded = (entry: string): string | undefined => {
  const text = entry.trim().replace(/^"(.*)"$/, "$1")
  const host = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1]
  return canonical(host ?? text)
}

/** More proxies than this stand in no line: what is further left is not looked at. */
const LONGEST_LINE = 20

/** The proxies whose X-Forwarded-For is believed. */
export class TrustedProxies {
  readonly #known = new BlockList()
  readonly #any: boolean

  /** @param written addresses and networks (`10.0.0.0/8`). @throws TypeError for what is neither */
  constructor(written: ReadonlyArray<string>) {
    this.#any = written.length > 0
    for (const one of written) {
      const [address = "", bits] = one.split("/")
      const text = canonical(address)
      const family = text?.includes(":") === true ? "ipv6" : "ipv4"
      const most = family === "ipv6" ? 128 : 32
      if (text === undefined || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) {
        throw new TypeError(`"${one}" is neither an address nor a network such as 10.0.0.0/8`)
      }
      if (bits === undefined) this.#known.addAddress(text, family)
      else this.#known.addSubnet(text, Number(bits), family)
    }
  }

  trusts(remote: Uint8Array): boolean {
    const text = textOf(remote)
    return this.#any && text !== undefined && this.#trusts(text)
  }

  #trusts(text: string): boolean {
    return this.#known.check(text, text.includes(":") ? "ipv6" : "ipv4")
  }

  /**
   * What a connection counts for: its own address, or, as long as that is a trusted proxy, the one that this proxy got it from.
   * What clients write into the header themselves stands left of that.
   *
   * @param header all X-Forwarded-For lines, joined by commas
   */
  clientOf(remote: Uint8Array, header: () => string): string {
    let text = textOf(remote)
    if (text === undefined) return "unknown"
    if (!this.#any || !this.#trusts(text)) return counted(text)
    for (const entry of header().split(",").slice(-LONGEST_LINE).reverse()) {
      const before = forwarded(entry)
      // A proxy that names nobody stands for its clients itself.
      if (before === undefined) break
      text = before
      if (!this.#trusts(text)) break
    }
    return counted(text)
  }
}

/** Every line of the header: some proxies add one of their own behind that of the client. */
const forwardedLines = (req: uWS.HttpRequest): string => {
  const lines: Array<string> = []
  req.forEach((name, value) => {
    if (name === "x-forwarded-for") lines.push(value)
  })
  return lines.join(",")
}

/** The address that an HTTP request, or an upgrade, counts for. */
export const requestAddress = (
  res: uWS.HttpResponse,
  req: uWS.HttpRequest,
  proxies: TrustedProxies
): string => proxies.clientOf(new Uint8Array(res.getRemoteAddress()), () => forwardedLines(req))
