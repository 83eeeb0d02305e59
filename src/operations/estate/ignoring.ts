// Ignoring differences for a time, with a reason: their findings are set aside, and are open again by themselves.
import { refuseValue } from '#model/refusal.ts'
import { suppressionDaysMax } from '../finding/findings.ts'
import { accessAt } from '../identity/authority.ts'
import type { WriteContext } from '../operation.ts'
import type { Comparing } from './comparing.ts'
import { setAside } from './difference-findings.ts'
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
      for (const difference of differences) {
        const { id, account = source.node } = difference
        if (!(await accessAt(context, 'finding:manage', account)).isPermitted) {
          acted.push({ id, outcome: 'refused', difference, problem: { why: 'may-not-ignore', node: account } })
          continue
        }
        await setAside(context, source, difference, suppression)
        acted.push({ id, outcome: 'ignored', difference })
      }
      return acted
    },
  })
}
