// One good request for each operation of the native API, about things of the management account.

import assert from 'node:assert/strict'
import { formatId, parseId } from '#model/identifier.ts'
import { aboutSpace, aboutTheTree } from './native-space-examples.ts'
import type { NativeWorld } from './native-world.ts'
import { managementAccount } from './world.ts'

export interface Example {
  readonly input: Readonly<Record<string, unknown>>
  /** The same input with these would be about something that is not there. */
  readonly absent?: Readonly<Record<string, unknown>>
  /** Where the action must be permitted; the management account by default. */
  readonly node?: string
  /** What nobody of another account may find in the answer of a list. */
  readonly secrets?: readonly string[]
  /** What those are told who may, where it cannot be done here. */
  readonly instead?: number
}

const nowhere = '0'.repeat(17)
const accountNowhere = '999999999999'

const policyNowhere = { policyId: `ipam-policy-${nowhere}` }
const exceptionNowhere = { exceptionId: `exception-${nowhere}` }
const pair = { locale: 'us-east-1', resourceType: 'eip' }

/** Makes what the examples are about. */
export async function accessExamples(world: NativeWorld): Promise<ReadonlyMap<string, Example>> {
  return new Map<string, Example>(
    Object.entries({
      ...(await aboutPrincipals(world)),
      ...(await aboutTheRecord(world)),
      ...(await aboutPolicies(world)),
      ...(await aboutTheTree(world)),
      ...(await aboutSpace(world)),
      ...(await aboutTheEstate(world)),
      ...(await aboutFindings(world)),
      ...(await aboutNotifications(world)),
      ...(await aboutChangeRequests(world)),
      ...(await aboutSimulations(world)),
    }),
  )
}

async function aboutPrincipals(world: NativeWorld): Promise<Record<string, Example>> {
  const binding = await world.post<{ bindingId: string }>('/role-bindings', {
    principal: 'user:example',
    role: 'auditor',
    node: managementAccount,
  })
  const token = await world.post<{ tokenId: string }>('/tokens', { principal: 'service:example' })
  const absent = { bindingId: `role-binding-${nowhere}` }
  return {
    whoAmI: { input: {} },
    getEvidence: { input: {}, node: '*' },
    listTokens: { input: {}, secrets: [token.tokenId] },
    createToken: { input: {} },
    revokeToken: { input: { tokenId: token.tokenId } },
    listRoles: { input: {} },
    listRoleBindings: { input: {}, secrets: [binding.bindingId] },
    getRoleBinding: { input: { bindingId: binding.bindingId }, absent },
    createRoleBinding: {
      input: { principal: 'user:another', role: 'auditor', node: managementAccount },
      absent: { node: accountNowhere },
    },
    deleteRoleBinding: { input: { bindingId: binding.bindingId }, absent },
  }
}

async function aboutTheRecord(world: NativeWorld): Promise<Record<string, Example>> {
  const { AllocationId } = await world.call('AllocateAddress', {})
  const decisions = await world.get<{ items: { decisionId: string; cidr: string }[] }>('/decisions?limit=1')
  const [decision] = decisions.items
  const vpc = await world.call('CreateVpc', { CidrBlock: '10.7.0.0/16' })
  const changes = await world.get<{ items: { changeId: string }[] }>('/changes?action=CreateVpc')
  const ofChange = { input: { changeId: changes.items.at(-1)!.changeId }, absent: { changeId: '999999999999' } }
  const ofDecision = {
    input: { decisionId: decision!.decisionId },
    absent: { decisionId: `decision-${nowhere}` },
  }
  return {
    getOverview: { input: {} },
    listWaiting: { input: {} },
    listDecisions: { input: {}, secrets: [decision!.decisionId] },
    getDecision: ofDecision,
    getRetention: { input: {} },
    explainDecision: ofDecision,
    explainRequest: { input: { account: managementAccount, ...pair }, absent: { account: accountNowhere } },
    listFindingsOfAccount: { input: { account: managementAccount }, absent: { account: accountNowhere } },
    find: { input: { q: decision!.cidr }, secrets: [AllocationId!, managementAccount] },
    findHolders: { input: { cidr: decision!.cidr }, secrets: [AllocationId!] },
    findHoldingsOfAccount: { input: { account: managementAccount }, absent: { account: accountNowhere } },
    findHoldingsOfResource: { input: { resourceId: AllocationId }, secrets: ['heldFrom'] },
    getObjectHistory: { input: { objectId: vpc.Vpc!.VpcId }, absent: { objectId: `vpc-${nowhere}` } },
    listChanges: { input: {}, secrets: [AllocationId!] },
    getChange: ofChange,
    getProofOfChange: ofChange,
    listSubjectsOfChange: ofChange,
  }
}

