// What servers of one database say to each other, as bytes: a length and a value of the structured clone algorithm, which keeps
// whatever the executor takes and answers (dates, maps, what is undefined) as it is.
import { deserialize, serialize } from 'node:v8'

const headBytes = 4
/** Of one message, which may have many requests or answers. */
export const messageBytesMax = 33_554_432

export function frame(value: unknown): Buffer {
  const body = serialize(value)
  const head = Buffer.allocUnsafe(headBytes)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

/** Puts messages together from what comes; throws where one is too long, or none. */
export class FrameReader {
  #chunks: Buffer[] = []
  #length = 0

  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    const values: unknown[] = []
    for (;;) {
      if (this.#length < headBytes) return values
      if (this.#chunks[0]!.length < headBytes) this.#join()
      const length = this.#chunks[0]!.readUInt32BE()
      if (length > messageBytesMax) throw new RangeError(`a message of ${length} bytes is too long`)
      const whole = headBytes + length
      if (this.#length < whole) return values
      if (this.#chunks[0]!.length < whole) this.#join()
      const [all] = this.#chunks as [Buffer]
      values.push(deserialize(all.subarray(headBytes, whole)))
      this.#chunks[0] = all.subarray(whole)
      this.#length -= whole
      if (this.#length === 0) this.#chunks = []
    }
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks)]
  }
}
