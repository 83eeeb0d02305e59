// Policies: made in an IPAM, deleted where they are enabled nowhere, and in line with their tags (policy-model §§1 to 4).
import type { Compatibility } from '#model/policy/values.ts'
import type { Tag } from '#model/tags.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseFreeTier } from '../ipam/access.ts'
import type { WriteContext } from '../operation.ts'
import {
  differenceOf,
  labelled,
  putTags,
  refuseBadContact,
  refuseBadName,
  refuseBadTags,
} from '../organization/tagging.ts'
import { refuseTooManyPolicies } from './account-bounds.ts'
import { reassignAsTagged, refuseWhileEnabled } from './assignments.ts'
import {
  changeTags,
  followChangedTags,
  policyType,
  recordVersion,
  removePolicies,
  setCompatibility,
  settingsOf,
  tagSettingsOf,
  writeVersion,
} from './content.ts'

export interface PolicySpec {
  /** As it is told apart by from the others of its IPAM. */
  readonly name?: string
  /** Whom to ask about it; its owner's contact by default. */
  readonly contact?: string
  readonly compatibility?: Compatibility
  /** Some of them may be settings. */
  readonly tags: readonly Tag[]
}
export interface PolicyChanges {
  /** `null`: none. */
  readonly name?: string | null
  /** `null`: none of its own. */
  readonly contact?: string | null
  readonly compatibility?: Compatibility
  /** All that it is to have, beside those that are settings and its name. */
  readonly tags?: readonly Tag[]
}

/** Makes a policy without documents. What its compatibility is where neither params nor tag says, the IPAM says. */
export async function createPolicy(
  context: WriteContext,
  ipam: Ipam,
  { name, contact, compatibility, ...given }: PolicySpec,
): Promise<Policy> {
  refuseFreeTier(ipam, 'policy')
  refuseBadContact(contact)
  await refuseBadName(context, { id: '', type: policyType, account: ipam.account, parent: ipam.id }, name)
  const tags = labelled(given.tags, { name })
  if (name !== undefined) refuseBadTags(policyType, tags)
  await refuseTooManyPolicies(context, ipam.account)
  const policy: Policy = {
    id: context.newId('policy'),
    ipamId: ipam.id,
    account: ipam.account,
    region: ipam.region,
    version: 1,
    compatibilityDefault: ipam.policyCompatibility,
    contact,
    createdAt: context.now,
  }
  await context.tx.policies.insert(policy)
  await putTags(context, { id: policy.id, type: policyType, account: policy.account }, tags)
  const said = compatibility ?? settingsOf(tags).compatibility ?? ipam.policyCompatibility
  await writeVersion(context, policy, { compatibility: said, documents: [] })
  await recordVersion(context, policy.id, 'nothing')
  return policy
}

/** Changes what a policy is called, whom to ask about it, its tags and its compatibility; not what its documents say. */
export async function updatePolicy(context: WriteContext, policy: Policy, changes: PolicyChanges): Promise<void> {
  const { id, account, ipamId } = policy
  const { name, contact, tags, compatibility } = changes
  refuseBadContact(contact)
  await refuseBadName(context, { id, type: policyType, account, parent: ipamId }, name)
  if (contact !== undefined) await context.tx.policies.setContact(id, contact ?? undefined)
  if (name !== undefined || tags) {
    const current = await context.tx.tags.of(id)
    const next = labelled(current, { name, tags })
    refuseBadTags(policyType, next, (await context.snapshot()).resourceTypes)
    await changeTags(context, policy, differenceOf(current, next))
  }
  if (compatibility) await setCompatibility(context, policy, compatibility)
  else await recordVersion(context, id, 'nothing')
}

/** Deletes a policy that is enabled nowhere. Its versions stay on record. */
export async function deletePolicy(context: WriteContext, policy: Policy): Promise<void> {
  await refuseWhileEnabled(context, policy)
  await removePolicies(context, [policy.id])
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
