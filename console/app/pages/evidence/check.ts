// The check itself: what the server answers is held against the signature of the log, against what this browser saw before, and against
// what is said of a record. It runs here, with the functions that `cadastre audit verify` has, and is loaded where somebody checks.
import { toBase64 } from '#model/evidence/base64.ts'
import { type Checkpoint, parseProof } from '#model/evidence/checkpoint.ts'
import { hashLength } from '#model/evidence/hashing.ts'
import { consistencyPath, isConsistent } from '#model/evidence/merkle.ts'
import { parseVerifierKey } from '#model/evidence/note.ts'
import {
  isLeafIn,
  isSameChange,
  isSameDecision,
  type Proven,
  type ShownChange,
  type ShownDecision,
  unprovenPart,
} from '#model/evidence/proven.ts'
import { signedCheckpoint } from '#model/evidence/signed.ts'
import { hashOfRange, pathOfTile, tilesAt, tilesWith, tileWidth } from '#model/evidence/tiles.ts'
import { parseId } from '#model/identifier.ts'
import { answer, api, apiPath, Trouble, unreachable, watchers } from '../../api/client.ts'
import { withBrowserCrypto } from './browser-crypto.ts'
import { checkpointIn, type Kept, keepOfLog, keptOfLog } from './kept.ts'

/** What was looked at, and what came of it. */
export interface Step {
  readonly what: string
  readonly status: 'success' | 'error' | 'info' | 'warning'
  readonly says: string
}
export interface Report {
  readonly steps: readonly Step[]
  readonly isSound: boolean
}
/** A record as a page shows it: it is held against what was signed. */
export type Shown =
  | { readonly kind: 'change'; readonly change: ShownChange }
  | {
      readonly kind: 'decision'
      readonly changeId: string
      readonly decisionId: string
      readonly decision: ShownDecision
    }

const count = (n: number): string => `${n.toLocaleString('en-US')} ${n === 1 ? 'record' : 'records'}`
const good = (what: string, says: string): Step => ({ what, status: 'success', says })
const bad = (what: string, says: string): Step => ({ what, status: 'error', says })
const note = (what: string, says: string): Step => ({ what, status: 'info', says })

/** A file of the log, as others read logs: bytes, and so by no operation of the client. */
async function readLog(path: string): Promise<Uint8Array | undefined> {
  let response: Response
  try {
    response = await fetch(`${apiPath}/evidence/log/${path}`, { credentials: 'same-origin' })
  } catch {
    watchers.isAway(true)
    throw new Trouble({ code: unreachable, detail: 'The server cannot be reached.' })
  }
  if (response.status === 404) return undefined
  if (response.ok) return new Uint8Array(await response.arrayBuffer())
  if (response.status === 401) watchers.sessionEnded()
  throw new Trouble({ status: response.status, ...((await response.json().catch(() => ({}))) as object) })
}

/** The log as a whole: its newest checkpoint. @param keys those that the server shows, for whoever has none yet */
export async function checkLog(keys: readonly string[]): Promise<Report> {
  const bytes = await readLog('checkpoint')
  if (!bytes) return { steps: [note('Signature', 'Nothing was signed yet: look again in a minute.')], isSound: true }
  return reportOf((await checkCheckpoint(new TextDecoder().decode(bytes), keys)).steps)
}

