// What the EC2 API asks and shows alike of IPAMs, scopes, pools and discoveries: Regions, names as ARNs, and states.

import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { ReadContext } from '../operation.ts'

/** ARNs of IPAM's objects name no Region. */
export const arnOf = (
  account: string,
  kind: 'ipam' | 'ipam-scope' | 'ipam-pool' | 'ipam-resource-discovery' | 'ipam-resource-discovery-association',
  id: string,
): string => `arn:aws:ec2::${account}:${kind}/${id}`

/** `create-complete` until the object is changed for the first time. */
export const stateAt = (version: number): 'create-complete' | 'modify-complete' =>
  version > 1 ? 'modify-complete' : 'create-complete'

/** Regions as a request lists them, each of them one that exists here. */
export function regionsNamed(
  context: ReadContext,
  given: readonly { readonly RegionName?: string }[] | undefined,
  field: string,
): string[] {
  return (given ?? []).map(({ RegionName: name }, index) => {
    const at = `${field}.${index + 1}.RegionName`
    if (name === undefined) refuse({ code: 'MissingParameter', field: at })
    return regionNamed(context, at, name)
  })
}

export function regionNamed({ settings }: ReadContext, field: string, name: string): string {
  const known = settings.regions.map((region) => region.name)
  if (!known.includes(name)) refuseValue(field, name, worded(`the Regions here are ${known.join(', ')}`))
  return name
}
