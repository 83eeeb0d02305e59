// Policies, their versions and documents as whoever may read policies of their owner finds them.
import { compareContents } from '#model/policy/comparison.ts'
import type { PolicyDocument } from '#model/policy/document.ts'
import type { Compatibility } from '#model/policy/values.ts'
import type { Tag } from '#model/tags.ts'
import type { Policy, StoredVersion, VersionFacts, VersionPlace } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Page, type PageAsked, partsOfPlace, type ReadRows, readFrom, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { readable } from '../readable.ts'
import type { Span } from '../record/spans.ts'
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
  async describe({ tx }, policies) {
    const ids = policies.map(({ id }) => id)
    const standing = await tx.policies.standingOf(ids)
    const tags = await tx.tags.ofMany(ids)
    return policies.map((policy) => ({ policy, ...standing.get(policy.id)!, tags: tags.get(policy.id) ?? [] }))
  },
})

export async function listPolicies(
  context: ReadContext,
  { account, ipamId }: { readonly account?: string | undefined; readonly ipamId?: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<DescribedPolicy, string>> {
  if (ipamId !== undefined) refuseMalformed('ipam', ipamId)
  return readablePolicies.list(context, asked, {
    read: (after = '', limit) => context.tx.policies.list({ ipamId, account }, after, limit),
  })
}

// Versions -----------------------------------------------------------------------------------------------------------

/** A version, also of a policy that is deleted: then with when that was. */
export interface KeptVersion {
  readonly policyId: string
  readonly version: StoredVersion
  readonly deletedAt: number | undefined
}

/** A version as lists show it. */
export interface ListedVersion {
  readonly policyId: string
  readonly version: VersionFacts
  readonly deletedAt: number | undefined
}

/** The versions of a policy that were made between two moments, newest first. */
export async function listVersions(
  context: ReadContext,
  policyId: string,
  span: Span,
  asked: PageAsked<string>,
): Promise<Page<ListedVersion, string>> {
  const { deletedAt } = await findKept(context, policyId)
  return readPage(context, asked, {
    read: (after, limit) => context.tx.policies.versionsBefore(policyId, span, versionPlaceIn(after), limit),
    placeOf: ({ createdAt, version }) => `${createdAt}/${version}`,
    show: (versions) => versions.map((version) => ({ policyId, version, deletedAt })),
  })
}
function versionPlaceIn(place: string | undefined): VersionPlace | undefined {
  if (place === undefined) return undefined
  const [createdAt, version] = partsOfPlace(place, /^(\d{1,16})\/(\d{1,16})$/).map(Number)
  return { createdAt: createdAt!, version: version! }
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

interface PairFilter {
  readonly locale?: string | undefined
  readonly resourceType?: string | undefined
}
export const placeOfDocument = ({ locale, resourceType }: PolicyDocument): string => `${locale}/${resourceType}`

/** The documents of a policy, for one locale or type alone where these are given, in order of locale and resource type. */
export async function documentsOf(
  context: ReadContext,
  policy: Policy,
  { locale, resourceType }: PairFilter,
): Promise<ReadRows<PolicyDocument>> {
  const { documents } = await contentOf(context, policy)
  const wanted = documents
    .filter((one) => locale === undefined || one.locale === locale)
    .filter((one) => resourceType === undefined || one.resourceType === resourceType)
    .sort((a, b) => (placeOfDocument(a) < placeOfDocument(b) ? -1 : 1))
  return readFrom(wanted, (document, after) => placeOfDocument(document) > after)
}

/** A page of them, by the policy's id. */
export async function listDocuments(
  context: ReadContext,
  { policyId, ...filter }: PairFilter & { readonly policyId: string },
  asked: PageAsked<string>,
): Promise<Page<PolicyDocument, string>> {
  if (filter.resourceType !== undefined) await refuseUnknownType(context, filter.resourceType)
  return readPage(context, asked, {
    read: await documentsOf(context, await findPolicy(context, policyId), filter),
    placeOf: placeOfDocument,
    show: (rows) => rows,
  })
}