async function aboutPolicies(world: NativeWorld): Promise<Record<string, Example>> {
  const { Ipam } = await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const { IpamPool } = await world.call('CreateIpamPool', {
    IpamScopeId: Ipam!.PublicDefaultScopeId!,
    AddressFamily: 'ipv4',
    Locale: 'us-east-1',
    AwsService: 'ec2',
    PublicIpSource: 'byoip',
  })
  const poolId = IpamPool!.IpamPoolId!
  const make = (ipamId: string) => world.post<{ policyId: string }>('/policies', { ipamId })
  const [{ policyId }, other] = [await make(Ipam!.IpamId!), await make(Ipam!.IpamId!)]
  const document = { ...pair, rules: [{ poolId }] }
  for (const id of [policyId, other.policyId]) {
    await world.ask('PUT', `/policies/${id}/documents/${pair.locale}/${pair.resourceType}`, {
      body: { rules: document.rules },
    })
  }
  const targetId = managementAccount
  const at = `/policies/${policyId}/assignments/${targetId}`
  await world.ask('PUT', at, { body: { kind: 'default', mode: 'observe' } })
  await world.ask('PUT', `${at}/candidate`, { body: { mode: 'enforce' } })

  const requester = await world.tokenOf('user:requester', 'resource-operator', managementAccount)
  const expiresAt = new Date(Date.parse('2026-01-01T00:00:00Z') + 3_600_000).toISOString()
  const later = new Date(Date.parse(expiresAt) + 3_600_000).toISOString()
  const params = { target: managementAccount, ...pair, grants: { provider: true }, reason: 'an example', expiresAt }
  const ask = () => world.post<{ exceptionId: string }>('/exceptions', params, { as: requester })
  const requested = await ask()
  const approved = await ask()
  await world.post(`/exceptions/${approved.exceptionId}/approve`, {})
  const broken = await world.post<{ exceptionId: string }>('/exceptions/break-glass', params)

  const ofPolicy: Example = { input: { policyId }, absent: policyNowhere }
  const ofUnused: Example = { input: { policyId: other.policyId }, absent: policyNowhere }
  const ofVersion: Example = { input: { policyId, version: 1 }, absent: policyNowhere }
  const ofDocument: Example = { input: { policyId, ...pair }, absent: policyNowhere }
  const ofAssignment: Example = { input: { policyId, targetId }, absent: policyNowhere }
  const ofRequested: Example = { input: { exceptionId: requested.exceptionId }, absent: exceptionNowhere }
  const ofApproved: Example = { input: { exceptionId: approved.exceptionId }, absent: exceptionNowhere }
  return {
    listPolicies: { input: {}, secrets: [policyId] },
    createPolicy: { input: { ipamId: Ipam!.IpamId }, absent: { ipamId: `ipam-${nowhere}` } },
    getPolicy: ofPolicy,
    updatePolicy: { ...ofPolicy, input: { policyId, compatibility: 'strict' } },
    deletePolicy: ofUnused,
    listPolicyVersions: ofPolicy,
    getPolicyVersion: ofVersion,
    comparePolicyVersions: { ...ofPolicy, input: { policyId, from: 1, to: 2 } },
    restorePolicyVersion: { ...ofUnused, input: { policyId: other.policyId, version: 1 } },
    draftPolicyVersion: { ...ofPolicy, input: { policyId, documents: [document] } },
    listPolicyDocuments: ofPolicy,
    getPolicyDocument: ofDocument,
    putPolicyDocument: { ...ofDocument, input: { policyId, ...document } },
    deletePolicyDocument: ofDocument,
    previewPolicyDocument: { ...ofDocument, input: { policyId, ...document } },
    listPolicyMatrix: { input: {}, secrets: [policyId] },
    getEffectivePolicy: { input: { node: managementAccount, ...pair }, absent: { node: accountNowhere } },
    listPolicyAssignments: { input: {}, secrets: [policyId] },
    getPolicyAssignment: ofAssignment,
    putPolicyAssignment: { ...ofAssignment, input: { policyId, targetId, kind: 'default', mode: 'warn' } },
    deletePolicyAssignment: ofAssignment,
    previewPolicyAssignment: ofAssignment,
    listAssignmentCandidates: { input: {}, secrets: [policyId] },
    getAssignmentCandidate: ofAssignment,
    putAssignmentCandidate: { ...ofAssignment, input: { policyId, targetId, mode: 'warn' } },
    deleteAssignmentCandidate: ofAssignment,
    promoteAssignmentCandidate: ofAssignment,
    listCandidateDifferences: ofAssignment,
    listExceptions: { input: {}, secrets: [requested.exceptionId] },
    getException: ofRequested,
    listExceptionFindings: ofRequested,
    requestException: { input: params, absent: { target: accountNowhere } },
    breakGlass: { input: params, absent: { target: accountNowhere } },
    renewException: { ...ofApproved, input: { exceptionId: approved.exceptionId, expiresAt: later, reason: 'longer' } },
    approveException: ofRequested,
    denyException: ofRequested,
    revokeException: ofApproved,
    reviewException: { ...ofApproved, input: { exceptionId: broken.exceptionId, note: 'seen' } },
  }
}

