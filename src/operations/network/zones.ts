// The availability zones of a Region, by the server's settings.
import { refuse } from '#model/refusal.ts'
import type { ReadContext } from '../operation.ts'

export interface Zone {
  /** Such as `us-east-1a`. */
  readonly name: string
  /** Such as `use1-az1`. */
  readonly id: string
}

/** The zones of the request's Region, in their order. */
export function zonesOf(context: ReadContext): readonly Zone[] {
  const region = context.settings.regions.find(({ name }) => name === context.region)
  if (!region) refuse({ code: 'NotFound', what: 'region', id: context.region })
  return region.zones.map((letter, index) => ({
    name: region.name + letter,
    id: `${region.zoneIdPrefix}-az${index + 1}`,
  }))
}

export type ZoneMember = 'zone' | 'zoneId'

/** The zone that a request names, by name or by id; undefined where it names none. */
export function findZone(
  context: ReadContext,
  { zone: name, zoneId: id }: { readonly [M in ZoneMember]?: string },
  refuseUnknown: (context: ReadContext, field: ZoneMember, value: string) => never = (_context, _field, value) =>
    refuseZone(value),
): Zone | undefined {
  if (name !== undefined && id !== undefined) {
    const problem = { why: 'only-one-of', members: ['zone', 'zoneId'] } as const
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  const zones = zonesOf(context)
  if (name !== undefined) return zones.find((zone) => zone.name === name) ?? refuseUnknown(context, 'zone', name)
  if (id !== undefined) return zones.find((zone) => zone.id === id) ?? refuseUnknown(context, 'zoneId', id)
  return undefined
}

export const refuseZone = (id: string): never => refuse({ code: 'NotFound', what: 'availability-zone', id })
