// A pack for whoever asks for it from elsewhere: signed by the server, and only for those whom nothing of it is hidden from (invariant I8). What
// is proven of a record is all of it, also what it says of others.
import { createHash } from 'node:crypto'
import { refuse } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { mayThroughout, refuseWithoutRole } from '../identity/authority.ts'
import type { ReadContext, Steps } from '../operation.ts'
import type { ReadPack } from './pack-days.ts'
import { type PackAsked, packOf, sealOf } from './packs.ts'
import { hasRecord } from './part.ts'

/** What a pack shows all of: the record, and how much of the space in use complies. */
const actions: readonly Action[] = ['history:read', 'finding:read']

interface DownloadAsked {
  readonly from: number
  /** Undefined: up to now. */
  readonly until: number | undefined
  readonly node: string | undefined
}

/** Its text, line by line; each step asks anew whether the caller may. */
export async function openPack({ read }: Pick<Steps, 'read'>, asked: DownloadAsked): Promise<AsyncIterable<string>> {
  const permitted: ReadPack = (work) =>
    read(async (context) => {
      await requireAll(context)
      return work(context)
    })
  const node = asked.node === everywhere ? undefined : asked.node
  const until = await permitted(async ({ tx, now }) => {
    if (node !== undefined && !(await hasRecord(tx, node)))
      refuse({ code: 'NotFound', what: 'organization-target', id: node })
    if (!(await tx.evidence.newestCheckpoint())) refuse({ code: 'NotFound', what: 'evidence-file', id: 'checkpoint' })
    return asked.until ?? now + 1
  })
  return linesOf(permitted, { from: asked.from, until, ...(node === undefined ? {} : { node }) })
}

async function* linesOf(read: ReadPack, asked: PackAsked): AsyncGenerator<string> {
  const digest = createHash('sha256')
  for await (const line of packOf(read, asked)) {
    const text = `${JSON.stringify(line)}\n`
    digest.update(text)
    yield text
  }
  yield `${await sealOf(read, digest.digest())}\n`
}

async function requireAll(context: ReadContext): Promise<void> {
  for (const action of actions) {
    if (await mayThroughout(context, action, everywhere)) continue
    const principal = context.caller.native?.name
    refuseWithoutRole(context, action, everywhere, { why: 'no-role', principal, node: everywhere, for: 'all-is-shown' })
  }
}
