// What services answer over HTTP, read as far as an answer may go: whoever sends without end must not use up the memory of a collector.

export const answerBytesMax = 64 * 1_048_576

/** Undefined where there are more than `answerBytesMax`. Rejects where it breaks off. */
export async function bytesOf(response: Response): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > answerBytesMax) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}
