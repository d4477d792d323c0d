/**
 * Writes numbers as JSON text straight into bytes.
 *
 * The text is the one that `JSON.stringify` gives, which is the shortest that reads back as the same double. A
 * price is scaled to an integer, and if dividing that integer again yields the very same double then its digits
 * are the price's digits: below 1e15 no two decimals share a double. Everything else (more than seven decimals,
 * huge or tiny magnitudes) goes through `String`.
 *
 * Digits are stored four at a time, through a DataView: a store of one byte costs as much as a store of eight. A store
 * may therefore run up to `SLACK` bytes beyond the text; what follows is written over it. They come in pairs from a table
 * of 400 bytes: tables of four digits, 90 KB, are 5 % faster while ticks come without a pause and 15 % slower when they come a
 * few a millisecond, because by then they have left the cache (measured).
 */

/** The longest text of a double: `-1.2345678901234567e+100` and the like. */
export const MAX_NUMBER_LENGTH = 25

/** How far beyond its text a number's stores may reach. */
export const SLACK = 4

/** Up to here a scaled integer's digits are the digits of the double. */
const EXACT = 1e15
const INT32 = 2_147_483_648
const MINUS = 45
const ZERO = 48
const POINT = 46

const word = (text: string): number => {
  let value = 0
  for (let i = 0; i < 4; i++) value = (value << 8) | (i < text.length ? text.charCodeAt(i) : 0)
  return value
}

/** 0..99 as two digits, `07`, in the lower half of a word. */
const pairs = new Int32Array(100)
/** 0..99 hundredths with their point and without trailing zeros: `.4`, `.05`; nothing for 0. */
const hundredths = new Int32Array(100)
const hundredthsLength = new Uint8Array(100)
for (let i = 0; i < 100; i++) pairs[i] = word(`00${String(i).padStart(2, "0")}`)
for (let i = 1; i < 100; i++) {
  const text = String(i / 100).slice(1)
  hundredths[i] = word(text)
  hundredthsLength[i] = text.length
}

/** 0..9999 as four digits, `0042`, in a word. */
const padded = (n: number): number => {
  const high = (n / 100) | 0
  return (pairs[high]! << 16) | pairs[n - high * 100]!
}

/** Writes an integer in [0, 10^4). */
const writeUpTo4 = (out: DataView, at: number, n: number): number => {
  const length = n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : 4
  out.setInt32(at, padded(n) << ((4 - length) << 3))
  return at + length
}

/** Writes an integer in [0, 2^31). */
const writeSmall = (out: DataView, at: number, n: number): number => {
  if (n < 10_000) return writeUpTo4(out, at, n)
  const high = (n / 10_000) | 0
  const end = high < 10_000 ? writeUpTo4(out, at, high) : writeSmall(out, at, high)
  out.setInt32(end, padded(n - high * 10_000))
  return end + 4
}

/** Writes an integer in [0, 1e15). */
const writeDigits = (out: DataView, at: number, n: number): number => {
  if (n < INT32) return writeSmall(out, at, n | 0)
  // `| 0` wherever a value is known to fit: integer divisions by a constant are multiplications.
  const high = (n / 100_000_000) | 0
  const low = (n - high * 100_000_000) | 0
  const end = writeSmall(out, at, high)
  const lowHigh = (low / 10_000) | 0
  out.setInt32(end, padded(lowHigh))
  out.setInt32(end + 4, padded(low - lowHigh * 10_000))
  return end + 8
}

const writeText = (out: DataView, at: number, text: string): number => {
  for (let i = 0; i < text.length; i++) out.setUint8(at + i, text.charCodeAt(i))
  return at + text.length
}

/** `scaled / 100` for an integer in [0, 2^31). */
const writeHundredths = (out: DataView, at: number, scaled: number): number => {
  const whole = (scaled / 100) | 0
  const rest = scaled - whole * 100
  const end = writeSmall(out, at, whole)
  out.setInt32(end, hundredths[rest]!)
  return end + hundredthsLength[rest]!
}

