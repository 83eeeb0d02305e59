// What somebody was shown of a difference, as one text that acting on it is bound to: its id, and a hash of what it says. Sources tell
// something else whenever they like, and whoever acts on a difference means what they saw.
import { hash } from 'node:crypto'
import { formatCidr } from '#model/cidr.ts'
import { orderedJson } from '#model/ordered-json.ts'
import { refuseValue } from '#model/refusal.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import type { ListedDifference } from './differences.ts'

/** Of the hash: as many that nobody finds two observations of one hash. */
const hashCharacters = 32

export interface AsShown {
  readonly id: string
  readonly shown: string
}

/** Of each the text, as whoever asks sees it: of pools that they may not see it tells nothing. */
export async function shownTo(context: ReadContext): Promise<(difference: ListedDifference) => string> {
  const isPoolSeen = await permitter(context, 'ipam:read')
  return (difference) => {
    const { id, kind, cidr, account, stored, registered, other, evaluated } = difference
    const said = {
      ...{ kind, cidr: formatCidr(cidr), account },
      observed: stored && saidBy(stored),
      registered: registered && {
        id: registered.id,
        cidr: formatCidr(registered.allocation.cidr),
        account: registered.allocation.account,
        resourceType: registered.allocation.resourceType,
        resourceId: registered.allocation.resourceId,
      },
      overlaps: other && saidBy(other),
      // Which rule says so may change: what is adopted, and where, is the same.
      policy: evaluated && {
        answer: evaluated.answer,
        resourceType: evaluated.request.resourceType,
        locale: evaluated.request.locale,
        pool: evaluated.outerPool && isPoolSeen(evaluated.outerPool.account) ? evaluated.outerPool.id : undefined,
      },
    }
    return `${id}@${hash('sha256', orderedJson(said)!, 'hex').slice(0, hashCharacters)}`
  }
}
const saidBy = ({ kind, cidr, space, id, account, locale, body }: StoredObservation): object => ({
  ...{ kind, cidr: formatCidr(cidr), space, id, account, locale, body },
})

/** What is handed back of a list. */
export function parseShown(text: string): AsShown {
  const [, id] = /^([^@]+)@[0-9a-f]+$/.exec(text) ?? refuseValue('shown', text, { why: 'shown-expected' })
  return { id: id!, shown: text }
}
