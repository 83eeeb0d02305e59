// Policies, their versions, and the documents that those are made of.
import { z } from 'zod'
import { isSetting, nameKey } from '#model/tags.ts'
import type { Policy } from '#store/tables/policies.ts'
import { readableIpams } from '../ipam/readable.ts'
import { documentsBody, nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { nativeReadings } from '../readings.native.ts'
import { between, readSpan } from '../record/shapes.native.ts'
import {
  accountId,
  accountName,
  answerPage,
  formatInstant,
  idText,
  instant,
  ipamName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  policyName,
} from '../shapes.native.ts'
import {
  allTags,
  contact,
  labelsFrom,
  newName,
  refuseNoChange,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import { getDocument, placeOfPolicy, placeOfVersions } from './places.ts'
import { changePolicy, dropDocument, dropPolicy, makePolicy, putDocumentOf, restorePolicy } from './policy-requests.ts'
import {
  compareVersions,
  type DescribedPolicy,
  getKeptVersion,
  type KeptVersion,
  listDocuments,
  listPolicies as listPoliciesOf,
  listVersions,
  readablePolicies,
} from './readable.ts'
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
  tags: shownTags,
  supersededTags: z
    .array(z.string())
    .describe('Keys of settings that were set as tags over EC2. They agree with the fields, which are what holds.'),
  createdAt: instant,
})

// Policies -----------------------------------------------------------------------------------------------------------

export const { list: listPolicies, get: getPolicy } = nativeReadings({
  kind: 'policy',
  filter: {
    account: accountName.optional().describe('Only those of this account.'),
    ipamId: ipamName.optional().describe('Only those of this IPAM.'),
  },
  output: policy,
  columns: ['policyId', 'name', 'account', 'version', 'compatibility', 'documentCount', 'assignmentCount'],
  listRefusals: ['MalformedId'],
  readable: readablePolicies,
  list: listPoliciesOf,
  show,
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
  at: (context, { ipamId }) => readableIpams.placeOf(context, ipamId),
  run: async (context, { ipamId, name, tags, ...spec }) =>
    showPolicy(context, await makePolicy(context, ipamId, { tags: [], ...spec, ...labelsFrom({ name, tags }) })),
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
    return showPolicy(context, await changePolicy(context, policyId, { ...changes, ...labelsFrom({ name, tags }) }))
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
  run: (context, { policyId }) => dropPolicy(context, policyId),
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
  run: async (context, { policyId, from, until, ...asked }) =>
    answerPage(await listVersions(context, policyId, readSpan({ from, until }), pageAsked(asked)), (kept) => ({
      ...showVersionFacts(kept),
      documentCount: kept.version.documentCount,
    })),
})

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
  run: async (context, input) => showVersion(await getKeptVersion(context, input.policyId, input.version)),
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
    const compared = await compareVersions(context, { policyId, from, to })
    const { isEqual, compatibility, documents, deletedAt } = compared
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
  run: async (context, input) => showVersion(await restorePolicy(context, input.policyId, input.version)),
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
  run: async (context, input) => answerPage(await listDocuments(context, input, pageAsked(input)), showDocument),
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
  isList: true,
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
  run: async (context, { policyId, ...params }) =>
    showDocument(await putDocumentOf(context, policyId, readDocument(params))),
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
  run: dropDocument,
})

// The answer ---------------------------------------------------------------------------------------------------------

const showPolicy = async (context: ReadContext, made: Policy): Promise<z.output<typeof policy>> =>
  show(await readablePolicies.describeOne(context, made))

function show(described: DescribedPolicy): z.output<typeof policy> {
  const { policy: row, contentHash, compatibility, documentCount, assignmentCount, tags: stored } = described
  return {
    policyId: row.id,
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
    tags: tagMap(stored),
    supersededTags: stored.map(({ key }) => key).filter(isSetting),
    createdAt: formatInstant(row.createdAt),
  }
}

const showVersion = (kept: KeptVersion): z.output<typeof version> => ({
  ...showVersionFacts(kept),
  documents: kept.version.body.documents.map(showDocument),
})
