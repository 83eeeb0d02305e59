// Units of the organization by their paths: from the organization over its root down.
import type { ExcludedUnit } from '#model/discovery.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import type { ReadContext } from '../operation.ts'

/** Nothing where the unit is gone. */
export async function pathOfUnit(context: ReadContext, { unit, isDeep }: ExcludedUnit): Promise<readonly string[]> {
  const snapshot = await context.snapshot()
  const organization = await context.tx.organizations.find()
  if (!organization || !snapshot.nodes.has(unit)) return []
  return [`${[organization.id, ...pathOf(snapshot, unit)].join('/')}/${isDeep ? '*' : ''}`]
}

/** What a path means; undefined where it is not exactly that of a unit. */
export async function unitAtPath(context: ReadContext, path: string): Promise<ExcludedUnit | undefined> {
  const [, above, star] = /^(.*)\/(\*?)$/.exec(path) ?? []
  const unit = above?.split('/').at(-1)
  if (unit === undefined) return undefined
  const { nodes } = await context.snapshot()
  if (nodes.get(unit)?.kind !== 'organizational-unit') return undefined
  const found = { unit, isDeep: star === '*' }
  return (await pathOfUnit(context, found))[0] === path ? found : undefined
}
