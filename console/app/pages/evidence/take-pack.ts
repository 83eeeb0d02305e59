// Takes an evidence pack as the server writes it, and counts what came. One that broke off has no signature, and is no pack.
import { apiPath, Trouble, unreachable, watchers } from '../../api/client.ts'

export interface Taken {
  readonly bytes: number
  readonly lines: number
}
/** More does not go through a browser: the command line writes it to a file as it comes. */
export const packBytesMax = 512 * 1_048_576
/** A signature is no longer. */
const tailLength = 8_192
const signatureMark = '\n{"kind":"signature",'
const lineFeed = 10

/** @param told how far it is, now and then */
export async function takePack(
  query: string,
  signal: AbortSignal,
  told: (taken: Taken) => void,
): Promise<{ readonly file: Blob } & Taken> {
  let response: Response
  try {
    response = await fetch(`${apiPath}/evidence/pack?${query}`, { credentials: 'same-origin', signal })
  } catch (error) {
    if (signal.aborted) throw error
    watchers.isAway(true)
    throw new Trouble({ code: unreachable, detail: 'The server cannot be reached.' })
  }
  if (!response.ok || !response.body) {
    if (response.status === 401) watchers.sessionEnded()
    throw new Trouble({ status: response.status, ...((await response.json().catch(() => ({}))) as object) })
  }
  const parts: Uint8Array<ArrayBuffer>[] = []
  let [bytes, lines] = [0, 0]
  let tail = '\n'
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.length
    if (bytes > packBytesMax) {
      await reader.cancel()
      throw new Error(
        'It is larger than a browser should hold. Choose a shorter period or a part of the organization, or write it with the command line.',
      )
    }
    for (const byte of value) if (byte === lineFeed) lines++
    tail = (tail + String.fromCharCode(...value.subarray(-tailLength))).slice(-tailLength)
    parts.push(value)
    told({ bytes, lines })
  }
  if (bytes === 0)
    throw new Error('There is nothing to hand out yet: the log was not signed so far. Try again in a minute.')
  if (!tail.includes(signatureMark)) throw new Error('It broke off before its signature, so it is no pack. Try again.')
  return { file: new Blob(parts, { type: 'application/x-ndjson' }), bytes, lines }
}