async function aboutTheEstate(world: NativeWorld): Promise<Record<string, Example>> {
  const params = { kind: 'csv', node: managementAccount }
  const { sourceId } = await world.post<{ sourceId: string }>('/sources', { name: 'example', ...params })
  const unused = await world.post<{ sourceId: string }>('/sources', { name: 'unused', ...params })
  await sendSnapshot(world, sourceId, ['10.0.0.0/16'])
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  const ofSource: Example = { input: { sourceId }, absent: { sourceId: `source-${nowhere}` } }
  return {
    listSources: { input: {}, secrets: [sourceId] },
    getSource: ofSource,
    createSource: { input: { name: 'another', ...params }, absent: { node: accountNowhere } },
    updateSource: { ...ofSource, input: { sourceId, name: 'renamed' } },
    deleteSource: { ...ofSource, input: { sourceId: unused.sourceId } },
    listSnapshots: ofSource,
    getSnapshot: { ...ofSource, input: { sourceId, snapshot: '1' } },
    listObservations: ofSource,
    listObservationsOfAccount: {
      input: { account: managementAccount },
      absent: { account: accountNowhere },
    },
    listDifferences: ofSource,
    countDifferences: ofSource,
    adoptDifferences: { ...ofSource, input: { sourceId, everything: true } },
    ignoreDifferences: { ...ofSource, input: { sourceId, everything: true, reason: 'known', until } },
    releaseDifferences: { ...ofSource, input: { sourceId, everything: true } },
    askOwnersOfDifferences: { ...ofSource, input: { sourceId, everything: true } },
    getDifference: { ...ofSource, input: { sourceId, differenceId: 'observed-0' } },
  }
}

async function aboutChangeRequests(world: NativeWorld): Promise<Record<string, Example>> {
  const author = await world.tokenOf('user:proposer', 'organization-administrator', managementAccount)
  const input = { principal: 'user:proposed', role: 'auditor', node: managementAccount }
  const params = {
    node: managementAccount,
    reason: 'an example',
    operations: [{ operation: 'createRoleBinding', input }],
  }
  const propose = (more: object = {}) =>
    world.post<{ changeRequestId: string; contentHash: string }>(
      '/change-requests',
      { ...params, ...more },
      { as: author },
    )
  const [{ changeRequestId, contentHash }, draft] = [await propose(), await propose({ draft: true })]
  const over = await propose({ draft: true })
  await world.post(`/change-requests/${over.changeRequestId}/abandon`, {}, { as: author })
  const absent = { changeRequestId: `change-request-${nowhere}` }
  const ofOne: Example = { input: { changeRequestId }, absent }
  return {
    listChangeRequests: { input: {}, secrets: [changeRequestId] },
    getChangeRequest: ofOne,
    compareChangeRequest: ofOne,
    // Drafts: what is submitted is done on the rights of whoever does it, and these roles have none in common.
    proposeChange: { input: { ...params, draft: true }, absent: { node: accountNowhere } },
    updateChangeRequest: { absent, input: { changeRequestId: draft.changeRequestId, reason: 'another' } },
    submitChangeRequest: { ...ofOne, instead: 403 },
    // What is over, for the same reason.
    simulateChangeRequest: { input: { changeRequestId: over.changeRequestId }, absent, instead: 409 },
    approveChangeRequest: { ...ofOne, input: { changeRequestId, contentHash } },
    rejectChangeRequest: { ...ofOne, input: { changeRequestId, note: 'an example' } },
    abandonChangeRequest: { ...ofOne, input: { changeRequestId } },
    applyChangeRequest: { ...ofOne, input: { changeRequestId, contentHash }, instead: 409 },
    breakGlassChangeRequest: {
      absent,
      input: { changeRequestId: draft.changeRequestId, contentHash: draft.contentHash, reason: 'an example' },
      instead: 409,
    },
    haltChangeRequest: { ...ofOne, input: { changeRequestId, note: 'an example' }, instead: 409 },
    resumeChangeRequest: { ...ofOne, instead: 409 },
    revertChangeRequest: { ...ofOne, input: { changeRequestId, note: 'an example' }, instead: 409 },
    reviewChangeRequest: { ...ofOne, input: { changeRequestId, note: 'an example' }, instead: 409 },
  }
}

