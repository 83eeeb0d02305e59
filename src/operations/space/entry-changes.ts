// What can be done with entries once they are there: described anew, confirmed, held on, given back.

import { refuse } from '#model/refusal.ts'
import { isSetting, nameKey, type Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Hold } from '#store/tables/holds.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { type Labels, labelled, refuseUnfitName } from '../organization/tagging.ts'
import { replaceTagsOf } from '../organization/tags.ts'
import { releaseElasticIp } from './addresses.ts'
import { describeAllocation, releaseAllocation } from './allocations.ts'
import { type DescribedEntry, describeEntry, findEntry, getDescribedEntry, isHold, tagHomeOf } from './entries.ts'
import { confirmHold, describeHold, dropHold, extendHold } from './holds.ts'
import { refuseOwnNetwork } from './own-networks.ts'
import { refuseResourceOfEip, refuseUnfitNetwork } from './request-parts.ts'
import { refuseTakenName } from './taking.ts'

/** Describes an entry anew, or gives it other labels. */
export async function updateEntry(
  context: WriteContext,
  id: string,
  { description, labels }: { readonly description: string | null | undefined; readonly labels: Labels },
): Promise<DescribedEntry> {
  const found = await findEntry(context, id)
  const text = description === undefined ? found.description : description || undefined
  const isRelabelled = labels.name !== undefined || labels.tags !== undefined
  if (isHold(found)) {
    refuseUnfitName(labels.name)
    const tags = isRelabelled ? labelled(heldTags(found), labels) : undefined
    await describeHold(context, found, {
      description: text,
      tags: tags && new Map(tags.map(({ key, value }) => [key, value])),
    })
  } else {
    await describeAllocation(context, found, text)
    if (isRelabelled) await relabel(context, found, labels)
  }
  return getDescribedEntry(context, id)
}

async function relabel(context: WriteContext, found: Allocation, labels: Labels): Promise<void> {
  const { id, type } = tagHomeOf(context, found)
  if (!type) {
    const because = { why: 'tags-of-resource', resourceType: found.resourceType, resource: id } as const
    refuse({ code: 'NotSupported', what: { feature: 'tags-of-its-own' }, because })
  }
  if (type === 'ipam-pool-allocation') await refuseTakenName(context, found, labels.name)
  const next = labelled(await context.tx.tags.of(id), labels)
  await replaceTagsOf(
    holderOf(context, found),
    id,
    next.filter(({ key }) => !isSetting(key)),
  )
}

/** Gives space back; what was only held is free at once. */
export async function releaseEntry(context: WriteContext, entryId: string): Promise<void> {
  const found = await findEntry(context, entryId)
  if (isHold(found)) return dropHold(context, found)
  const { id, type } = tagHomeOf(context, found)
  if (!type) {
    const because = { why: 'ends-with-resource', resourceType: found.resourceType, resource: id } as const
    refuse({ code: 'NotSupported', what: { feature: 'releasing' }, because })
  }
  if (type === 'elastic-ip') {
    await releaseElasticIp(holderOf(context, found), found)
    return
  }
  await releaseAllocation(context, found, await permitter(context, 'allocation:read'))
}

/** Makes an allocation of what is held. */
export async function confirmEntry(
  context: WriteContext,
  id: string,
  changes: { readonly resourceId?: string | undefined; readonly description?: string | undefined },
): Promise<DescribedEntry> {
  const hold = await getHold(context, id)
  if (hold.resourceType === 'eip') refuseResourceOfEip(changes.resourceId)
  refuseOwnNetwork(context.tx.installation, { ...hold, ...changes })
  refuseUnfitNetwork(hold.resourceType, hold.cidr)
  // Others may have been given the name since: a hold can be given another one.
  if (hold.resourceType !== 'eip') await refuseTakenName(context, hold, hold.request.tags?.get(nameKey), true)
  return describeEntry(context, await confirmHold(context, hold, changes), { tags: heldTags(hold) })
}

/** Holds what is held for so many seconds from now on. */
export async function extendEntry(context: WriteContext, id: string, seconds: number): Promise<DescribedEntry> {
  await extendHold(context, await getHold(context, id), seconds)
  return getDescribedEntry(context, id)
}

async function getHold(context: ReadContext, id: string): Promise<Hold> {
  const found = await findEntry(context, id)
  if (isHold(found)) return found
  return refuse({ code: 'IncorrectState', what: 'ipam-pool-allocation', id, problem: { why: 'not-held' } })
}

const heldTags = ({ request }: Hold): Tag[] => [...(request.tags ?? [])].map(([key, value]) => ({ key, value }))

const holderOf = (context: WriteContext, { account, region }: Allocation): WriteContext =>
  context.actingFor(account, region ?? context.region)
