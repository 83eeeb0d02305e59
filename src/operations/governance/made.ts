// What a stage has made: what may bring denials about, and is watched.
import { type RolloutProgress, watchedPlacesMax } from '#model/change-rollout.ts'
import { kindOf } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryBody } from '#store/tables/history.ts'

/** Which policies it has changed, where these are enabled otherwise by it or say something else, which pools, and which nodes themselves. */
export type Made = Pick<RolloutProgress, 'policies' | 'targets' | 'pools' | 'nodes'>

interface Assigned {
  readonly targetId: string
  readonly kind: string
  readonly mode: string
}

/** Within the transaction that has made it. */
export async function madeOf(tx: ReadTransaction, subjects: readonly Subject[]): Promise<Made> {
  const ofPolicies = subjects.filter(({ id }) => kindOf(id) === 'policy')
  const versions = await tx.history.findVersions(
    ofPolicies.flatMap(({ id, before, after }) =>
      [before, after].flatMap((version) => (version === undefined ? [] : [[id, version] as const])),
    ),
  )
  const bodyOf = (id: string, version: number | undefined): HistoryBody | undefined => {
    const found = version === undefined ? undefined : versions.get(`${id}/${version}`)
    return found && tx.history.bodyOf(found)
  }
  const targets = ofPolicies.flatMap(({ id, before, after }) => targetsOf(bodyOf(id, before), bodyOf(id, after)))
  const named = (isWanted: (id: string) => boolean) => subjects.flatMap(({ id }) => (isWanted(id) ? id : []))
  return bounded({
    policies: ofPolicies.map(({ id }) => id),
    targets,
    pools: named((id) => kindOf(id) === 'pool'),
    nodes: named(isTargetId),
  })
}

/** Of one that says something else, all targets; else those where it is enabled otherwise. */
function targetsOf(was: HistoryBody | undefined, is: HistoryBody | undefined): readonly string[] {
  const assignedIn = (body: HistoryBody | undefined) =>
    new Map(((body?.assignments ?? []) as readonly Assigned[]).map((one) => [one.targetId, one]))
  const [before, after] = [assignedIn(was), assignedIn(is)]
  const all = [...new Set([...before.keys(), ...after.keys()])]
  if (was?.version !== is?.version) return all
  return all.filter((target) => {
    const [one, other] = [before.get(target), after.get(target)]
    return one?.kind !== other?.kind || one?.mode !== other?.mode
  })
}

/** Of a rollout: what its stages so far have made together. */
export function togetherWith(before: Made | undefined, made: Made): Made {
  if (!before) return made
  const both = (of: 'policies' | 'targets' | 'pools' | 'nodes') => [...(before[of] ?? []), ...(made[of] ?? [])]
  const isKnown = before.targets !== undefined && made.targets !== undefined
  const together = { policies: both('policies'), pools: both('pools'), nodes: both('nodes') }
  return bounded(isKnown ? { ...together, targets: both('targets') } : together)
}

const bounded = ({ policies, targets, pools = [], nodes = [] }: Made): Made => {
  const once = (ids: readonly string[]) => [...new Set(ids)].slice(0, watchedPlacesMax)
  const isTold = targets !== undefined && new Set(targets).size <= watchedPlacesMax
  return {
    policies: [...new Set(policies)],
    ...(isTold ? { targets: once(targets) } : {}),
    pools: once(pools),
    nodes: once(nodes),
  }
}
