/** Reads a JSON web token's claims. Nothing is verified: the broker does that. */
import { isObject, parseJson } from "./text.ts"

const CHUNK = /^[\w-]+$/

/** The claims of a token, or undefined if it is no token. */
export const claimsOf = (token: string): Readonly<Record<string, unknown>> | undefined => {
  const payload = token.split(".")[1]
  if (payload === undefined || !CHUNK.test(payload)) return undefined
  let binary: string
  try {
    binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"))
  } catch {
    return undefined
  }
  const claims = parseJson(new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))))
  return isObject(claims) ? claims : undefined
}

const base64url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")

/** A token with these claims and a signature that cannot be verified: for the simulator's logins. */
export const unsignedToken = (claims: Readonly<Record<string, unknown>>): string =>
  `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify(claims))}.simulated`
