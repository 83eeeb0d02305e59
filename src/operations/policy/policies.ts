// Policies: made in an IPAM, deleted where they are enabled nowhere, and in line with their tags (policy-model §§1 to 4).
import type { Compatibility } from '#model/policy/document.ts'
import type { Tag } from '#model/tags.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseFreeTier } from '../ipam/access.ts'
import type { WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { refuseTooManyPolicies } from './account-bounds.ts'
import { reassignAsTagged, refuseWhileEnabled } from './assignments.ts'
import {
  followChangedTags,
  policyType,
  recordVersion,
  removePolicy,
  settingsOf,
  tagSettingsOf,
  writeVersion,
} from './content.ts'

/** Makes a policy without documents. What its compatibility is where neither params nor tag says, the IPAM says. */
export async function createPolicy(
  context: WriteContext,
  ipam: Ipam,
  { tags, compatibility }: { readonly tags: readonly Tag[]; readonly compatibility?: Compatibility },
): Promise<Policy> {
  refuseFreeTier(ipam, 'An IPAM policy')
  await refuseTooManyPolicies(context, ipam.account)
  const policy: Policy = {
    id: context.newId('policy'),
    ipamId: ipam.id,
    account: ipam.account,
    region: ipam.region,
    version: 1,
    compatibilityDefault: ipam.policyCompatibility,
    createdAt: context.now,
  }
  await context.tx.policies.insert(policy)
  await putTags(context, { id: policy.id, type: policyType, account: policy.account }, tags)
  const said = compatibility ?? settingsOf(tags).compatibility ?? ipam.policyCompatibility
  await writeVersion(context, policy, { compatibility: said, documents: [] })
  await recordVersion(context, policy.id, 'nothing')
  return policy
}

/** Deletes a policy that is enabled nowhere. Its versions stay on record. */
export async function deletePolicy(context: WriteContext, policy: Policy): Promise<void> {
  await refuseWhileEnabled(context, policy)
  await removePolicy(context, policy)
  await context.governanceChanged('nothing')
}

/** Brings a policy in line with a change of its tags: what a tag says otherwise than before moves, and nothing else. */
export async function applyPolicyTags(context: WriteContext, id: string, tagsBefore: readonly Tag[]): Promise<void> {
  const policy = (await context.tx.policies.find(id))!
  const change = { before: settingsOf(tagsBefore), after: await tagSettingsOf(context, policy) }
  await followChangedTags(context, policy, change)
  await reassignAsTagged(context, policy, change)
  await recordVersion(context, id)
}
