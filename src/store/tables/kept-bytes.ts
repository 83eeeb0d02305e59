// What is kept for good of what objects said, as far as it is much: counted by who has written it, and by the day.
import type { Sql } from '../sql.ts'
import { historyWrittenTable, nextDay, WrittenBytes } from './written-bytes.ts'

/** Of one version; what is shorter is not counted, since each request keeps about as much of itself, whatever it is. */
export const uncountedBytesMax = 4_096
/** Most that a unit of UTF-16 has in UTF-8. */
const bytesPerUnit = 3

/** So many bytes that are written keep others waiting for about as long as a row that is looked through. */
const bytesPerRow = 200

export class KeptBytes {
  readonly #written: WrittenBytes
  readonly #clock: { readonly now: number }
  readonly #spend: (rows: number) => void
  /** @param spend counts against what one request may have, in rows */
  constructor(sql: Sql, clock: { readonly now: number }, spend: (rows: number) => void) {
    this.#written = new WrittenBytes(sql, historyWrittenTable)
    this.#clock = clock
    this.#spend = spend
  }

  /** Bytes of long versions that this connection has written so far, whether or not they were taken back. */
  noted = 0
  /** A version as it is written. */
  note(body: string): void {
    if (body.length * bytesPerUnit <= uncountedBytesMax) return
    this.#note(Buffer.byteLength(body))
  }
  /** Tags of a version that is no text yet. */
  noteTags(tags: ReadonlyMap<string, string>): void {
    let bytes = 0
    for (const [key, value] of tags) bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
    this.#note(bytes)
  }
  #note(bytes: number): void {
    if (bytes <= uncountedBytesMax) return
    this.noted += bytes
    this.#spend(bytes / bytesPerRow)
  }

  /** Bytes that somebody has written today (UTC). */
  writtenBy(writer: string): Promise<number> {
    return this.#written.by(writer, this.#clock.now)
  }
  count(writer: string, bytes: number): Promise<void> {
    return this.#written.count(writer, this.#clock.now, bytes)
  }
  /** When what is counted today is counted no more. */
  get tomorrow(): number {
    return nextDay(this.#clock.now)
  }
}