/** The same for one below 1e15. */
const writeLargeHundredths = (out: DataView, at: number, scaled: number): number => {
  const whole = Math.floor(scaled / 100)
  const rest = (scaled - whole * 100) | 0
  const end = writeDigits(out, at, whole)
  out.setInt32(end, hundredths[rest]!)
  return end + hundredthsLength[rest]!
}

/** `scaled / divisor`, with four or eight decimals (a divisor of 10^4 or 10^8), trailing zeros cut. */
const writeFraction = (out: DataView, at: number, scaled: number, divisor: number): number => {
  const whole = Math.floor(scaled / divisor)
  let rest = (scaled - whole * divisor) | 0
  let end = writeDigits(out, at, whole)
  out.setUint8(end++, POINT)
  if (divisor === 100_000_000) {
    const high = (rest / 10_000) | 0
    out.setInt32(end, padded(high))
    end += 4
    rest -= high * 10_000
  }
  out.setInt32(end, padded(rest))
  end += 3
  while (out.getUint8(end) === ZERO) end--
  return end + 1
}

/**
 * Writes any finite number at `at` and returns the position behind it: at most `MAX_NUMBER_LENGTH` bytes, with
 * up to `SLACK` more used as scratch.
 *
 * It is one of several numbers: a number that is handed to a function is put on the heap first, unless it is a small
 * integer or the engine merges the two; one that lies in an array of doubles is not (measured: 300 bytes a depth tick).
 */
export const writeNumberOf = (out: DataView, at: number, values: Float64Array, which: number): number => {
  const value = values[which]!
  // Most numbers are quantities.
  const small = value | 0
  if (small === value && small >= 0) return writeSmall(out, at, small)
  let n = value
  let position = at
  if (n < 0) {
    out.setUint8(position++, MINUS)
    n = -n
  }
  if (n < EXACT) {
    const whole = Math.floor(n)
    if (whole === n) return writeDigits(out, position, n)
    let scaled = Math.round(n * 100)
    if (scaled < EXACT && scaled / 100 === n) {
      return scaled < INT32
        ? writeHundredths(out, position, scaled | 0)
        : writeLargeHundredths(out, position, scaled)
    }
    scaled = Math.round(n * 10_000)
    if (scaled < EXACT && scaled / 10_000 === n) return writeFraction(out, position, scaled, 10_000)
    scaled = Math.round(n * 100_000_000)
    // Below 1e-6 JavaScript writes an exponent.
    if (n >= 1e-6 && scaled < EXACT && scaled / 100_000_000 === n) {
      return writeFraction(out, position, scaled, 100_000_000)
    }
  }
  return writeText(out, at, String(value))
}

/** The power of ten that makes a price with up to eight decimals an integer; 0 when it has more. */
const scaleOf = (n: number): number => {
  if (Math.floor(n) === n) return 1
  if (Math.round(n * 100) / 100 === n) return 100
  if (Math.round(n * 10_000) / 10_000 === n) return 10_000
  return Math.round(n * 100_000_000) / 100_000_000 === n ? 100_000_000 : 0
}

/** Decimals beyond which a difference of two doubles of ordinary size is dust. */
const MOST_DECIMALS = 12

/**
 * `a - b` as a person would subtract the two prices: with the decimals that they have, and no binary dust
 * (100.3 - 100.1 is 0.2, not 0.20000000000000284).
 */
export const priceDifference = (a: number, b: number): number => {
  const scaleA = scaleOf(a)
  const scaleB = scaleOf(b)
  if (scaleA === 0 || scaleB === 0) return Number((a - b).toFixed(MOST_DECIMALS))
  const scale = scaleA > scaleB ? scaleA : scaleB
  return Math.round((a - b) * scale) / scale
}

/** Rounded to two decimals, half away from zero on both sides. */
export const twoDecimals = (n: number): number => (n < 0 ? -Math.round(-n * 100) : Math.round(n * 100)) / 100
