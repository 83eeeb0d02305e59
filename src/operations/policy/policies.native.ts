// Policies, their versions, and the documents that those are made of.
import { z } from 'zod'
import { hasShape } from '#model/identifier.ts'
import { compareContents } from '#model/policy/comparison.ts'
import { refuse } from '#model/refusal.ts'
import { isSetting, nameKey } from '#model/tags.ts'
import type { Policy, StoredVersion, VersionPlace } from '#store/tables/policies.ts'
import { permitter } from '../identity/authority.ts'
import { documentsBody, nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { between, partsOfPlace, readSpan } from '../record/shapes.native.ts'
import {
  accountId,
  accountName,
  formatInstant,
  gatherPage,
  idText,
  instant,
  ipamName,
  nameShapes,
  pageOf,
  paging,
  policyName,
} from '../shapes.native.ts'
import { allTags, contact, labelsFrom, newName, refuseNoChange, shownName } from '../space/shapes.native.ts'
import { contentOf, putDocument, refuseUnknownType, restoreVersion, writeDocument } from './content.ts'
import {
  actingOn,
  findKept,
  findPolicy,
  getDocument,
  getVersion,
  placeOfIpam,
  placeOfPolicy,
  placeOfVersions,
} from './places.ts'
import { createPolicy as create, deletePolicy as remove, updatePolicy as update } from './policies.ts'
import {
  compatibility,
  document,
  documentParams,
  hashField,
  locale,
  policyDeletedAt,
  policyId,
  readDocument,
  resourceTypeName,
  showDocument,
  showVersionFacts,
  tags,
  version,
  versionNumber,
  versionSummary,
} from './shapes.native.ts'

const ipamId = idText('ipam').describe('`ipam-…`.')
const policy = z.object({
  policyId,
  name: shownName.optional(),
  ipamId,
  account: accountId.describe('Whose policy it is: the owner of its IPAM.'),
  region: z.string().describe('The home Region of its IPAM.'),
  version: z.number().int().describe('The version in force.'),
  contentHash: hashField,
  compatibility,
  documentCount: z.number().int(),
  assignmentCount: z.number().int(),
  contact: contact.optional(),
  tags: z.record(z.string(), z.string()),
  supersededTags: z
    .array(z.string())
    .describe('Keys of settings that were set as tags over EC2. They agree with the fields, which are what holds.'),
  createdAt: instant,
})

// Policies -----------------------------------------------------------------------------------------------------------

export const listPolicies = nativeRead({
  name: 'listPolicies',
  summary: 'List policies, as far as you may see them.',
  action: 'policy:read',
  input: z.strictObject({
    ...paging,
    account: accountName.optional().describe('Only those of this account.'),
    ipamId: ipamName.optional().describe('Only those of this IPAM.'),
  }),
  output: pageOf(policy),
  rest: { method: 'GET', path: '/policies' },
  cli: 'policy list',
  columns: ['policyId', 'name', 'account', 'version', 'compatibility', 'documentCount', 'assignmentCount'],
  refusals: ['InvalidPaginationToken', 'MalformedId'],
  at: 'filtered',
  async run(context, { account, ipamId, ...params }) {
    if (ipamId !== undefined && !hasShape('ipam', ipamId)) {
      refuse({ code: 'MalformedId', what: 'ipam', id: ipamId, expected: 'ipam-...' })
    }
    const isPermitted = await permitter(context, 'policy:read')
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.policies.list({ ipamId, account }, after, limit),
      key: ({ id }) => id,
      async showAll(rows) {
        const shown = await describeAll(
          context,
          rows.filter((row) => isPermitted(row.account)),
        )
        return rows.map(({ id }) => shown.get(id))
      },
    })
  },
})

export const getPolicy = nativeRead({
  name: 'getPolicy',
  summary: 'Show one policy.',
  action: 'policy:read',
  input: z.strictObject({ policyId: policyName }),
  output: policy,
  rest: { method: 'GET', path: '/policies/{policyId}' },
  cli: 'policy show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfPolicy,
  run: async (context, input) => describe(context, await findPolicy(context, input.policyId)),
})

