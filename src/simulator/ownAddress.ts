/**
 * Addresses as whoever asks can reach them. A simulator that listens at every address of its machine knows no name of it: the name by
 * which the request came is the one that holds for the requester, behind a mapped port too.
 */
import { isByteStream } from "./ports.ts"

/** `http://HOST` for a Host header; undefined where there is none or it is no host. */
export const originOf = (hostHeader: string | undefined): string | undefined => {
  if (hostHeader === undefined || /[^\w.:[\]-]/.test(hostHeader)) return undefined
  const origin = `http://${hostHeader}`
  return URL.canParse(origin) ? origin : undefined
}

/** The address with the host of `origin`. Byte streams have ports of their own and keep them. */
export const addressAt = (address: string, origin: string): string => {
  const own = new URL(address)
  const there = new URL(origin)
  return isByteStream(address)
    ? address.replace(own.hostname, there.hostname)
    : address.replace(own.host, there.host)
}
