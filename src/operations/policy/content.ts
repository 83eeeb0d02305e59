// What a policy says: its documents, the versions that they make, and the superseded tags that must agree with them.
import { hash } from 'node:crypto'
import { localeProblem, misspellingProblem } from '#model/locale.ts'
import { canonicalText, type DocumentParams, documentOf, type PolicyDocument } from '#model/policy/document.ts'
import { rulesProblem, settingProblem } from '#model/policy/eligibility.ts'
import { mayUsePool, type Pair } from '#model/policy/resolve.ts'
import { findResourceType, namesOf } from '#model/policy/resource-types.ts'
import { type SettingName, settingNames } from '#model/policy/settings.ts'
import type { PoolFacts, Snapshot } from '#model/policy/snapshot.ts'
import { followTags, saidIn, tagsInLine } from '#model/policy/tag-agreement.ts'
import { keyOf, keyOfSetting, type PolicyTagSettings, settingsFromTags } from '#model/policy/tag-settings.ts'
import type { Compatibility } from '#model/policy/values.ts'
import { whoIs } from '#model/principal.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { PolicyBody } from '#store/tables/governance.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { refuseFreeTier, refuseTooMany } from '../ipam/access.ts'
import { getUsableFacts, refuseNotShared } from '../ipam/known-pools.ts'
import { requesterOf, tell } from '../notification/telling.ts'
import type { Reach, ReadContext, WriteContext } from '../operation.ts'
import { putTags, refuseBadTags } from '../organization/tagging.ts'
import { refuseTooMuchContent, refuseTooMuchWritten } from './account-bounds.ts'
import { writtenFor } from './content-shares.ts'

/** Our own bound, far above Amazon's quotas: every snapshot holds all of it. */
const documentsPerPolicyMax = 1_000
export const policyType = 'ipam-policy'

/** A policy of the caller, in the home Region of its IPAM; anybody else's does not exist (invariant I8). */
export async function getPolicy(context: ReadContext, id: string): Promise<Policy> {
  refuseMalformed('policy', id)
  const policy = await context.tx.policies.find(id)
  if (policy?.account !== context.caller.account || policy.region !== context.region) {
    refuse({ code: 'NotFound', what: 'ipam-policy', id })
  }
  return policy
}

/** Takes policies that are enabled nowhere away, with their tags. Their versions stay on record. */
export async function removePolicies(context: WriteContext, ids: readonly string[]): Promise<void> {
  const by = whoIs(context.caller)
  const { policies } = await context.snapshot()
  const about = { kind: 'policy.deleted', facts: { by }, requester: requesterOf(context) } as const
  for (const id of ids) {
    const policy = policies.get(id)
    if (policy) await tell(context.tx, { ...about, node: policy.account, subject: id })
  }
  await context.tx.policies.delete(ids)
  await context.tx.tags.removeAllOf(ids)
  await context.tx.history.ended(ids)
  for (const id of ids) context.changed(id)
}

/** A policy's IPAM stands as long as the policy does: the schema's foreign key sees to it. */
export const ipamOf = async (context: ReadContext, { ipamId }: Policy): Promise<Ipam> =>
  (await context.tx.ipams.find(ipamId))!

/** What the version in force says. A policy has one from its first moment. */
export async function contentOf(context: ReadContext, { id, version }: Policy): Promise<PolicyBody> {
  return (await context.tx.policies.findVersion(id, version))!.body
}

export const isSamePair = (a: Pair, b: Pair): boolean => a.locale === b.locale && a.resourceType === b.resourceType

/** Tags are checked before they are put, so that those in the store always parse. */
export function settingsOf(tags: readonly Tag[]): PolicyTagSettings {
  const { settings, problem } = settingsFromTags('policy', tags)
  if (problem) refuseValue(problem.key, problem.value, problem.problem)
  return settings
}
export const tagSettingsOf = async (context: ReadContext, { id }: Policy): Promise<PolicyTagSettings> =>
  settingsOf(await context.tx.tags.of(id))

