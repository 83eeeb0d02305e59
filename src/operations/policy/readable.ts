// Policies, their versions and documents as whoever may read policies of their owner finds them.
import { compareContents } from '#model/policy/comparison.ts'
import type { PolicyDocument } from '#model/policy/document.ts'
import type { Compatibility } from '#model/policy/values.ts'
import type { Tag } from '#model/tags.ts'
import type { Policy, StoredVersion } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Page, type PageAsked, readFrom, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { listVisible, readable } from '../readable.ts'
import { contentOf, refuseUnknownType } from './content.ts'
import { findKept, findPolicy, getVersion } from './places.ts'

/** A policy with what the version in force says of it. */
export interface DescribedPolicy {
  readonly policy: Policy
  readonly contentHash: string
  readonly compatibility: Compatibility
  readonly documentCount: number
  readonly assignmentCount: number
  readonly tags: readonly Tag[]
}

export const readablePolicies = readable<Policy, DescribedPolicy>('policy', {
  find: ({ tx }, id) => tx.policies.find(id),
  async describe(context, policies) {
    const described: DescribedPolicy[] = []
    for (const policy of policies) described.push(await describePolicy(context, policy))
    return described
  },
})

async function describePolicy({ tx }: ReadContext, policy: Policy): Promise<DescribedPolicy> {
  const { contentHash, body } = (await tx.policies.findVersion(policy.id, policy.version))!
  // A list parses one such policy after the other.
  await tx.nextTurn()
  return {
    policy,
    contentHash,
    compatibility: body.compatibility,
    documentCount: body.documents.length,
    assignmentCount: (await tx.policies.assignmentsOf(policy.id)).length,
    tags: await tx.tags.of(policy.id),
  }
}

export async function listPolicies(
  context: ReadContext,
  { account, ipamId }: { readonly account?: string | undefined; readonly ipamId?: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<DescribedPolicy, string>> {
  if (ipamId !== undefined) refuseMalformed('ipam', ipamId)
  const isWanted = (row: Policy): boolean =>
    (account === undefined || row.account === account) && (ipamId === undefined || row.ipamId === ipamId)
  return listVisible(context, 'policy:read', asked, {
    read: (after = '', limit) => context.tx.policies.list(after, limit),
    placeOf: ({ id }) => id,
    nodeOf: ({ account }) => account,
    async describe(rows) {
      const described = await readablePolicies.describe(context, rows.filter(isWanted))
      const byPolicy = new Map(described.map((one) => [one.policy, one]))
      return rows.map((row) => byPolicy.get(row))
    },
  })
}

// Versions -----------------------------------------------------------------------------------------------------------

/** A version, also of a policy that is deleted: then with when that was. */
export interface KeptVersion {
  readonly policyId: string
  readonly version: StoredVersion
  readonly deletedAt: number | undefined
}

/** The versions of a policy, the first one first. */
export async function listVersions(
  context: ReadContext,
  policyId: string,
  asked: PageAsked<string>,
): Promise<Page<KeptVersion, string>> {
  const { deletedAt } = await findKept(context, policyId)
  return readPage(context, asked, {
    read: (after = '0', limit) => context.tx.policies.versionsAfter(policyId, Number(after), limit),
    placeOf: String,
    async show(numbers) {
      const shown: KeptVersion[] = []
      // One at a time: each is as long as all documents of the policy.
      for (const number of numbers) {
        shown.push({ policyId, version: await getVersion(context, policyId, number), deletedAt })
        await context.tx.nextTurn()
      }
      return shown
    },
  })
}

export async function getKeptVersion(context: ReadContext, policyId: string, number: number): Promise<KeptVersion> {
  const { deletedAt } = await findKept(context, policyId)
  return { policyId, version: await getVersion(context, policyId, number), deletedAt }
}

/** How one version of a policy differs from another one. */
export async function compareVersions(
  context: ReadContext,
  { policyId, from, to }: { readonly policyId: string; readonly from: number; readonly to: number },
): Promise<ReturnType<typeof compareContents> & { readonly deletedAt: number | undefined }> {
  const before = await getVersion(context, policyId, from)
  await context.tx.nextTurn()
  const after = await getVersion(context, policyId, to)
  await context.tx.nextTurn()
  const { deletedAt } = await findKept(context, policyId)
  return { ...compareContents(before.body, after.body), deletedAt }
}

// Documents ----------------------------------------------------------------------------------------------------------

interface DocumentFilter {
  readonly policyId: string
  readonly locale?: string | undefined
  readonly resourceType?: string | undefined
}

/** The documents of a policy, in order of locale and resource type. */
export async function listDocuments(
  context: ReadContext,
  { policyId, locale, resourceType }: DocumentFilter,
  asked: PageAsked<string>,
): Promise<Page<PolicyDocument, string>> {
  if (resourceType !== undefined) await refuseUnknownType(context, resourceType)
  const { documents } = await contentOf(context, await findPolicy(context, policyId))
  const placeOf = (document: PolicyDocument): string => `${document.locale}/${document.resourceType}`
  const wanted = documents
    .filter((one) => locale === undefined || one.locale === locale)
    .filter((one) => resourceType === undefined || one.resourceType === resourceType)
    .map((document) => ({ document, place: placeOf(document) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
  return readPage(context, asked, {
    read: readFrom(wanted, ({ place }, after) => place > after),
    placeOf: ({ place }) => place,
    show: (rows) => rows.map(({ document }) => document),
  })
}
