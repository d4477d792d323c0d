/**
 * Numbers in MessagePack as the library writes them: an integer in the smallest form, everything else as a double.
 *
 * Each of these writes at `at` and returns the position behind it.
 */

/** @param n a double that is no integer */
export const packDouble = (out: DataView, at: number, n: number): number => {
  out.setUint8(at, 0xcb)
  out.setFloat64(at + 1, n)
  return at + 9
}

/** @param n an integer in [0, 2^31), and never anything else: the compiler then knows it for one */
export const packSmall = (out: DataView, at: number, n: number): number => {
  if (n < 0x80) {
    out.setUint8(at, n)
    return at + 1
  }
  if (n < 0x100) {
    out.setUint16(at, 0xcc00 + n)
    return at + 2
  }
  if (n < 0x1_0000) {
    out.setUint8(at, 0xcd)
    out.setUint16(at + 1, n)
    return at + 3
  }
  out.setUint8(at, 0xce)
  out.setInt32(at + 1, n)
  return at + 5
}

/** @param n an integer in [0, 2^53) */
export const packInteger = (out: DataView, at: number, n: number): number => {
  if (n < 0x8000_0000) return packSmall(out, at, n | 0)
  if (n < 0x1_0000_0000) {
    out.setUint8(at, 0xce)
    out.setUint32(at + 1, n)
    return at + 5
  }
  const high = (n / 0x1_0000_0000) | 0
  out.setUint8(at, 0xcf)
  out.setInt32(at + 1, high)
  out.setUint32(at + 5, n - high * 0x1_0000_0000)
  return at + 9
}

/** @param n an integer in (-2^53, 0] */
export const packNegative = (out: DataView, at: number, n: number): number => {
  if (n >= -0x20) {
    out.setInt8(at, n)
    return at + 1
  }
  if (n >= -0x80) {
    out.setUint8(at, 0xd0)
    out.setInt8(at + 1, n)
    return at + 2
  }
  if (n >= -0x8000) {
    out.setUint8(at, 0xd1)
    out.setInt16(at + 1, n)
    return at + 3
  }
  if (n >= -0x8000_0000) {
    out.setUint8(at, 0xd2)
    out.setInt32(at + 1, n)
    return at + 5
  }
  const high = Math.floor(n / 0x1_0000_0000)
  out.setUint8(at, 0xd3)
  out.setInt32(at + 1, high)
  out.setUint32(at + 5, n - high * 0x1_0000_0000)
  return at + 9
}