// What changes -------------------------------------------------------------------------------------------------------

/** Writes the document for a pair as a whole, as the next version: a setting that is not said has its default. */
export async function writeDocument(context: WriteContext, policy: Policy, params: DocumentParams): Promise<void> {
  const { compatibility } = await contentOf(context, policy)
  await putDocument(context, policy, documentOf(params, compatibility))
}

/** Puts a document in the place of the one for its pair, as the next version. One without rules takes it away. */
export async function putDocument(context: WriteContext, policy: Policy, document: PolicyDocument): Promise<void> {
  await refuseUnfitDocument(context, policy, document)
  const content = await contentOf(context, policy)
  const documents = content.documents.filter((one) => !isSamePair(one, document))
  if (document.rules.length > 0) documents.push(document)
  refuseTooMany({ of: 'documents' }, documentsPerPolicyMax, documents.length)
  await writeVersion(context, policy, { ...content, documents })
  await bringTagsInLine(context, policy, [document])
  await recordVersion(context, policy.id)
}

/** Changes whose semantics a policy has: settings that nobody said follow. */
export async function setCompatibility(
  context: WriteContext,
  policy: Policy,
  compatibility: Compatibility,
): Promise<void> {
  const { documents } = await contentOf(context, policy)
  const tags = await tagSettingsOf(context, policy)
  const follow = { before: tags, after: tags, compatibility }
  await writeVersion(context, policy, {
    compatibility,
    documents: documents.map((document) => followTags(document, follow)),
  })
  await bringCompatibilityInLine(context, policy, compatibility)
  await recordVersion(context, policy.id)
}

/** Makes an old version's content the next version. Its pools must still be there, and fit. */
export async function restoreVersion(context: WriteContext, policy: Policy, version: number): Promise<void> {
  const restored = await context.tx.policies.findVersion(policy.id, version)
  if (!restored) refuse({ code: 'NotFound', what: 'policy-version', id: String(version) })
  const { compatibility } = restored.body
  const documents = restored.body.documents.map(({ said, ...document }): PolicyDocument => {
    const names = [...new Set([...(said ?? []), ...saidIn(document.settings, compatibility)])]
    return names.length > 0 ? { ...document, said: names } : document
  })
  for (const document of documents) await refuseUnfitDocument(context, policy, document)
  await writeVersion(context, policy, { compatibility, documents })
  await bringCompatibilityInLine(context, policy, compatibility)
  await bringTagsInLine(context, policy, documents)
  await recordVersion(context, policy.id)
}

/** Writes a version that is not in force, to be a candidate. Its pools must be there, and fit; what does not is named `documents.N…`. */
export async function draftVersion(context: WriteContext, policy: Policy, body: PolicyBody): Promise<number> {
  refuseTooMany({ of: 'documents' }, documentsPerPolicyMax, body.documents.length)
  for (const [index, document] of body.documents.entries()) {
    await refuseUnfitDocument(context, policy, document, inList(index))
  }
  const text = JSON.stringify(body)
  await refuseTooMuchWritten(context, policy, text, { isDraft: true })
  const version = (await context.tx.policies.highestVersion(policy.id)) + 1
  const contentHash = hashOf(policy, body)
  const drafted = { version, contentHash, text, author: context.caller.arn, ...factsOf(body) }
  await context.tx.policies.insertVersion(policy, drafted, await writtenFor(context, policy.account))
  context.changed(policy.id)
  // Nothing is decided by it, and who has planned what policies say finds it otherwise.
  await context.governanceChanged('nothing')
  return version
}

/** Puts a version in force that has been a candidate, and is counted already. `recordVersion` must follow. */
export async function putInForce(context: WriteContext, policy: Policy, version: number): Promise<void> {
  const { compatibility, documents } = (await context.tx.policies.findVersion(policy.id, version))!.body
  for (const document of documents) await refuseUnfitDocument(context, policy, document)
  await context.tx.policies.putInForce(policy.id, version)
  await tellOfVersion(context, policy, version)
  await bringCompatibilityInLine(context, policy, compatibility)
  await bringTagsInLine(context, policy, documents)
}

