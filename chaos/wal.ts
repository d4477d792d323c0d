/** SQLite's write-ahead log as a file: which transactions it holds, and where each ends (https://www.sqlite.org/fileformat2.html#walformat). */
const HEADER = 32
const FRAME_HEADER = 24
/** Where the wal-index says how far a checkpoint has got (https://www.sqlite.org/walformat.html). */
const CHECKPOINTED_AT = 96
const ATTEMPTED_AT = 128

export interface Wal {
  /** Offset of the end of each transaction's last frame, ascending. */
  readonly commits: ReadonlyArray<number>
  /** What lies before this was made durable before the database itself was touched. */
  readonly safe: number
}

/** @param shm the wal-index beside it, if there is one */
export const readWal = (wal: Buffer, shm: Buffer | undefined): Wal => {
  const commits: Array<number> = []
  if (wal.length < HEADER) return { commits, safe: 0 }
  const frame = FRAME_HEADER + wal.readUInt32BE(8)
  const salts = wal.subarray(16, 24)
  for (let at = HEADER; at + frame <= wal.length; at += frame) {
    // A frame of an earlier round, which nobody has overwritten yet.
    if (!wal.subarray(at + 8, at + 16).equals(salts)) break
    if (wal.readUInt32BE(at + 4) !== 0) commits.push(at + frame)
  }
  const copied =
    shm === undefined || shm.length < ATTEMPTED_AT + 4
      ? 0
      : Math.max(shm.readUInt32LE(CHECKPOINTED_AT), shm.readUInt32LE(ATTEMPTED_AT))
  return { commits, safe: HEADER + copied * frame }
}
