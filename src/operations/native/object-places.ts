// Where an object lives, for whoever may read its history: not where those were at home who made it.
import { isAccountId } from '#model/organization.ts'
import { everywhere } from '#model/roles.ts'
import type { HistoryVersion } from '#store/history.ts'
import type { ReadContext } from '../operation.ts'

/** Units above a unit that is gone: the tree is no deeper. */
const depthMax = 20

/**
 * The node at which an object's history may be read: of nodes of the organization they themselves, of a role binding the
 * node that it is bound to, of an exception its target, of all else the account that owns it. Where a unit is gone, the
 * nearest node above it that stands.
 */
export async function placeOfObject(context: ReadContext, id: string, latest: HistoryVersion): Promise<string> {
  const named = nodeOf(id, latest)
  const { nodes } = await context.snapshot()
  const isStanding = (node: string): boolean => isAccountId(node) || node === everywhere || nodes.has(node)
  let node: string | undefined = named
  for (let depth = 0; node !== undefined && !isStanding(node) && depth < depthMax; depth++) {
    const unit = await context.tx.history.latest(node)
    node = unit && (bodyOf(unit).parentId as string | undefined)
  }
  return node ?? latest.account
}

function nodeOf(id: string, latest: HistoryVersion): string {
  switch (latest.kind) {
    case 'account':
    case 'organizational-unit':
    case 'root':
      return id
    case 'role-binding':
      return bodyOf(latest).node as string
    case 'exception':
      return bodyOf(latest).target as string
    default:
      return latest.account
  }
}

const bodyOf = ({ body }: HistoryVersion): Readonly<Record<string, unknown>> => JSON.parse(body)
