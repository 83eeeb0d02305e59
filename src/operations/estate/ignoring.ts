// Ignoring differences for a time, with a reason: their findings are set aside, and are open again by themselves.
import { refuseValue } from '#model/refusal.ts'
import { suppressionDaysMax } from '../finding/findings.ts'
import { accessAt } from '../identity/authority.ts'
import type { WriteContext } from '../operation.ts'
import type { Comparing } from './comparing.ts'
import { ownDifferences, setAside } from './difference-findings.ts'
import type { ListedDifference } from './differences.ts'
import { type Acted, type ActedPart, actOnPart, noteSource, refuseUnlimited, type Selection } from './selecting.ts'

const dayMs = 86_400_000

export interface IgnoreSpec {
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Sets a part of what a selection finds aside. It is for whoever manages findings where each may be read. */
export async function ignorePart(
  context: WriteContext,
  comparing: Comparing,
  selection: Selection,
  { reason, until }: IgnoreSpec,
): Promise<ActedPart> {
  refuseUnlimited(selection)
  const { now, caller } = context
  if (until <= now || until - now > suppressionDaysMax * dayMs)
    refuseValue('until', new Date(until).toISOString(), {
      why: 'not-ahead-within',
      days: suppressionDaysMax,
    })
  const { source } = comparing
  noteSource(context, source)
  const suppression = { reason, until, by: caller.native?.name ?? caller.arn, at: now }
  return actOnPart(context, comparing, selection, {
    isFor: () => true,
    async act(differences) {
      const acted: Acted[] = []
      const aside: ListedDifference[] = []
      const mayAt = async (node: string): Promise<boolean> =>
        (await accessAt(context, 'finding:manage', node)).isPermitted
      const own = await ownDifferences(context, source, differences)
      for (const difference of differences) {
        const { id, node } = difference
        // Where the finding is of more than the caller may see, it is as if there were only what they see.
        const found = own.get(id)
        const one = found && (await mayAt(found.node)) ? found : (await mayAt(node)) ? difference : undefined
        if (one) aside.push(one)
        acted.push(
          one
            ? { id, outcome: 'ignored', difference }
            : { id, outcome: 'refused', difference, problem: { why: 'may-not-ignore', node } },
        )
      }
      await setAside(context, source, aside, suppression)
      return acted
    },
  })
}
