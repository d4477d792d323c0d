/** How a connection to IIFL Capital's broker is asked for. The user session is the only credential. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ConnectionRefused } from "../../market/errors.ts"
import { claimsOf } from "../kit/jwt.ts"
import type { Handshake, LoginContext } from "../protocol.ts"
import { reveal } from "../kit/text.ts"
import { usualRefusal } from "../kit/refusal.ts"
import { packetBytes } from "./packets.ts"

/** Seconds. Without a packet for one and a half of it the broker drops the connection. */
const KEEP_ALIVE = 20

/** The user's name, as it is in the user session. */
export const usernameIn = (userSession: string): string | undefined => {
  const name = claimsOf(userSession)?.["preferred_username"]
  return typeof name === "string" && name !== "" ? name : undefined
}

export const passwordOf = (userSession: string): string => `OPENID~~${userSession}~`

export const handshake = ({ credentials, endpoint, random }: LoginContext): Handshake | ConnectionFailure => {
  const userSession = reveal(credentials.authToken)
  const username = usernameIn(userSession)
  if (username === undefined) {
    return new AuthRejected({ detail: "the user session is no token with a preferred_username" })
  }
  // A second connection of the same id would end this one.
  const id = Array.from(random.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("")
  return {
    url: endpoint,
    headers: {},
    ...(endpoint.startsWith("ws") ? { subprotocols: ["mqtt"] } : {}),
    secrets: { clientId: `algoways${id}`, username, password: passwordOf(userSession) }
  }
}

export const connectPacket = ({
  clientId = "",
  password = "",
  username = ""
}: NonNullable<Handshake["secrets"]>) =>
  packetBytes({
    cmd: "connect",
    clientId,
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: KEEP_ALIVE,
    username,
    password: Buffer.from(password)
  })

const reasons: Readonly<Record<number, string>> = {
  1: "unacceptable protocol version",
  2: "client id rejected",
  3: "server unavailable",
  4: "bad user name or password",
  5: "not authorised"
}

/** 4 and 5 mean a user session that is wrong or has ended; the others may pass. */
export const connackFailure = (code: number): ConnectionFailure => {
  const detail = `CONNACK ${code}: ${reasons[code] ?? "unknown"}`
  return code === 4 || code === 5 ? new AuthRejected({ detail }) : new ConnectionRefused({ detail })
}

/** Of an upgrade, where the endpoint is a WebSocket. */
export const refusal = usualRefusal()
