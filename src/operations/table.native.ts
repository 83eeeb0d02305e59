// All operations of the native API: what is not here does not exist there.

import type { NativeDownload } from './download.native.ts'
import { actingOperations } from './estate/acting.native.ts'
import { differenceOperations } from './estate/differences.native.ts'
import { estateIntakes, estateOperations } from './estate/sources.native.ts'
import { getEvidence } from './evidence/evidence.native.ts'
import { readEvidenceLog } from './evidence/log.native.ts'
import { readEvidencePack } from './evidence/packs.native.ts'
import { getCompliance } from './finding/compliance.native.ts'
import { findingOperations } from './finding/findings.native.ts'
import { governanceOperations } from './governance/applying.native.ts'
import { changeRequestOperations } from './governance/change-requests.native.ts'
import { simulateChangeRequest } from './governance/change-simulations.native.ts'
import { compareChangeRequest } from './governance/compared.native.ts'
import { simulationOperations } from './governance/simulations.native.ts'
import {
  createRoleBinding,
  deleteRoleBinding,
  getRoleBinding,
  listRoleBindings,
  listRoles,
} from './identity/roles.native.ts'
import { createToken, listTokens, revokeToken, whoAmI } from './identity/tokens.native.ts'
import { getAddressMap, getScopeMap } from './ipam/address-map.native.ts'
import { getPoolCapacity, listCapacity } from './ipam/capacity.native.ts'
import { discoveryOperations } from './ipam/discoveries.native.ts'
import { getFreeSpace } from './ipam/free-space.native.ts'
import { ipamOperations } from './ipam/ipams.native.ts'
import { poolCidrOperations } from './ipam/pool-cidrs.native.ts'
import { listPoolTree } from './ipam/pool-tree.native.ts'
import { poolOperations } from './ipam/pools.native.ts'
import { seenOperations } from './ipam/resource-cidrs.native.ts'
import { scopeOperations } from './ipam/scopes.native.ts'
import { notificationOperations } from './notification/subscriptions.native.ts'
import type { NativeIntake, NativeOperation } from './operation.native.ts'
import { organizationOperations } from './organization/organization.native.ts'
import { getOverview, listWaiting } from './overview/overview.native.ts'
import {
  deletePolicyAssignment,
  getPolicyAssignment,
  listPolicyAssignments,
  putPolicyAssignment,
} from './policy/assignments.native.ts'
import { candidateOperations, draftPolicyVersion } from './policy/candidates.native.ts'
import { getEffectivePolicy, listPolicyMatrix } from './policy/effective.native.ts'
import { exceptionOperations } from './policy/exceptions.native.ts'
import { explainRecordedDecision, explainRequest } from './policy/explanations.native.ts'
import {
  comparePolicyVersions,
  createPolicy,
  deletePolicy,
  deletePolicyDocument,
  getPolicy,
  getPolicyDocument,
  getPolicyVersion,
  listPolicies,
  listPolicyDocuments,
  listPolicyVersions,
  putPolicyDocument,
  restorePolicyVersion,
  updatePolicy,
} from './policy/policies.native.ts'
import { previewPolicyAssignment, previewPolicyDocument } from './policy/previews.native.ts'
import { resourceTypeOperations } from './policy/resource-types.native.ts'
import { listFindingsOfAccount } from './policy/tag-findings.native.ts'
import { getChange, getProofOfChange, listChanges, listSubjectsOfChange } from './record/changes.native.ts'
import { getDecision, getRetention, listDecisions } from './record/decisions.native.ts'
import { find } from './record/find.native.ts'
import {
  findHolders,
  findHoldingsOfAccount,
  findHoldingsOfResource,
  getObjectHistory,
} from './record/history.native.ts'
import { allocationOperations } from './space/allocations.native.ts'
import { resourceOperations } from './space/resources.native.ts'

export interface Noun {
  /** The heading in the reference and the tag in OpenAPI. */
  readonly name: string
  readonly summary: string
  readonly operations: readonly NativeOperation[]
  readonly intakes?: readonly NativeIntake[]
  readonly downloads?: readonly NativeDownload[]
}