/** One record, and the log that it is in. */
export async function checkRecord(shown: Shown): Promise<Report> {
  const changeId = shown.kind === 'change' ? shown.change.changeId : shown.changeId
  const proof = await answer(api.GET('/changes/{changeId}/proof', { params: { path: { changeId } } }))
  if (proof.proof === undefined)
    return reportOf([note('In the log', 'It is in no checkpoint yet: it will be within a minute. Look again then.')])
  const parsed = parseProof(proof.proof)
  if (!parsed) return reportOf([bad('In the log', 'What the server answers is no proof.')])
  const { steps, checkpoint } = await checkCheckpoint(parsed.checkpoint, proof.keys)
  if (!checkpoint) return reportOf(steps)
  const closed = {
    index: parsed.index,
    commitment: toBase64(Uint8Array.from(proof.leaf.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))),
    path: parsed.path.map(toBase64),
  }
  const place = (parsed.index + 1).toLocaleString('en-US')
  const isThere = await withBrowserCrypto(({ sha256 }) => isLeafIn(sha256, closed, checkpoint))
  if (!isThere)
    return reportOf([
      ...steps,
      bad(
        'In the log',
        `The log that was signed does not have this record at place ${place}: what the proof leads to is another log.`,
      ),
    ])
  const found = [...steps, good('In the log', `It stands at place ${place} of ${count(checkpoint.size)}.`)]
  if (proof.record === undefined)
    return reportOf([
      ...found,
      note(
        'What it says',
        'The log has a sealed hash of it, and only whoever may read the whole record is shown what is in it. That there is such a record is proven; what this page says of it is not.',
      ),
    ])
  return reportOf([...found, ...(await checkContent(shown, proof.record, closed, checkpoint))])
}
const reportOf = (steps: readonly Step[]): Report => ({
  steps,
  isSound: steps.every(({ status }) => status !== 'error'),
})

/** Whose checkpoint it is, and whether it goes on from the one that this browser saw last: then it is kept in its place. */
async function checkCheckpoint(
  signed: string,
  shownKeys: readonly string[],
): Promise<{ readonly steps: readonly Step[]; readonly checkpoint?: Checkpoint }> {
  const what = 'Signature'
  const kept: Kept = keptOfLog() ?? { keys: shownKeys, isBrought: false }
  const whose = kept.isBrought ? 'the key that you have brought' : 'the key that this server showed first'
  const signedBy = (texts: readonly string[]) =>
    withBrowserCrypto(({ sha256, verify }) => {
      const keys = texts.flatMap((key) => parseVerifierKey(sha256, key) ?? [])
      return signedCheckpoint(signed, { sha256, verify, keys })
    })
  let checkpoint = await signedBy(kept.keys)
  let first = 'The newest checkpoint'
  let isNew = false
  if (checkpoint === 'unsigned' && !kept.isBrought) {
    checkpoint = await signedBy(shownKeys)
    isNew = typeof checkpoint === 'object'
  }
  if (checkpoint === 'unsigned') return { steps: [bad(what, `${first} is not signed by ${whose}.`)] }
  if (checkpoint === 'forged')
    return {
      steps: [
        bad(
          what,
          `The signature of the newest checkpoint does not fit what it says: it was changed after it was signed, at the server or on the way.`,
        ),
      ],
    }
  first += `, of ${count(checkpoint.size)},`
  const steps: readonly Step[] = isNew
    ? [
        {
          what,
          status: 'warning',
          says: `${first} is signed by a key that this browser has not seen before. Compare it with who runs the server.`,
        },
      ]
    : [good(what, `${first} is signed by ${whose}.`)]
  const grown = await checkGrowth(kept, checkpoint)
  if (grown.status === 'error') return { steps: [...steps, grown] }
  const keys = isNew ? [...new Set([...shownKeys, ...kept.keys])] : kept.keys
  keepOfLog({ ...kept, keys, checkpoint: signed, at: new Date().toISOString() })
  return { steps: [...steps, grown], checkpoint }
}
async function checkGrowth(kept: Kept, now: Checkpoint): Promise<Step> {
  const what = 'It only grew'
  const before = checkpointIn(kept.checkpoint)
  if (!before)
    return note(
      what,
      'This browser has seen no checkpoint before: it keeps this one, and holds the next one against it.',
    )
  const seen = `the one of ${count(before.size)} that this browser checked on ${(kept.at ?? '').slice(0, 16).replace('T', ' ')} UTC`
  if (before.origin !== now.origin)
    return bad(what, `This is another log: ${now.origin}, and not ${before.origin}, which this browser checked before.`)
  if (before.size > now.size)
    return bad(
      what,
      `The log has become shorter: it has ${count(now.size)}, and ${seen} had more. Records are missing at its end.`,
    )
  const path = before.size === 0 || before.size === now.size ? [] : consistencyPath(before.size, now.size)
  const tiles = new Map<string, Uint8Array>()
  for (const { level, index } of path.flatMap(tilesWith)) {
    const key = `${level}/${index}`
    if (tiles.has(key)) continue
    const { full, partial } = tilesAt(level, now.size)
    const width = index < full ? tileWidth : partial
    const file = pathOfTile({ level, index, width })
    const bytes = await readLog(file)
    if (bytes?.length !== width * hashLength)
      return bad(what, `The server does not have the part ${file} of the log that it has signed.`)
    tiles.set(key, bytes)
  }
  const isGrown = await withBrowserCrypto(({ sha256 }) => {
    const hashes = path.map((range) => hashOfRange(sha256, range, (level, index) => tiles.get(`${level}/${index}`)!))
    return isConsistent(sha256, before, now, hashes)
  })
  if (!isGrown)
    return bad(
      what,
      `The log does not begin with ${seen}: something among its first ${count(before.size)} was changed, added or taken out, or what the server shows of it (${[...tiles.keys()].map((key) => `tile ${key}`).join(', ') || 'its root'}) is not what was signed.`,
    )
  if (before.size === now.size) return good(what, `It is ${seen}: nothing has changed.`)
  return good(what, `It begins with ${seen}, and ${count(now.size - before.size)} came after it.`)
}

