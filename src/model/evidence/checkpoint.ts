// Checkpoints (C2SP tlog-checkpoint): the size and root of a log at a moment, as the text of a signed note; and proofs that stand beside one.
import { fromBase64, toBase64 } from './base64.ts'
import { hashLength } from './hashing.ts'
import type { Tree } from './merkle.ts'

export interface Checkpoint extends Tree {
  /** Which log. */
  readonly origin: string
}

export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${toBase64(root)}\n`

/** The text of a note; undefined for what is no checkpoint. Lines behind the third are extensions, which say nothing here. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, sizeText, rootText, ...rest] = text.split('\n')
  if (!origin || rootText === undefined || rest.length === 0) return undefined
  const root = fromBase64(rootText)
  const size = decimal(sizeText)
  if (size === undefined || root?.length !== hashLength) return undefined
  return { origin, size, root }
}

function decimal(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}

/** A proof that a leaf is in the log of a checkpoint, to be kept beside what it proves (C2SP tlog-proof). */
export interface Proof {
  readonly index: number
  readonly path: readonly Uint8Array[]
  /** A signed note. */
  readonly checkpoint: string
}
const proofHeader = 'c2sp.org/tlog-proof@v1'
/** No tree has more levels. */
const pathMax = 64

export const formatProof = ({ index, path, checkpoint }: Proof): string =>
  [proofHeader, `index ${index}`, ...path.map(toBase64), '', checkpoint].join('\n')

export function parseProof(text: string): Proof | undefined {
  const split = text.indexOf('\n\n')
  if (split < 0) return undefined
  const [header, ...lines] = text.slice(0, split).split('\n')
  if (lines[0]?.startsWith('extra ')) lines.shift()
  const index = decimal(/^index (.*)$/.exec(lines.shift() ?? '')?.[1])
  if (header !== proofHeader || index === undefined || lines.length > pathMax) return undefined
  const path = lines.map(fromBase64)
  if (path.some((hash) => hash?.length !== hashLength)) return undefined
  return { index, path: path as readonly Uint8Array[], checkpoint: text.slice(split + 2) }
}
