/**
 * Records in arrival order, packed into slabs of bytes.
 *
 * Why copied: a WebSocket message is a slice of the read that it came in, so keeping one by reference keeps its
 * neighbours, and ten thousand buffers a second are work for the garbage collector for as long as they are kept. A
 * slab costs one copy per record and is released whole.
 *
 * A record: kind (1 byte), epoch milliseconds (8), length of its payload (4), payload.
 */
export const HEAD = 13
export const SLAB_BYTES = 64 * 1024

export interface Slab {
  readonly bytes: Buffer
  readonly view: DataView
  end: number
  /** When its last record came, by the clock of its ring. */
  heardAt: number
  /** A reader still uses it: it may be evicted, but not overwritten. */
  lent: boolean
}

export interface SlabRecord {
  readonly kind: number
  readonly at: number
  /** Valid until its slab is overwritten. */
  readonly payload: Buffer
}

export const makeSlab = (size: number): Slab => {
  const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, size))
  return { bytes, view: new DataView(bytes.buffer), end: 0, heardAt: 0, lent: false }
}

/** Where the next record with a payload of this size goes. Undefined if it does not fit. */
export const roomIn = (slab: Slab | undefined, payload: number): slab is Slab =>
  slab !== undefined && slab.end + HEAD + payload <= slab.bytes.length

const begin = (slab: Slab, kind: number, at: number, length: number): number => {
  const { end, view } = slab
  view.setUint8(end, kind)
  view.setFloat64(end + 1, at)
  view.setUint32(end + 9, length)
  slab.end = end + HEAD + length
  return end + HEAD
}

/** The slab must have room. */
export const appendBytes = (slab: Slab, kind: number, at: number, payload: Uint8Array): void => {
  slab.bytes.set(payload, begin(slab, kind, at, payload.length))
}

/** The slab must have room for three bytes per character, or for the exact size in UTF-8. */
export const appendText = (slab: Slab, kind: number, at: number, text: string): void => {
  const length = slab.bytes.write(text, slab.end + HEAD)
  begin(slab, kind, at, length)
}

/** @param end as it was when the slab was read first: later records are not shown */
export function* recordsOf(slab: Slab, end: number): Generator<SlabRecord> {
  for (let at = 0; at < end; at = after(slab, at)) yield recordAt(slab, at)
}

/** The same for the tick path: makes objects for wanted records only. */
export const pick = (
  slab: Slab,
  wanted: (kind: number) => boolean,
  act: (record: SlabRecord) => void
): void => {
  for (let at = 0; at < slab.end; at = after(slab, at)) {
    if (wanted(slab.view.getUint8(at))) act(recordAt(slab, at))
  }
}

const after = ({ view }: Slab, at: number): number => at + HEAD + view.getUint32(at + 9)

const recordAt = (slab: Slab, at: number): SlabRecord => ({
  kind: slab.view.getUint8(at),
  at: slab.view.getFloat64(at + 1),
  payload: slab.bytes.subarray(at + HEAD, after(slab, at))
})
