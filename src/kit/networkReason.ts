/** Why a server could not be reached, in words: the system's error codes say it to programmers alone. */

/** By the code of Node's and undici's errors. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "the server's name is not known; check the address and the network",
  EAI_AGAIN: "the server's name could not be looked up; check the network",
  ECONNREFUSED: "nothing answered at this address (connection refused)",
  ECONNRESET: "the server closed the connection; try again",
  ETIMEDOUT: "the server did not answer in time; check the network, and whether a firewall is in the way",
  EHOSTUNREACH: "there is no route to the server; check the network",
  ENETUNREACH: "there is no route to the server; check the network",
  UND_ERR_SOCKET: "the server closed the connection; try again",
  UND_ERR_CONNECT_TIMEOUT: "the server did not answer in time; check the network"
}

/** Undefined for a code that no words are known for. */
export const networkReason = (code: string): string | undefined =>
  Object.hasOwn(reasons, code) ? reasons[code] : undefined

/** The code with its words, such as `ENOTFOUND, the server's name is not known; ...`; or the code alone. */
export const explainedCode = (code: string): string => {
  const reason = networkReason(code)
  return reason === undefined ? code : `${code}, ${reason}`
}

/** Host and port of an address, which are all that may be shown of it: users, paths and queries hold secrets. */
export const hostOf = (url: string): string | undefined => {
  if (!URL.canParse(url)) return undefined
  const { host } = new URL(url)
  return host === "" ? undefined : host
}
