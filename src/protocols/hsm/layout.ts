/**
 * HyperSync's market-data feed ("HSM") as far as Fyers' and Kotak's versions of it agree. Binary, big-endian.
 * Source: the official SDKs of both brokers.
 */

/** Types of messages, both ways. */
export const CONNECTION = 1
export const ACKNOWLEDGEMENT = 3
export const SUBSCRIBE = 4
export const UNSUBSCRIBE = 5
export const DATA = 6
export const PAUSE = 7
export const RESUME = 8
export const SNAPSHOT_REQUEST = 9
export const OPTION_CHAIN = 10
export const PING = 11
export const MODE = 12

/** Of an answer: `K` or `N`. */
export const OK = 0x4b
export const REFUSED = 0x4e

/** First byte of a record in a data message. */
export const SNAPSHOT = 83
export const UPDATE = 85
export const LITE = 76

/** A value that is not known (in a snapshot) or has not changed (in an update). */
export const NO_VALUE = -0x8000_0000

/** Length and type. */
export const HEAD_SIZE = 3

/** The prefix of a topic's name: the quote of a tradable, its book of five levels, an index. */
export type Kind = "sf" | "dp" | "if"

export const kinds: ReadonlyArray<Kind> = ["if", "sf", "dp"]

export const LEVELS = 5

const POWERS = [1, 10, 100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9]

/** What a topic's raw prices are divided by; 0 where the two numbers make no sense. */
export const divisorOf = (multiplier: number, precision: number): number =>
  multiplier > 0 ? multiplier * (POWERS[precision] ?? 0) : 0
