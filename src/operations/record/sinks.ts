// The record as it is sent to where the operator says: a part at a time, behind the requests that write it. One server sends to each place, and
// whoever comes after it goes on where it was.
import type { ReadTransaction, Store } from '#store/store.ts'
import type { SinkName, SinkProgress } from '#store/tables/record-sinks.ts'

/** Entries of one part, and the subjects that are told of each. */
const entriesPerPart = 200
const subjectsTold = 20
/** A server that says nothing for so long is taken to be gone; a part takes less. */
const leaseMs = 60_000
const leaseLeftMs = 40_000
/** Between two tries while it fails: twice as long each time. */
const pauseMs = 1_000
const pauseMsMax = 300_000

const isOthers = ({ worker, workerUntil }: SinkProgress, id: string, now: number): boolean =>
  worker !== undefined && worker !== id && workerUntil > now

/** Whether there is something to send, for this server. It only reads. */
export async function isSinkDue(tx: ReadTransaction, name: SinkName, worker: string): Promise<boolean> {
  const progress = await tx.recordSinks.progress(name)
  if (isOthers(progress, worker, tx.now) || progress.nextAt > tx.now) return false
  return (await tx.recordLists.lastEntry()) > progress.entry
}

/** Says that this server sends there. What was on record before the first time is not sent: an export has it. */
export function claimSink(store: Store, name: SinkName, worker: string): Promise<boolean> {
  return store.write(async (tx) => {
    const progress = await tx.recordSinks.progress(name)
    if (isOthers(progress, worker, tx.now)) return false
    const isNew = progress.entry < 0
    const isClaimed = progress.worker === worker && progress.workerUntil - tx.now > leaseLeftMs
    if (isClaimed && !isNew) return true
    const begins = isNew ? { entry: await tx.recordLists.lastEntry() } : {}
    await tx.recordSinks.setProgress(name, { ...begins, worker, workerUntil: tx.now + leaseMs })
    return true
  })
}

/** An entry with all that is told of it. */
export interface SentChange {
  readonly changeId: string
  /** As RFC 3339 writes it. */
  readonly at: string
  readonly action: string
  readonly outcome: string
  readonly isDryRun?: boolean
  readonly times?: number
  readonly subjects: readonly string[]
  readonly account: string
  readonly principal: string
  readonly makers: readonly string[]
  readonly credential: string
  readonly sourceAddress: string
  readonly region: string
  readonly requestId: string
}

export interface SinkPart {
  /** The entry behind which it begins, and its last one. */
  readonly after: number
  readonly last: number
  readonly changes: readonly SentChange[]
}

/** What comes next, for the operator, who may see all of it; undefined where there is nothing. */
export async function nextPart(tx: ReadTransaction, name: SinkName): Promise<SinkPart | undefined> {
  const { entry: after } = await tx.recordSinks.progress(name)
  const { numbers } = await tx.recordLists.entriesAfter({}, after, entriesPerPart)
  const last = numbers.at(-1)
  if (last === undefined) return undefined
  const entries = await tx.recordLists.entries(numbers, subjectsTold)
  const changes = numbers.flatMap((n): SentChange[] => {
    const entry = entries.get(n)
    if (!entry) return []
    const { at, accessKeyId: credential, isDryRun, times, subjects, subjectCount: _, n: __, ...rest } = entry
    return [
      {
        ...rest,
        changeId: String(n),
        at: new Date(at).toISOString(),
        credential,
        ...(isDryRun ? { isDryRun } : {}),
        ...(times > 1 ? { times } : {}),
        subjects: subjects.map(({ id }) => id),
      },
    ]
  })
  return { after, last, changes }
}

/** Notes what came of a part. Where another server has gone on meanwhile, nothing is noted. */
export function noteSent(
  store: Store,
  { name, worker }: { readonly name: SinkName; readonly worker: string },
  { after, last }: SinkPart,
  isSent: boolean,
): Promise<void> {
  return store.write(async (tx) => {
    const progress = await tx.recordSinks.progress(name)
    if (progress.worker !== worker || progress.entry !== after) return
    const failures = isSent ? 0 : progress.failures + 1
    const pause = Math.min(pauseMs * 2 ** Math.min(failures, 20), pauseMsMax)
    const next = isSent ? { entry: last, nextAt: 0 } : { nextAt: tx.now + pause }
    await tx.recordSinks.setProgress(name, { ...next, failures, workerUntil: tx.now + leaseMs })
  })
}
