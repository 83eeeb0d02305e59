// Trouble outside, translated once: what went wrong with the database, in words that an operator can act on.

export type TroubleKind =
  | 'locked'
  | 'full'
  | 'database-full'
  | 'io'
  | 'corrupt'
  | 'newer'
  | 'older'
  | 'stale'
  | 'clock'
  | 'foreign'
  | 'key'
  | 'permission'
  | 'unavailable'
  | 'unsafe'

/** `fatal` trouble means that this process must not go on: the outcome of its last commit is unknown or its file is damaged. */
export class StoreTrouble extends Error {
  readonly kind: TroubleKind
  readonly fatal: boolean
  /** `unknown`: it came while a commit was under way, and only a repeat with the same token tells whether it happened. */
  readonly outcome: 'unknown' | undefined
  constructor(kind: TroubleKind, message: string, options: { fatal: boolean; cause?: unknown; outcome?: 'unknown' }) {
    super(message, { cause: options.cause })
    this.name = 'StoreTrouble'
    this.kind = kind
    this.fatal = options.fatal
    this.outcome = options.outcome
  }
}

const sqliteCodes: Record<number, { kind: TroubleKind; fatal: boolean; message: string }> = {
  5: { kind: 'locked', fatal: false, message: 'the database is locked by another process' },
  6: { kind: 'locked', fatal: false, message: 'the database is locked by another process' },
  8: { kind: 'permission', fatal: false, message: 'the database may not be written by this user' },
  10: { kind: 'io', fatal: true, message: 'the database could not be read or written (I/O error)' },
  11: { kind: 'corrupt', fatal: true, message: 'the database file is damaged; restore a backup' },
  13: { kind: 'full', fatal: false, message: 'the disk is full' },
  14: { kind: 'permission', fatal: false, message: 'the database file cannot be opened' },
  26: { kind: 'foreign', fatal: true, message: 'the file is not a database, or it is damaged' },
}

/** The StoreTrouble behind an error of the SQLite driver; undefined for anything else (such as a failed constraint, which is our bug). */
export function troubleOf(error: unknown): StoreTrouble | undefined {
  if (error instanceof StoreTrouble) return error
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  // The extended code carries the primary one in its low byte (https://sqlite.org/rescode.html).
  const known = sqliteCodes[error.errcode & 0xff]
  if (!known) return undefined
  return new StoreTrouble(known.kind, `${known.message} (${error.message})`, { fatal: known.fatal, cause: error })
}
