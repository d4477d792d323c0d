/**
 * The broker's side of the login: socket tokens as NATS knows them, JWTs of an account over a user's public key. The
 * account's key comes out of the access token, so that a socket token is good for as long as that is accepted.
 */
import { Prefix, fromPublic } from "@nats-io/nkeys"
import type { KeyPair } from "@nats-io/nkeys"
import type { Credentials } from "../../market/credentials.ts"
import type { HttpAnswer } from "../protocol.ts"
import type { ServedRequest, ServerHttpContext } from "../serverProtocol.ts"
import { parseObject, reveal } from "../kit/text.ts"
import { TOKEN_PATH } from "./login.ts"
import { bytesOf } from "./nats.ts"
import { base64Url, fromBase64, keyPairOf } from "./nkey.ts"

const accountOf = (accepted: Credentials): KeyPair => {
  const seed = new Uint8Array(32)
  for (const [i, byte] of bytesOf(reveal(accepted.authToken)).entries()) {
    seed[i % 32] = (31 * seed[i % 32]! + byte) & 0xff
  }
  return keyPairOf(Prefix.Account, seed)
}

const json = (value: unknown): string => base64Url(bytesOf(JSON.stringify(value)))

const socketToken = (account: KeyPair, user: string): string => {
  const claims = {
    sub: user,
    iss: account.getPublicKey(),
    name: user,
    nats: { pub: {}, sub: {}, type: "user", version: 2 }
  }
  const signed = `${json({ typ: "JWT", alg: "ed25519-nkey" })}.${json(claims)}`
  return `${signed}.${base64Url(account.sign(bytesOf(signed)))}`
}

/** The user whom a socket token is for; undefined when it was not signed by this account. */
const userIn = (account: KeyPair, token: string): KeyPair | undefined => {
  const [header = "", claims = "", signature = ""] = token.split(".")
  const signatureBytes = fromBase64(signature)
  const claimsBytes = fromBase64(claims)
  if (signatureBytes === undefined || claimsBytes === undefined) return undefined
  try {
    if (!account.verify(bytesOf(`${header}.${claims}`), signatureBytes)) return undefined
    const subject = parseObject(new TextDecoder().decode(claimsBytes))?.["sub"]
    return typeof subject === "string" ? fromPublic(subject) : undefined
  } catch {
    // The library throws on keys and signatures of a wrong length.
    return undefined
  }
}

/** Whether a CONNECT proves that it comes from the user whom its token is for. */
export const proves = (accepted: Credentials, connect: string, nonce: string): boolean => {
  const { jwt, nkey, sig } = parseObject(connect) ?? {}
  if (typeof jwt !== "string" || typeof sig !== "string") return false
  const user = userIn(accountOf(accepted), jwt)
  const signature = fromBase64(sig)
  if (user === undefined || signature === undefined) return false
  // The key may be said once more beside the token.
  if (nkey !== undefined && nkey !== user.getPublicKey()) return false
  try {
    return user.verify(bytesOf(nonce), signature)
  } catch {
    return false
  }
}

const answer = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body)
})

const failure = (status: number, code: string, message: string): HttpAnswer =>
  answer(status, { status: "FAILURE", error: { code, message, metadata: null } })

/** Serves `POST .../socket/token/create/`. The codes of Groww's errors are UNCONFIRMED. */
export const http = (
  { body, headers, method, url }: ServedRequest,
  { accepted }: Pick<ServerHttpContext, "accepted">
): HttpAnswer | undefined => {
  if (url.split("?")[0] !== TOKEN_PATH) return undefined
  if (method !== "POST") return failure(405, "GA002", "Method not allowed")
  if (headers["authorization"] !== `Bearer ${reveal(accepted.authToken)}`) {
    return failure(401, "GA005", "Authentication failed or the token has expired")
  }
  const key = parseObject(body)?.["socketKey"]
  if (typeof key !== "string" || !isUser(key)) return failure(400, "GA001", "socketKey is no public key")
  return answer(200, { token: socketToken(accountOf(accepted), key), subscriptionId: "simulated" })
}

const isUser = (key: string): boolean => {
  try {
    fromPublic(key)
    return key.startsWith("U")
  } catch {
    return false
  }
}
