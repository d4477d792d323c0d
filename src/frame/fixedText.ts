/**
 * Short texts that are written over and over, such as keys: three doubles each, so that one store writes eight bytes.
 * A store costs the same whatever its width.
 */

/** The longest fixed text: whole doubles. A text's last store may reach so far beyond its start. */
export const TEXT_SIZE = 24

/** Up to 24 bytes. No text here is a NaN, which a store might change: that takes a first byte of 0x7f or 0xff. */
export interface Text {
  readonly first: number
  readonly second: number
  readonly third: number
  readonly length: number
}

/** @param content one byte a character */
export const fixed = (content: string): Text => {
  if (content.length > TEXT_SIZE)
    throw new Error(`${content} is too long for a fixed text: ${TEXT_SIZE} characters at most`)
  const padded = Buffer.alloc(TEXT_SIZE)
  padded.write(content, "latin1")
  return {
    first: padded.readDoubleBE(0),
    second: padded.readDoubleBE(8),
    third: padded.readDoubleBE(16),
    length: content.length
  }
}

/** Writes it, and scratch behind it; returns the position behind the text. */
export const put = (out: DataView, at: number, text: Text): number => {
  out.setFloat64(at, text.first)
  if (text.length > 8) {
    out.setFloat64(at + 8, text.second)
    if (text.length > 16) out.setFloat64(at + 16, text.third)
  }
  return at + text.length
}