async function aboutSimulations(world: NativeWorld): Promise<Record<string, Example>> {
  const input = { principal: 'user:simulated', role: 'auditor', node: managementAccount }
  const params = { operations: [{ operation: 'createRoleBinding', input }] }
  const { simulationId } = await world.post<{ simulationId: string }>('/simulations', params)
  return {
    startSimulation: { input: params },
    listSimulations: { input: {}, secrets: [simulationId] },
    getSimulation: { input: { simulationId } },
    cancelSimulation: { input: { simulationId } },
    deleteSimulation: { input: { simulationId } },
    listSimulationGroups: { input: { simulationId } },
    listSimulationPools: { input: { simulationId } },
  }
}

async function aboutFindings(world: NativeWorld): Promise<Record<string, Example>> {
  const identity = { control: 'tags-changed', resource: 'an example', source: '' }
  const facts = { cidr: '10.0.0.0/24' }
  const findingId = await world.store.write(async (tx) => {
    const state = { status: 'open', facts, openedAt: tx.now, lastSeenAt: tx.now } as const
    await tx.findings.insert(identity, { node: managementAccount }, state)
    const [made] = await tx.findings.some([identity])
    return formatId('finding', tx.installation, made!.n)
  })
  const aside = { ...identity, resource: 'another' }
  const setAside = await world.store.write(async (tx) => {
    const until = tx.now + 3_600_000
    const suppression = { reason: 'an example', until, by: 'user:example', at: tx.now }
    const state = { status: 'suppressed', facts, suppression, openedAt: tx.now, lastSeenAt: tx.now } as const
    await tx.findings.insert(aside, { node: managementAccount }, state)
    const [made] = await tx.findings.some([aside])
    return { findingId: formatId('finding', tx.installation, made!.n), until: new Date(until).toISOString() }
  })
  const absent = { findingId: `finding-${nowhere}` }
  const ofFinding: Example = { input: { findingId }, absent }
  return {
    listFindings: { input: {}, secrets: [findingId] },
    getFinding: ofFinding,
    listFindingOpenings: ofFinding,
    getCompliance: { input: { by: 'account' }, secrets: [managementAccount] },
    suppressFinding: { input: { findingId, reason: 'an example', until: setAside.until }, absent },
    unsuppressFinding: { input: { findingId: setAside.findingId }, absent },
  }
}

async function aboutNotifications(world: NativeWorld): Promise<Record<string, Example>> {
  const params = { node: managementAccount, targetUrl: 'https://hooks.example.com/cadastre' }
  const make = () => world.post<{ subscriptionId: string }>('/subscriptions', params)
  const [{ subscriptionId }, unused] = [await make(), await make()]
  const { deliveryId } = await world.post<{ deliveryId: string }>(`/subscriptions/${subscriptionId}/test`, {})
  const given = await world.post<{ deliveryId: string }>(`/subscriptions/${subscriptionId}/test`, {})
  await world.store.write((tx) =>
    tx.outbox.changeDelivery(parseId('delivery', tx.installation, given.deliveryId)!, { status: 'dead' }),
  )
  const absent = { subscriptionId: `subscription-${nowhere}` }
  const ofSubscription: Example = { input: { subscriptionId }, absent }
  const ofDelivery: Example = { input: { deliveryId }, absent: { deliveryId: `delivery-${nowhere}` } }
  return {
    listSubscriptions: { input: {}, secrets: [subscriptionId] },
    getSubscription: ofSubscription,
    createSubscription: { input: params, absent: { node: accountNowhere } },
    updateSubscription: { ...ofSubscription, input: { subscriptionId, events: ['pool'] } },
    rotateSubscriptionSecret: ofSubscription,
    deleteSubscription: { ...ofSubscription, input: { subscriptionId: unused.subscriptionId } },
    testSubscription: ofSubscription,
    replaySubscription: ofSubscription,
    listDeliveries: ofSubscription,
    getDelivery: ofDelivery,
    replayDelivery: { ...ofDelivery, input: { deliveryId: given.deliveryId } },
    listEventKinds: { input: {} },
  }
}

/** Sends networks of the management account as what a source says is there. */
export async function sendSnapshot(world: NativeWorld, source: string, cidrs: readonly string[]): Promise<void> {
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const lines = [
    { snapshot: { takenAt } },
    ...cidrs.map((cidr) => ({ kind: 'network', cidr, id: cidr, account: managementAccount, locale: 'us-east-1' })),
    { end: { observations: cidrs.length } },
  ]
  const { status, body } = await world.ask('POST', `/sources/${encodeURIComponent(source)}/snapshots`, {
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  })
  assert.equal(status, 201, JSON.stringify(body))
}
