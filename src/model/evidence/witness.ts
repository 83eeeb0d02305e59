// What a log tells a witness, and is told by it (C2SP tlog-witness): a checkpoint, with the proof that the log only grew since the last one.
import { fromBase64, toBase64 } from './base64.ts'
import { hashLength } from './hashing.ts'

export interface Submission {
  /** The size that the witness has seen last. */
  readonly before: number
  /** That the tree begins with the one of that size. */
  readonly proof: readonly Uint8Array[]
  /** The signed note. */
  readonly checkpoint: string
}
/** No proof of consistency has more hashes. */
const hashesMax = 63
/** What a witness answers beside a status where it has seen another size: that size, and a line feed. */
export const sizeContentType = 'text/x.tlog.size'

export const formatSubmission = ({ before, proof, checkpoint }: Submission): string =>
  [`old ${before}`, ...proof.map(toBase64), '', checkpoint].join('\n')

/** Undefined for what is none. */
export function parseSubmission(text: string): Submission | undefined {
  const split = text.indexOf('\n\n')
  if (split < 0) return undefined
  const [head, ...lines] = text.slice(0, split).split('\n')
  const before = parseSize(/^old (.*)$/.exec(head!)?.[1] ?? '')
  const proof = lines.length > hashesMax ? undefined : lines.map(fromBase64)
  if (before === undefined || !proof || proof.some((hash) => hash?.length !== hashLength)) return undefined
  return { before, proof: proof as readonly Uint8Array[], checkpoint: text.slice(split + 2) }
}
export function parseSize(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const size = Number(text)
  return Number.isSafeInteger(size) ? size : undefined
}

/** Two checkpoints that prove two histories of one log, as they are kept. */
export const formatConflict = (seen: string, other: string): string => JSON.stringify([seen, other])
/** Undefined for what proves nothing: a version before kept checkpoints that only came with a false proof. */
export function conflictIn(text: string | undefined): readonly [string, string] | undefined {
  if (!text?.startsWith('[')) return undefined
  return JSON.parse(text) as [string, string]
}
