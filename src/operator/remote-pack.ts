// An evidence pack that a server makes and signs, taken as it is written: what broke off is no pack, and leaves no file.
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Server } from '#cli/profiles.ts'

/** Why there is none. */
export class Unpacked extends Error {}

interface PackAsked {
  readonly from: number
  readonly until: number
  readonly node: string | undefined
}
const recordMark = '\n{"kind":"record",'
/** Of a pack of what somebody sees. */
const changeMark = '\n{"kind":"change",'
const signatureMark = '\n{"kind":"signature",'
/** A signature is no longer. */
const tailLength = 8_192

/** Answers how many records it has. */
export async function writePackOf(
  { url, token }: Server,
  { from, until, node }: PackAsked,
  file: string,
): Promise<number> {
  const time = (at: number) => new Date(at).toISOString()
  const query = new URLSearchParams({ from: time(from), until: time(until), ...(node === undefined ? {} : { node }) })
  const response = await ask(`${url}/api/v1/evidence/pack?${query}`, token)
  if (response.status !== 200 || !response.body) throw new Unpacked(await problemIn(response))
  let [records, changes, tail] = [0, 0, '\n']
  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      // What was too short for a mark before may be the beginning of one.
      const text = tail.slice(-(recordMark.length - 1)) + Buffer.from(chunk).toString('latin1')
      records += text.split(recordMark).length - 1
      changes += text.split(changeMark).length - 1
      tail = (tail + text.slice(Math.min(tail.length, recordMark.length - 1))).slice(-tailLength)
      yield chunk
    }
    if (!tail.includes(signatureMark)) throw new Unpacked('it broke off before its signature.')
  }
  const to = createWriteStream(file, { flags: 'wx' })
  let isOurs = false
  to.once('open', () => {
    isOurs = true
  })
  try {
    await pipeline(Readable.fromWeb(response.body as never), counted, to)
  } catch (error) {
    if (isOurs) await rm(file, { force: true })
    if (error instanceof Unpacked || (error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    throw new Unpacked(`it broke off: ${(error as Error).message}.`)
  }
  return Math.max(records, changes)
}

async function ask(url: string, token: string): Promise<Response> {
  try {
    return await fetch(url, { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' })
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { message?: string; code?: string } }
    throw new Unpacked(`${new URL(url).origin} cannot be reached: ${cause?.message || cause?.code || message}.`)
  }
}
async function problemIn(response: Response): Promise<string> {
  const told = (await response.json().catch(() => undefined)) as { readonly detail?: string } | undefined
  return told?.detail ?? `the server answered ${response.status}.`
}