const changedParts = {
  origin: 'Who asked, and from where, is not what was written.',
  version: 'What an object was after it is not what was written.',
  decision: 'A decision that was made for it is not what was written.',
  entry:
    'What the server says of it is not what was written: its moment, outcome, subjects or a part of it was changed.',
} as const

async function checkContent(
  shown: Shown,
  text: string,
  leaf: { readonly index: number },
  checkpoint: Checkpoint,
): Promise<readonly Step[]> {
  const what = 'What it says'
  let record: Proven
  try {
    record = (JSON.parse(text) as { readonly record: Proven }).record
  } catch {
    // Whoever wrote it, it was not the server's program.
    return [bad(what, 'The record that the server answers cannot be read.')]
  }
  const part = await withBrowserCrypto(({ sha256 }) => unprovenPart(sha256, record, checkpoint))
  if (part) return [bad(what, changedParts[part])]
  const changeId = shown.kind === 'change' ? shown.change.changeId : shown.changeId
  if (String(record.entry.n) !== changeId || record.index !== leaf.index)
    return [bad(what, `The server proves the record ${record.entry.n}, and was asked for ${changeId}.`)]
  const origin = record.origin
    ? []
    : [note('Who asked', 'Who asked was erased from the record. Nothing can be said of it any more.')]
  if (shown.kind === 'change') {
    if (!isSameChange({ change: shown.change, leaf }, record))
      return [
        bad(
          what,
          'What this page says of the change is not what the log has: the record itself is as it was written, and the answer of the server is not.',
        ),
      ]
    return [...origin, good(what, 'The record is as it was written, and this page says what it says.')]
  }
  const n = parseId('decision', checkpoint.origin.split('/').at(-1)!, shown.decisionId)
  const facts = record.decisions.find((one) => one.facts.n === n)?.facts
  if (facts && isSameDecision(shown.decision, facts))
    return [...origin, good(what, 'The decision is as it was made, and this page says what it says.')]
  if (facts)
    return [
      bad(
        what,
        'What this page says of the decision is not what the log has: the record itself is as it was written, and the answer of the server is not.',
      ),
    ]
  // What allows as policy has it is told by the change that it allowed.
  if (shown.decision.outcome === 'allow')
    return [
      ...origin,
      good(what, 'The change that it was made for is as it was written.'),
      note(
        'The decision',
        'Decisions that simply allow are not in the log one by one: the change is, and says what was given.',
      ),
    ]
  return [bad(what, 'The log has no such decision of this change.')]
}
