// A pack for whoever asks for it from elsewhere: signed by the server. Whoever may read all of the record and every finding is given all of it; whoever
// may at a node is given of that node what they see of it (invariant I8).
import { createHash } from 'node:crypto'
import { refuse } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { mayThroughout, refuseWithoutRole } from '../identity/authority.ts'
import type { ReadContext, Steps } from '../operation.ts'
import type { ReadPack } from './pack-days.ts'
import { type ReadSeen, requireAt, type ShowSeen } from './pack-seen.ts'
import { type PackLine, packOf, sealOf, seenPackOf } from './packs.ts'
import { hasRecord } from './part.ts'

/** What a pack shows: the record, and how much of the space in use complies. */
const actions: readonly Action[] = ['history:read', 'finding:read']

interface DownloadAsked {
  readonly from: number
  /** Undefined: up to now. */
  readonly until: number | undefined
  readonly node: string | undefined
}

/** Its text, line by line; each step asks anew whether the caller may. */
export async function openPack(
  { read }: Pick<Steps, 'read'>,
  { from, until: asked, node: named }: DownloadAsked,
  show: ShowSeen,
): Promise<AsyncIterable<string>> {
  const node = named === everywhere ? undefined : named
  const { until, isOfAll } = await read(async (context) => {
    const isOfAll = await maySeeAll(context)
    if (!isOfAll) await requireSome(context, node)
    const { tx, now } = context
    if (node !== undefined && !(await hasRecord(tx, node)))
      refuse({ code: 'NotFound', what: 'organization-target', id: node })
    if (!(await tx.evidence.newestCheckpoint())) refuse({ code: 'NotFound', what: 'evidence-file', id: 'checkpoint' })
    return { until: asked ?? now + 1, isOfAll }
  })
  const permitted: ReadSeen = (work) =>
    read(async (context) => {
      // What was begun for whoever saw all goes on for nobody else.
      if (isOfAll) await requireAll(context)
      else await requireSome(context, node)
      return work(context)
    })
  const lines = isOfAll
    ? packOf(permitted, { from, until, ...(node === undefined ? {} : { node }) })
    : seenPackOf(permitted, { from, until, node: node! }, show)
  return textOf(permitted, lines)
}

async function* textOf(read: ReadPack, lines: AsyncIterable<PackLine>): AsyncGenerator<string> {
  const digest = createHash('sha256')
  for await (const line of lines) {
    const text = `${JSON.stringify(line)}\n`
    digest.update(text)
    yield text
  }
  yield `${await sealOf(read, digest.digest())}\n`
}

async function maySeeAll(context: ReadContext): Promise<boolean> {
  for (const action of actions) if (!(await mayThroughout(context, action, everywhere))) return false
  return true
}
const requireSome = (context: ReadContext, node: string | undefined): Promise<void> =>
  node === undefined ? requireAll(context) : requireAt(context, node)
async function requireAll(context: ReadContext): Promise<void> {
  for (const action of actions) {
    if (await mayThroughout(context, action, everywhere)) continue
    const principal = context.caller.native?.name
    refuseWithoutRole(context, action, everywhere, { why: 'no-role', principal, node: everywhere, for: 'all-is-shown' })
  }
}
