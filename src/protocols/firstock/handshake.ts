/** How a Firstock connection is asked for, and how the answer "no" is understood. */
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { firstockOptions } from "./options.ts"

export const handshake = ({ credentials, endpoint, options }: LoginContext): Handshake => {
  const { origin, source } = firstockOptions(options)
  const query = [
    `userId=${encodeURIComponent(reveal(credentials.clientCode))}`,
    `jKey=${encodeURIComponent(reveal(credentials.authToken))}`,
    `source=${encodeURIComponent(source)}`
  ].join("&")
  return {
    // By hand: an endpoint that is no URL is the transport's to report, and a codec does not throw.
    url: `${endpoint}${endpoint.includes("?") ? "&" : "?"}${query}`,
    headers: origin === "" ? {} : { origin }
  }
}

/** A wrong login is usually told in the first frame; these are for whatever stands in front of the server. */
export const refusal = usualRefusal()