export const nouns: readonly Noun[] = [
  {
    name: 'Tokens',
    summary: 'Who you are, and the tokens that say so.',
    operations: [whoAmI, listTokens, createToken, revokeToken],
  },
  { name: 'Overview', summary: 'What needs a look, in one answer.', operations: [getOverview, listWaiting] },
  {
    name: 'Roles',
    summary: 'Who may do what where.',
    operations: [listRoles, listRoleBindings, getRoleBinding, createRoleBinding, deleteRoleBinding],
  },
  {
    name: 'Policies',
    summary: 'What a kind of resource takes its addresses from, in immutable versions.',
    operations: [
      listPolicies,
      createPolicy,
      getPolicy,
      updatePolicy,
      deletePolicy,
      listPolicyVersions,
      getPolicyVersion,
      comparePolicyVersions,
      restorePolicyVersion,
      draftPolicyVersion,
      listPolicyDocuments,
      getPolicyDocument,
      putPolicyDocument,
      deletePolicyDocument,
      previewPolicyDocument,
      getEffectivePolicy,
      listPolicyMatrix,
    ],
  },
  {
    name: 'Assignments',
    summary: 'Where policies are enabled, as what, and in which mode.',
    operations: [
      listPolicyAssignments,
      getPolicyAssignment,
      putPolicyAssignment,
      deletePolicyAssignment,
      previewPolicyAssignment,
    ],
  },
  {
    name: 'Candidates',
    summary: 'What an assignment may become, asked beside it on every request.',
    operations: candidateOperations,
  },
  {
    name: 'Governance',
    summary: 'All that is governed as one state, changed together.',
    operations: governanceOperations,
  },
  {
    name: 'Simulations',
    summary:
      'What a change of governance would have made of the requests on record, of space in use and of what pools have free.',
    operations: simulationOperations,
  },
  {
    name: 'Exceptions',
    summary: 'Permission to deviate from policy, for a limited time.',
    operations: exceptionOperations,
  },
  {
    name: 'Change requests',
    summary: 'Changes that are proposed, approved by others than those who wrote them, and applied.',
    operations: [...changeRequestOperations, compareChangeRequest, simulateChangeRequest],
  },
  {
    name: 'Decisions',
    summary: 'What was asked, what policy answered, and why.',
    operations: [
      listDecisions,
      getDecision,
      getRetention,
      explainRecordedDecision,
      explainRequest,
      listFindingsOfAccount,
    ],
  },
  {
    name: 'History',
    summary: 'The time machine: who held what when, what any object was, and who changed it.',
    operations: [
      find,
      findHolders,
      findHoldingsOfAccount,
      findHoldingsOfResource,
      getObjectHistory,
      listChanges,
      getChange,
      getProofOfChange,
      listSubjectsOfChange,
    ],
  },
  {
    name: 'Evidence',
    summary: 'That nobody has changed what is on record, for whoever checks it.',
    operations: [getEvidence],
    downloads: [readEvidenceLog, readEvidencePack],
  },
  {
    name: 'Organization',
    summary: 'The tree of accounts that policies and roles are bound to.',
    operations: organizationOperations,
  },
  { name: 'IPAMs', summary: 'Who manages which address space, and by which settings.', operations: ipamOperations },
  { name: 'Scopes', summary: 'Address spaces, in each of which addresses are unique.', operations: scopeOperations },
  {
    name: 'Discoveries',
    summary: 'Which accounts and Regions IPAMs look at, and what they see there.',
    operations: [...discoveryOperations, ...seenOperations],
  },
  {
    name: 'Pools',
    summary: 'What space is taken from.',
    operations: [
      ...poolOperations,
      getFreeSpace,
      getAddressMap,
      getScopeMap,
      getPoolCapacity,
      listCapacity,
      listPoolTree,
      ...poolCidrOperations,
    ],
  },
  {
    name: 'Allocations',
    summary: 'Space in use, of every type, cloud and site.',
    operations: allocationOperations,
  },
  { name: 'Resources', summary: 'What holds space, and where it got it from.', operations: resourceOperations },
  {
    name: 'Sources',
    summary: 'What tells what is there: clouds, clusters, other address managers and files.',
    operations: [...estateOperations, ...differenceOperations, ...actingOperations],
    intakes: estateIntakes,
  },
  {
    name: 'Findings',
    summary: 'What somebody should look at: each opens once, resolves by itself and opens again.',
    operations: [...findingOperations, getCompliance],
  },
  {
    name: 'Notifications',
    summary: 'Who is told of what happens, and where: webhooks, chats and mail.',
    operations: notificationOperations,
  },
  {
    name: 'Resource types',
    summary: 'What can ask for space: the registry, and what you add to it.',
    operations: resourceTypeOperations,
  },
]

export const nativeOperations: readonly NativeOperation[] = nouns.flatMap(({ operations }) => operations)
export const nativeIntakes: readonly NativeIntake[] = nouns.flatMap(({ intakes = [] }) => intakes)
export const nativeDownloads: readonly NativeDownload[] = nouns.flatMap(({ downloads = [] }) => downloads)