/** Writes the next version; none where nothing in it would be new. */
export async function writeVersion(context: WriteContext, policy: Policy, body: PolicyBody): Promise<void> {
  const contentHash = hashOf(policy, body)
  const inForce = await context.tx.policies.measureVersion(policy.id, policy.version)
  if (inForce?.contentHash === contentHash) return
  const text = JSON.stringify(body)
  await refuseTooMuchWritten(context, policy, text, { isDraft: false })
  const version = (await context.tx.policies.highestVersion(policy.id)) + 1
  const change = { policyId: policy.id, inForce: version }
  await refuseTooMuchContent(context, policy.account, change, Buffer.byteLength(text))
  const next = { version, contentHash, text, author: context.caller.arn, ...factsOf(body) }
  await context.tx.policies.addVersion(policy, next, await writtenFor(context, policy.account))
  await tellOfVersion(context, policy, version)
}

async function tellOfVersion(context: WriteContext, policy: Policy, version: number): Promise<void> {
  const isNew = version === 1 ? ({ isNew: true } as const) : {}
  const facts = { version, by: whoIs(context.caller), ...isNew }
  const requester = requesterOf(context)
  await tell(context.tx, { kind: 'policy.changed', node: policy.account, subject: policy.id, facts, requester })
}

const factsOf = ({ compatibility, documents }: PolicyBody) => ({ compatibility, documentCount: documents.length })
const hashOf = ({ id: policyId, ipamId, account, version }: Policy, body: PolicyBody): string =>
  hash('sha256', canonicalText({ policyId, ipamId, account, version, ...body }), 'hex')

/** The policy as it is now, for the history, and that decisions must be made anew. */
export async function recordVersion(context: WriteContext, id: string, reach?: Reach): Promise<void> {
  const policy = (await context.tx.policies.find(id))!
  const version = (await context.tx.policies.measureVersion(id, policy.version))!
  await context.tx.history.changed(
    { id, kind: policyType, account: policy.account },
    {
      ...policy,
      contentHash: version.contentHash,
      assignments: await context.tx.policies.assignmentsOf(id),
      candidates: await context.tx.candidates.ofPolicy(id),
      tags: await context.tx.tags.forHistory(id),
    },
  )
  context.changed(id)
  await context.governanceChanged(reach)
}

// Whether it can be --------------------------------------------------------------------------------------------------

/** Before the names of members of a document in a list of them. */
export const inList = (index: number): string => `documents.${index}.`

/**
 * Refuses a document that could not be met now: by its place, its pools or its sizes. One without rules takes a document away.
 * @param at stands before the names of its members, where it is a part of a request
 */
export async function refuseUnfitDocument(
  context: ReadContext,
  policy: Policy,
  document: PolicyDocument,
  at = '',
): Promise<void> {
  const { locale, resourceType, rules } = document
  const snapshot = await context.snapshot()
  const ipam = await ipamOf(context, policy)
  const pools: PoolFacts[] = []
  for (const { pool } of rules) pools.push(await getPoolFacts(context, policy, pool))
  const unfit = localeProblem(locale, resourceType, ipam.operatingRegions)
  if (unfit !== undefined) refuseValue(`${at}locale`, locale, unfit)
  const misspelt = misspellingProblem(locale)
  const isInUse = (): boolean => [...snapshot.pools.values()].some((pool) => pool.locale === locale)
  if (misspelt !== undefined && !isInUse()) refuseValue(`${at}locale`, locale, misspelt)
  const wrong = rulesProblem({ ipam, locale, resourceType }, pools, snapshot.resourceTypes)
  if (wrong?.field === 'poolId') {
    const index = pools.findIndex(({ id }) => id === wrong.value)
    refuseValue(`${at}rules.${index}.poolId`, wrong.value, wrong.problem)
  }
  if (wrong) refuseValue(`${at}${wrong.field}`, wrong.value, wrong.problem)
  if (pools.length > 0) refuseFreeTier(ipam, 'policy')
  if (rules.length > 0) refuseUnfitSettings(snapshot, document, (name) => `${at}${name}`)
}

