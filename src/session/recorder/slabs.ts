/**
 * Records in the order in which they came, packed into slabs of bytes.
 *
 * Why copied: a WebSocket message is a slice of the read it came in, so that keeping one by reference keeps its
 * neighbours, and ten thousand buffers a second are work for the garbage collector for as long as they are kept. A slab
 * costs one copy per record and is given back whole.
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
  /** Somebody still reads it: it may be let go, but not be written over. */
  lent: boolean
}

export interface SlabRecord {
  readonly kind: number
  readonly at: number
  /** Valid as long as its slab is not written over. */
  readonly payload: Buffer
}

export const makeSlab = (size: number): Slab => {
  const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, size))
  return { bytes, view: new DataView(bytes.buffer), end: 0, heardAt: 0, lent: false }
}

/** Where the next record of so many payload bytes goes; undefined when the slab has no room for it. */
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

/** Must have room. */
export const appendBytes = (slab: Slab, kind: number, at: number, payload: Uint8Array): void => {
  slab.bytes.set(payload, begin(slab, kind, at, payload.length))
}

/** Must have room for three bytes per character, or for the exact size in UTF-8. */
export const appendText = (slab: Slab, kind: number, at: number, text: string): void => {
  const length = slab.bytes.write(text, slab.end + HEAD)
  begin(slab, kind, at, length)
}

/** @param end as it was when the slab was looked at: later records are not shown */
export function* recordsOf(slab: Slab, end: number): Generator<SlabRecord> {
  for (let at = 0; at < end; at = after(slab, at)) yield recordAt(slab, at)
}

/** The same for the tick path: a record is made of what is wanted alone. */
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
