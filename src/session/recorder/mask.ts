/**
 * Keeps tokens out of files. Wire frames are market data, but a login's answer may repeat what was sent. So this
 * masks texts that come before the first request, and texts that the decoder could not read.
 */

/** A signed token: three parts, the first of which begins like every JSON object in base64. */
const JWT = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g

/** A long value under a name that suggests a secret. An instrument's token is shorter. */
const NAMED =
  /("(?:[^"\\]*(?:token|secret|passw|session|auth|jwt|cookie|api_?key|sid)[^"\\]*)"\s*:\s*")([^"\\]{16,})(")/gi

/** The same in `name=value` texts: queries and headers. */
const ASSIGNED =
  /\b((?:access_?)?token|secret|password|session(?:_?id)?|auth(?:orization)?|api_?key)=([^&\s"]{8,})/gi

/** Keeps the length, so that byte counts stay right. */
const stars = (text: string): string => "*".repeat(text.length)

export const maskSecrets = (text: string): string =>
  text
    .replace(JWT, stars)
    .replace(NAMED, (_, before: string, value: string, after: string) => before + stars(value) + after)
    .replace(ASSIGNED, (_, name: string, value: string) => `${name}=${stars(value)}`)
