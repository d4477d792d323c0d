/**
 * The wire facts of Motilal Oswal's broadcast that both of its sides share. Little-endian, nothing is padded.
 * Source: Motilal Oswal's official Python SDK (MOFSLOPENAPI 3.0).
 */
import { INDIA_OFFSET_SECONDS } from "../../kit/indiaTime.ts"

/** A message is so many packets one after the other. Any other length is not market data. */
export const PACKET_SIZE = 30

/** In every packet: exchange (one letter), scrip or index code, time, kind (one letter), body. */
export const CODE_AT = 1
export const TIME_AT = 5
export const KIND_AT = 9
export const BODY_AT = 10

const letter = (text: string): number => text.charCodeAt(0)

/** The kinds of packets. The book comes as one packet a level: B is the best one, F the fifth. */
export const LTP = letter("A")
export const BEST_LEVEL = letter("B")
export const LAST_LEVEL = letter("F")
export const OHLC = letter("G")
export const CIRCUITS = letter("W")
export const OPEN_INTEREST = letter("m")
export const INDEX = letter("H")
export const HEARTBEAT = letter("1")
export const LEVELS = LAST_LEVEL - BEST_LEVEL + 1

/** Requests begin with one of these; a login after a lost connection may be marked as such. */
export const LOGIN = letter("Q")
export const LOGIN_AGAIN = letter("q")
export const REGISTER = letter("D")
export const LOGIN_SIZE = 114
export const REGISTER_SIZE = 10

/** The answer to a heartbeat: its letter and a length of 0. */
export const HEARTBEAT_ANSWER: ReadonlyArray<number> = [HEARTBEAT, 0, 0]

/** Times count seconds of India's wall clock since 1980-01-01 00:00 there. */
export const EPOCH_SECONDS = 315_532_800 - INDIA_OFFSET_SECONDS

/** Codes are signed 32-bit on the wire. */
export const MAX_CODE = 0x7fff_ffff

/** Currency is printed with four decimals, everything else with two. */
const CURRENCY = letter("C")
export const scaleOf = (exchange: number): number => (exchange === CURRENCY ? 10_000 : 100)

/**
 * Codes that are indices whatever the kind of packet: what the SDK's rule for NSE and the index files of NSE and BSE
 * hold. Index packets need no such rule.
 */
export const isIndexCode = (code: number): boolean =>
  (code >= 888_800 && code <= 888_899) || (code >= 999_900 && code <= 999_999)

/** Where an instrument lives: the packets' letter, and the registrations' letter of its segment. */
export interface Place {
  readonly exchange: number
  /** `C` cash or `D` derivatives; of an index, which is not registered, `I`. */
  readonly type: number
  readonly isIndex: boolean
}

const CODE = /^([A-Z])([CDI])$/

/** Reads a segment code of the broker's data: `NC`, `ND`, `NI`, ... */
export const placeOf = (code: string): Place | undefined => {
  const parts = CODE.exec(code)
  if (parts === null) return undefined
  const type = letter(parts[2]!)
  return { exchange: letter(parts[1]!), type, isIndex: parts[2] === "I" }
}
