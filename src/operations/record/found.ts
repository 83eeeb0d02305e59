// All that an address, a range, an id, a name, an account or a tag may stand for, with what the things in the answer are called.
import { parseAddress, parseCidr } from '#model/cidr.ts'
import { observedAt, type Told } from '../estate/across-sources.ts'
import { idOf } from '../identifiers.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { type FoundPlace, findPlaces, type Step } from './find.ts'
import { findObjects, type MatchGroup } from './find-objects.ts'

export interface Found {
  readonly places: readonly FoundPlace[]
  readonly hasMore: boolean
  /** What sources say is there. */
  readonly observed: { readonly items: readonly Told[]; readonly hasMore: boolean }
  readonly groups: readonly MatchGroup[]
  readonly hasMoreObjects: boolean
  /** By their ids, of what has one. */
  readonly names: ReadonlyMap<string, string>
}

export async function findAll(context: ReadContext, text: string): Promise<Found> {
  const range = parseAddress(text) ?? parseCidr(text)
  const { places, hasMore } = range ? await findPlaces(context, range) : { places: [], hasMore: false }
  const objects = range ? undefined : await findObjects(context, text)
  const groups = objects?.groups ?? []
  const mayRead = await permitter(context, 'policy:read')
  const ids = [
    ...places.flatMap(({ view }) =>
      (view?.assignments ?? []).flatMap(({ party }) => (mayRead(party.owner) ? party.policy : [])),
    ),
    ...places.flatMap(({ scope, chain, inside }) => [
      scope?.id,
      ...[...chain, ...inside].map((step) => idOfStep(context, step)),
    ]),
    ...groups.flatMap(({ matches }) => matches.map(({ id }) => id)),
  ]
  const wanted = [...new Set(ids.filter((id) => id !== undefined))]
  const names = wanted.length === 0 ? new Map<string, string>() : await context.tx.tags.names(wanted)
  const observed = range ? await observedAt(context, range) : { items: [], hasMore: false }
  return { places, hasMore, observed, groups, hasMoreObjects: objects?.hasMore ?? false, names }
}

/** Undefined of what has none. */
export function idOfStep(context: ReadContext, step: Step): string | undefined {
  switch (step.kind) {
    case 'pool':
      return step.pool.id
    case 'hidden-pool':
      return idOf(context, 'pool', step.n)
    case 'tenure':
      return idOf(context, 'allocation', step.tenure.n)
    case 'quarantine':
      return undefined
    default:
      return step.id
  }
}
