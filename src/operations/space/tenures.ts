// How tenures change and end: what an allocation says beside its own row is gathered here, and kept with it.
import { formatId } from '#model/identifier.ts'
import type { AddressAssociation } from '#store/tables/addresses.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { TagHomes } from '#store/tables/tags.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

/** The ids under which an allocation can be tagged: an Elastic IP is its allocation under another name. */
export function tagHomesOf(
  { tx }: Pick<ReadContext, 'tx'>,
  { n, resourceType }: Pick<Allocation, 'n' | 'resourceType'>,
): TagHomes {
  const id = formatId('allocation', tx.installation, n)
  return resourceType === 'eip' ? [id, formatId('address', tx.installation, n)] : [id]
}

/**
 * Begins the next state of an allocation, where it is about to say something else. To be called before anything of it
 * is changed, and not again for what the same request changes next: that is of the same state.
 * @param description as it is from now on; tags and associations are for the caller to change
 */
export async function beginState(
  context: WriteContext,
  allocation: Allocation,
  description: string | undefined,
): Promise<void> {
  const { tags, addresses, space } = context.tx
  const said = {
    tags: await tags.mergedOf(tagHomesOf(context, allocation)),
    association: allocation.resourceType === 'eip' ? await addresses.associationOf(allocation.n) : undefined,
  }
  await space.states.begin(allocation, said, description, context.requestId)
}

/**
 * Ends an allocation, and its tags with it; its space is in quarantine until `endsAt`.
 * @param association what used an Elastic IP until now, where that ends in the same request
 */
export async function endTenure(
  context: Pick<WriteContext, 'tx'>,
  allocation: Allocation,
  endsAt: number,
  association?: AddressAssociation,
): Promise<void> {
  const tags = await context.tx.tags.takeAll(tagHomesOf(context, allocation))
  await context.tx.space.release(allocation, endsAt, { tags, association })
}
