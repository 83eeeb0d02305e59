// How much may be done, or tried, at once: meanwhile nobody else changes anything.
import { refuse } from '#model/refusal.ts'
import { mayAtTop } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { topOf } from '../record/object-places.ts'

/** Operations of whoever governs no more than a part: with so many, others wait for less than a second. */
export const operationsOfPartMax = 100

/** Who has one of these at the top decides for all of those who wait. */
const governing = ['organization:manage', 'policy:manage', 'ipam:manage'] as const

/** Refuses more operations than whoever governs a part may do at once. */
export async function refuseLongList(context: ReadContext, operations: readonly unknown[]): Promise<void> {
  const used = operations.length
  if (used <= operationsOfPartMax) return
  const top = [await topOf(context)]
  for (const action of governing) if (await mayAtTop(context, action, top)) return
  const remedy = { do: 'split-operations' } as const
  refuse({
    code: 'LimitExceeded',
    what: { of: 'operations' },
    limit: operationsOfPartMax,
    used,
    remedy,
    isOfRequest: true,
  })
}