export const createPolicy = nativeWrite({
  name: 'createPolicy',
  summary: 'Make a policy in an IPAM. It says nothing before it has documents, and acts nowhere before it is assigned.',
  action: 'policy:manage',
  input: z.strictObject({
    ipamId: ipamName,
    name: newName.optional(),
    contact: contact.optional(),
    compatibility: compatibility.optional().describe('What the IPAM says, by default.'),
    tags: tags.default({}),
  }),
  output: policy,
  rest: { method: 'POST', path: '/policies', status: 201 },
  cli: 'policy create',
  refusals: ['NotFound', 'MalformedId', 'AlreadyExists', 'NotSupported', 'LimitExceeded'],
  at: placeOfIpam,
  async run(context, params) {
    const ipam = (await context.tx.ipams.find(params.ipamId))!
    const acting = context.actingFor(ipam.account, ipam.region)
    const { ipamId: _, name, tags, ...spec } = params
    return describe(context, await create(acting, ipam, { tags: [], ...spec, ...labelsFrom({ name, tags }) }))
  },
})

export const updatePolicy = nativeWrite({
  name: 'updatePolicy',
  summary: "Change a policy's name, contact, compatibility or tags.",
  description: 'Settings that no document says follow the compatibility.',
  action: 'policy:manage',
  input: z.strictObject({
    policyId: policyName,
    name: newName.nullable().optional().describe('`null`: none.'),
    contact: contact.nullable().optional().describe("`null`: its owner's."),
    compatibility: compatibility.optional(),
    tags: tags.optional().describe(allTags),
  }),
  output: policy,
  rest: { method: 'PATCH', path: '/policies/{policyId}' },
  cli: 'policy update',
  refusals: [
    'NotFound',
    'MalformedId',
    'AlreadyExists',
    'InvalidParameterCombination',
    'LimitExceeded',
    'PolicyConflict',
  ],
  changes: getPolicy,
  at: placeOfPolicy,
  async run(context, { policyId, name, tags, ...changes }) {
    refuseNoChange({ name, tags, ...changes }, ['name', 'contact', 'compatibility', 'tags'])
    const { acting, found } = await actingOn(context, policyId)
    await update(acting, found, { ...changes, ...labelsFrom({ name, tags }) })
    return describe(context, await findPolicy(context, policyId))
  },
})