function refuseUnfitSettings(
  { resourceTypes }: Snapshot,
  document: PolicyDocument,
  fieldOf: (name: SettingName) => string,
): void {
  const wrong = settingProblem(document, resourceTypes)
  if (wrong) refuseValue(fieldOf(wrong.setting), wrong.value, wrong.problem)
}

export async function refuseUnknownType(context: ReadContext, name: string, at = ''): Promise<void> {
  const { resourceTypes } = await context.snapshot()
  if (findResourceType(name, resourceTypes)) return
  refuseValue(`${at}resourceType`, name, { why: 'one-of-types', known: namesOf(resourceTypes) })
}

async function getPoolFacts(context: ReadContext, { account }: Policy, id: string): Promise<PoolFacts> {
  const snapshot = await context.snapshot()
  const pool = await getUsableFacts(context, account, id)
  // What an exception lists for the time being is nothing for a policy to stand on.
  return mayUsePool(snapshot, account, id) ? pool : refuseNotShared(context, account, pool)
}

// The superseded tags ------------------------------------------------------------------------------------------------

/** Moves the fields that a change of a policy's tags speaks of, as the next version. */
export async function followChangedTags(
  context: WriteContext,
  policy: Policy,
  { before, after }: { readonly before: PolicyTagSettings; readonly after: PolicyTagSettings },
): Promise<void> {
  const content = await contentOf(context, policy)
  const unsaid = before.compatibility === undefined ? content.compatibility : policy.compatibilityDefault
  const compatibility = after.compatibility ?? unsaid
  const documents = content.documents.map((document) => followTags(document, { before, after, compatibility }))
  const snapshot = await context.snapshot()
  for (const [index, document] of documents.entries()) {
    const { settings } = content.documents[index]!
    const isAsBefore = settingNames.every((name) => document.settings[name] === settings[name])
    // What was there before settings were checked must not keep anybody from changing another tag.
    if (!isAsBefore) refuseUnfitSettings(snapshot, document, keyOfSetting)
  }
  await writeVersion(context, policy, { compatibility, documents })
}

/** Rewrites the tags that say otherwise than the documents, so that none can undo them and both views agree. */
async function bringTagsInLine(
  context: WriteContext,
  policy: Policy,
  documents: readonly PolicyDocument[],
): Promise<void> {
  for (const document of documents) {
    const changes = tagsInLine(await context.tx.tags.of(policy.id), document)
    if ('problem' in changes) {
      const { key, value } = changes.problem
      const { resourceType, locale } = document
      const problem = { why: 'tag-says-otherwise', resourceType, locale, key, value } as const
      refuse({ code: 'IncorrectState', what: 'ipam-policy', id: policy.id, problem })
    }
    await changeTags(context, policy, changes)
  }
}

async function bringCompatibilityInLine(context: WriteContext, policy: Policy, value: Compatibility): Promise<void> {
  const key = keyOf('policy', 'compatibility')
  const said = (await context.tx.tags.mapOf(policy.id)).get(key)
  if (said !== undefined && said !== value) await changeTags(context, policy, { put: [], removed: [key] })
}

export async function changeTags(
  context: WriteContext,
  { id, account }: Policy,
  { put, removed }: { readonly put: readonly Tag[]; readonly removed: readonly string[] },
): Promise<void> {
  await context.tx.tags.remove(id, removed)
  await putTags(context, { id, type: policyType, account }, put)
  if (put.length > 0) refuseBadTags(policyType, await context.tx.tags.of(id))
}