export const deletePolicy = nativeWrite({
  name: 'deletePolicy',
  summary: 'Delete a policy that is assigned nowhere. Its versions are kept.',
  action: 'policy:manage',
  input: z.strictObject({ policyId: policyName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/policies/{policyId}', status: 204 },
  cli: 'policy delete',
  refusals: ['NotFound', 'MalformedId', 'DependencyViolation'],
  changes: getPolicy,
  at: placeOfPolicy,
  async run(context, input) {
    const { acting, found } = await actingOn(context, input.policyId)
    await remove(acting, found)
  },
})

// Versions -----------------------------------------------------------------------------------------------------------

export const listPolicyVersions = nativeRead({
  name: 'listPolicyVersions',
  summary: 'List the versions of a policy, newest first. None is ever changed.',
  action: 'policy:read',
  input: z.strictObject({ ...paging, policyId: policyName, ...between }),
  output: pageOf(versionSummary),
  rest: { method: 'GET', path: '/policies/{policyId}/versions' },
  cli: 'policy-version list',
  columns: ['version', 'compatibility', 'documentCount', 'author', 'createdAt', 'contentHash'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfVersions,
  async run(context, { policyId, from, until, ...params }) {
    const { deletedAt } = await findKept(context, policyId)
    const span = readSpan({ from, until })
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.policies.versionsBefore(policyId, span, placeIn(after), limit),
      key: ({ createdAt, version }) => `${createdAt}/${version}`,
      show: async ({ documentCount, ...row }) => ({ ...showVersionFacts(policyId, row, deletedAt), documentCount }),
    })
  },
})
function placeIn(text: string): VersionPlace | undefined {
  if (text === '') return undefined
  const [createdAt, version] = partsOfPlace(text, /^(\d{1,16})\/(\d{1,16})$/).map(Number)
  return { createdAt: createdAt!, version: version! }
}

export const getPolicyVersion = nativeRead({
  name: 'getPolicyVersion',
  summary: 'Show one version of a policy, with its documents.',
  action: 'policy:read',
  input: z.strictObject({ policyId: policyName, version: versionNumber }),
  output: version,
  rest: { method: 'GET', path: '/policies/{policyId}/versions/{version}' },
  cli: 'policy-version show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfVersions,
  async run(context, input) {
    const { deletedAt } = await findKept(context, input.policyId)
    return describeVersion(input.policyId, await getVersion(context, input.policyId, input.version), deletedAt)
  },
})

const change = z.object({
  locale,
  resourceType: resourceTypeName,
  from: document.optional().describe('Absent where there was none.'),
  to: document.optional().describe('Absent where there is none any more.'),
  settings: z.array(z.string()).describe('The settings that differ.'),
  rules: z.boolean().describe('Whether pools, their order or conditions differ.'),
})
nameShapes({ Policy: policy, PolicyDocumentChange: change })
export const comparePolicyVersions = nativeRead({
  name: 'comparePolicyVersions',
  summary: 'Compare two versions of a policy.',
  action: 'policy:read',
  input: z.strictObject({ policyId: policyName, from: versionNumber, to: versionNumber }),
  output: z.object({
    policyId,
    from: z.number().int(),
    to: z.number().int(),
    isEqual: z.boolean().describe('Whether both say the same.'),
    compatibility: z.object({ from: compatibility, to: compatibility }).optional(),
    documents: z.array(change).describe('Those that differ, in order of locale and resource type.'),
    deletedAt: policyDeletedAt,
  }),
  rest: { method: 'GET', path: '/policies/{policyId}/comparison' },
  cli: 'policy-version compare',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfVersions,
  async run(context, { policyId, from, to }) {
    const before = await getVersion(context, policyId, from)
    await context.tx.nextTurn()
    const after = await getVersion(context, policyId, to)
    await context.tx.nextTurn()
    const { isEqual, compatibility, documents } = compareContents(before.body, after.body)
    const { deletedAt } = await findKept(context, policyId)
    return {
      policyId,
      from,
      to,
      isEqual,
      ...(compatibility ? { compatibility } : {}),
      ...(deletedAt === undefined ? {} : { deletedAt: formatInstant(deletedAt) }),
      documents: documents.map(({ from, to, settings, ...rest }) => ({
        ...rest,
        settings: [...settings],
        ...(from ? { from: showDocument(from) } : {}),
        ...(to ? { to: showDocument(to) } : {}),
      })),
    }
  },
})

export const restorePolicyVersion = nativeWrite({
  name: 'restorePolicyVersion',
  summary: 'Make what an old version says the next version.',
  description: 'Its pools must still be there. Where the version in force says the same, it stays.',
  action: 'policy:manage',
  input: z.strictObject({ policyId: policyName, version: versionNumber }),
  output: version,
  rest: { method: 'POST', path: '/policies/{policyId}/versions/{version}/restore', status: 201 },
  cli: 'policy-version restore',
  refusals: [
    'NotFound',
    'NotShared',
    'MalformedId',
    'InvalidParameterValue',
    'LimitExceeded',
    'IncorrectState',
    'PolicyConflict',
  ],
  at: placeOfPolicy,
  async run(context, input) {
    const { acting, found } = await actingOn(context, input.policyId)
    await restoreVersion(acting, found, input.version)
    const { id, version } = await findPolicy(context, input.policyId)
    return describeVersion(id, await getVersion(context, id, version))
  },
})

// Documents ----------------------------------------------------------------------------------------------------------

const pair = { policyId: policyName, locale, resourceType: resourceTypeName }

export const listPolicyDocuments = nativeRead({
  name: 'listPolicyDocuments',
  summary: 'List the documents of a policy, in order of locale and resource type.',
  action: 'policy:read',
  input: z.strictObject({
    ...paging,
    policyId: policyName,
    locale: locale.optional().describe('Only those for this locale.'),
    resourceType: resourceTypeName.optional().describe('Only those for this type.'),
  }),
  output: pageOf(document),
  rest: { method: 'GET', path: '/policies/{policyId}/documents' },
  cli: 'policy-document list',
  columns: ['locale', 'resourceType', 'rules', 'onExplicit', 'onExhausted'],
  refusals: ['NotFound', 'MalformedId', 'InvalidParameterValue', 'InvalidPaginationToken'],
  at: placeOfPolicy,
  async run(context, { policyId, locale, resourceType, ...params }) {
    if (resourceType !== undefined) await refuseUnknownType(context, resourceType)
    const { documents } = await contentOf(context, await findPolicy(context, policyId))
    const keyed = documents
      .filter((one) => locale === undefined || one.locale === locale)
      .filter((one) => resourceType === undefined || one.resourceType === resourceType)
      .map((document) => ({ document, place: `${document.locale}/${document.resourceType}` }))
      .sort((a, b) => (a.place < b.place ? -1 : 1))
    return gatherPage(context, params, {
      read: async (after, limit) => keyed.filter(({ place }) => place > after).slice(0, limit),
      key: ({ place }) => place,
      show: async ({ document }) => showDocument(document),
    })
  },
})

export const getPolicyDocument = nativeRead({
  name: 'getPolicyDocument',
  summary: 'Show the document of a policy for one locale and resource type.',
  action: 'policy:read',
  input: z.strictObject(pair),
  output: document,
  rest: { method: 'GET', path: '/policies/{policyId}/documents/{locale}/{resourceType}' },
  cli: 'policy-document show',
  refusals: ['NotFound', 'MalformedId', 'InvalidParameterValue'],
  at: placeOfPolicy,
  run: async (context, input) => showDocument(await getDocument(context, input)),
})

export const putPolicyDocument = nativeWrite({
  name: 'putPolicyDocument',
  summary: 'Write the document of a policy for one locale and resource type, as a new version.',
  description:
    'The document is replaced as a whole: a setting that is left out has its default. A superseded tag that says otherwise is rewritten or taken away.',
  action: 'policy:manage',
  input: z.strictObject({ ...pair, ...documentParams }),
  output: document,
  rest: { method: 'PUT', path: '/policies/{policyId}/documents/{locale}/{resourceType}', body: documentsBody },
  cli: 'policy-document put',
  refusals: [
    'NotFound',
    'MalformedId',
    'InvalidParameterValue',
    'NotSupported',
    'LimitExceeded',
    'IncorrectState',
    'PolicyConflict',
  ],
  changes: getPolicyDocument,
  at: placeOfPolicy,
  async run(context, { policyId, ...params }) {
    await refuseUnknownType(context, params.resourceType)
    for (const { poolId } of params.rules) {
      if (!hasShape('pool', poolId)) {
        refuse({ code: 'MalformedId', what: 'ipam-pool', id: poolId, expected: 'ipam-pool-...' })
      }
    }
    const { acting, found } = await actingOn(context, policyId)
    await writeDocument(acting, found, readDocument(params))
    return showDocument(await getDocument(context, { policyId, ...params }))
  },
})

export const deletePolicyDocument = nativeWrite({
  name: 'deletePolicyDocument',
  summary: 'Take the document for one locale and resource type out of a policy, as a new version.',
  action: 'policy:manage',
  input: z.strictObject(pair),
  output: z.void(),
  rest: { method: 'DELETE', path: '/policies/{policyId}/documents/{locale}/{resourceType}', status: 204 },
  cli: 'policy-document delete',
  refusals: ['NotFound', 'NotShared', 'MalformedId', 'InvalidParameterValue', 'LimitExceeded', 'PolicyConflict'],
  changes: getPolicyDocument,
  at: placeOfPolicy,
  async run(context, input) {
    const gone = await getDocument(context, input)
    const { acting, found } = await actingOn(context, input.policyId)
    await putDocument(acting, found, { ...gone, rules: [] })
  },
})

// The answer ---------------------------------------------------------------------------------------------------------

const describe = async (context: ReadContext, row: Policy): Promise<z.output<typeof policy>> =>
  (await describeAll(context, [row])).get(row.id)!

async function describeAll(
  { tx }: ReadContext,
  rows: readonly Policy[],
): Promise<ReadonlyMap<string, z.output<typeof policy>>> {
  const ids = rows.map(({ id }) => id)
  const standing = await tx.policies.standingOf(ids)
  const tags = await tx.tags.ofMany(ids)
  return new Map(
    rows.map(({ id, createdAt, ...row }) => {
      const { contentHash, compatibility, documentCount, assignmentCount } = standing.get(id)!
      const stored = tags.get(id) ?? []
      return [
        id,
        {
          policyId: id,
          name: stored.find(({ key }) => key === nameKey)?.value || undefined,
          ipamId: row.ipamId,
          account: row.account,
          region: row.region,
          version: row.version,
          contentHash,
          compatibility,
          documentCount,
          assignmentCount,
          contact: row.contact,
          tags: Object.fromEntries(stored.filter(({ key }) => !isSetting(key)).map(({ key, value }) => [key, value])),
          supersededTags: stored.map(({ key }) => key).filter(isSetting),
          createdAt: formatInstant(createdAt),
        },
      ]
    }),
  )
}

const describeVersion = (policyId: string, row: StoredVersion, deletedAt?: number): z.output<typeof version> => ({
  ...showVersionFacts(policyId, row, deletedAt),
  documents: row.body.documents.map(showDocument),
})
