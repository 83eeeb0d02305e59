// Many rows for every list of a filled store: what only lists show, and what each row brings along that is read with it.
import assert from 'node:assert/strict'
import { changeRequestStates } from '#model/change-request.ts'
import { formatId, type IdKind, parseId } from '#model/identifier.ts'
import type { ExceptionStatus } from '#model/policy/exception.ts'
import { noCounts, type SimulationKind } from '#model/simulation.ts'
import { tagsMax } from '#model/tags.ts'
import { sourcesMax } from '#operations/estate/sources.ts'
import { subscriptionsMax } from '#operations/notification/subscriptions.ts'
import type { Transaction } from '#store/store.ts'
import { managementAccount } from '../world.ts'
import type { Filled } from './filled-world.ts'

/** What lists are asked about that is in them only. */
export interface Listed {
  /** With many versions, and many documents in the one in force. */
  readonly policyId: string
  /** Assigned in many places. */
  readonly assignedPolicyId: string
  /** With a candidate that many decisions would have come out otherwise for. */
  readonly candidate: { readonly policyId: string; readonly targetId: string }
  /** Over, with much that was taken under it. */
  readonly exceptionId: string
  /** Open very often. */
  readonly findingId: string
  /** With much that it has told. */
  readonly subscriptionId: string
  /** Changed often. */
  readonly objectId: string
  /** About many objects. */
  readonly changeId: string
  /** The name of a resource that many allocations have. */
  readonly resourceId: string
  /** With much that came of it. */
  readonly simulationId: string
  /** Of filters by their names, or those with the operation's before them, values that fit much. */
  readonly values: Readonly<Record<string, readonly string[]>>
}

const step = 200
/** Of the sources, those that the examples are about. */
const taken = 4
const locale = 'us-east-1'
const type = 'onprem:host'
const absentResource = 'resource-of-a-finding-'
/** Of its own: what else the account has is no finding because of a tag that its policy requires. */
const taggedType = 'onprem:network'
const hourMs = 3_600_000
const bytesOfHash = 32
const batchMax = 100
/** Of one account; it may have a few more. */
const policiesMax = 980
/** That a policy may have. */
const documentsMax = 1_000
/** Among the exceptions, one that was approved and is over. */
const overAt = 2

const nobodyAsks = { name: 'user:asking', groups: [], scopes: [], makers: [] }

const newId = (tx: Transaction, kind: IdKind): string => formatId(kind, tx.installation, tx.nextSequence())
const memberOf = (index: number): string => String(200_000_000_000 + index)

/** `count` of each, in a world that has as many accounts and allocations. */
export async function fillLists({ world, aws }: Filled, count: number): Promise<Listed> {
  const insert = async (one: (tx: Transaction, index: number) => Promise<unknown>) => {
    for (let from = 0; from < count; from += step) {
      await world.store.write(async (tx) => {
        for (let index = from; index < Math.min(from + step, count); index++) await one(tx, index)
      })
    }
  }
  const put = async (path: string, body: object) => {
    const { status, body: answer } = await world.ask('PUT', path, { body })
    assert.ok(status < 300, JSON.stringify(answer))
  }
  const { Ipams } = await world.call('DescribeIpams', {})
  const like = (await world.store.read((tx) => tx.ipams.find(Ipams![0]!.IpamId!)))!
  const scopeLike = (await world.store.read((tx) => tx.ipams.findScope(like.privateScopeId)))!
  const content = (documents: readonly object[]) => ({
    contentHash: '0'.repeat(2 * bytesOfHash),
    text: JSON.stringify({ compatibility: 'strict', documents }),
    author: 'user:asking',
    compatibility: 'strict' as const,
    documentCount: documents.length,
  })

  // An IPAM for each account, with its scopes and a policy that is assigned to the account.
  await insert(async (tx, index) => {
    const account = memberOf(index)
    const [id, publicScopeId, privateScopeId] = [newId(tx, 'ipam'), newId(tx, 'scope'), newId(tx, 'scope')]
    await tx.ipams.insert({ ...like, id, account, publicScopeId, privateScopeId, createdAt: tx.now })
    const scope = { ...scopeLike, ipamId: id, account }
    await tx.ipams.insertScope({ ...scope, id: publicScopeId, kind: 'public' })
    await tx.ipams.insertScope({ ...scope, id: privateScopeId, kind: 'private' })
    await tx.ipams.insertScope({ ...scopeLike, id: newId(tx, 'scope'), isDefault: false })
    const discovery = { account, region: like.region, isDefault: true, exclusions: [], createdAt: tx.now }
    const discoveryId = newId(tx, 'resourceDiscovery')
    await tx.discoveries.insert({ id: discoveryId, ...discovery, operatingRegions: like.operatingRegions })
    const policyId = newId(tx, 'policy')
    const policy = { id: policyId, ipamId: id, account, region: like.region, version: 1 }
    await tx.policies.insert({ ...policy, compatibilityDefault: 'strict', createdAt: tx.now })
    await tx.policies.addVersion(policy, { version: 1, ...content([]) }, [])
    await tx.tags.put({ id: policyId, type: 'ipam-policy', account, region: like.region }, [
      { key: 'Name', value: `policy-${index}` },
    ])
    await tx.policies.assign({ policyId, targetId: account, kind: 'default', mode: 'observe', managedBy: 'account' })
    if (index >= policiesMax) return
    const own = { ...policy, id: newId(tx, 'policy'), ipamId: like.id, account: managementAccount }
    await tx.policies.insert({ ...own, compatibilityDefault: 'strict', createdAt: tx.now })
    await tx.policies.addVersion(own, { version: 1, ...content([]) }, [])
  })

  // Sources, and one of them with many snapshots.
  const example = (await world.store.read((tx) => tx.sources.named('example', 1)))[0]!
  await insert(async (tx, index) => {
    if (index < sourcesMax - taken)
      await tx.sources.insert({ ...example, id: newId(tx, 'source'), name: `source ${index}` })
    const last = (await tx.sources.findSnapshot(example.id, 1))!
    await tx.sources.insertSnapshot({ ...last, number: example.snapshot + 1 + index, state: 'discarded' })
  })

  // One policy with many versions and documents, and one that is assigned everywhere.
  const make = () => world.post<{ policyId: string }>('/policies', { ipamId: like.id })
  const [{ policyId }, assigned] = [await make(), await make()]
  const documents = Array.from({ length: documentsMax }, (_, index) => ({
    locale: `onprem:site-${index}`,
    resourceType: type,
    rules: [],
    settings: {},
  }))
  const owned = { id: policyId, account: managementAccount }
  await insert(async (tx, index) => {
    await tx.policies.insertVersion(owned, { version: index + 2, ...content([]) }, [])
    const managedBy = 'delegated-administrator-for-ipam'
    const { policyId } = assigned
    await tx.policies.assign({ policyId, targetId: memberOf(index), kind: 'final', mode: 'observe', managedBy })
  })
  await world.store.write((tx) => tx.policies.addVersion(owned, { version: count + 2, ...content(documents) }, []))
  const candidate = { policyId: assigned.policyId, targetId: memberOf(0) }
  await put(`/policies/${candidate.policyId}/assignments/${candidate.targetId}/candidate`, { mode: 'warn' })
  const tried = (await world.store.read((tx) => tx.candidates.find(candidate.policyId, candidate.targetId)))!
  await insert(async (tx, index) => {
    if (index > 0) await tx.candidates.put({ ...tried, n: tx.nextSequence(), targetId: memberOf(index) })
  })

  // Who may do what, with which tokens.
  let firstToken = ''
  await insert(async (tx, index) => {
    const principal = `user:nobody-${index % 7}`
    const binding = { principal, role: 'auditor', node: memberOf(index), effect: 'permit', createdAt: tx.now } as const
    await tx.roleBindings.insert({ id: newId(tx, 'roleBinding'), ...binding })
    const token = {
      id: newId(tx, 'apiToken'),
      principal,
      account: managementAccount,
      groups: [],
      scopes: ['*'],
      makers: ['user:asking'],
      origin: 'operator',
      createdAt: tx.now,
      expiresAt: tx.now + hourMs,
    } as const
    const hash = Buffer.alloc(bytesOfHash)
    hash.writeUInt32BE(index)
    await tx.apiTokens.insert({ ...token, ...(index === 0 ? {} : { origin: 'token', madeWith: firstToken }) }, hash)
    if (index === 0) firstToken = token.id
  })

  // Hosts, each with a name of its own, others that share one, and networks that have lost a tag which their policy requires.
  const { items } = await world.get<{ items: { ipamId: string; privateScopeId: string; region: string }[] }>('/ipams')
  const own = items.find(({ region }) => region === locale)!
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId: own.privateScopeId,
    family: 'ipv4',
    locale,
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.200.0.0/14' })
  const lawOf = await make()
  await put(`/policies/${lawOf.policyId}/documents/${locale}/${taggedType}`, {
    rules: [{ poolId }],
    requiredTags: [{ key: 'team' }],
  })
  await put(`/policies/${lawOf.policyId}/assignments/${managementAccount}`, { kind: 'final', mode: 'enforce' })
  const allocate = async (number: number, one: (index: number) => object): Promise<string[]> => {
    const made: string[] = []
    for (let from = 0; from < number; from += batchMax) {
      const length = Math.min(batchMax, number - from)
      const allocations = Array.from({ length }, (_, index) => ({
        account: managementAccount,
        locale,
        poolId,
        ...one(from + index),
      }))
      const batch = await world.post<{ allocations: { allocationId: string }[] }>('/allocations/batch', { allocations })
      made.push(...batch.allocations.map(({ allocationId }) => allocationId))
    }
    return made
  }
  const hosts = await allocate(count, (index) => ({ resourceType: type, resourceId: `host-${index}` }))
  const resourceId = 'host-of-many'
  await allocate(count, () => ({ resourceType: type, resourceId }))
  const tagged = await allocate(count, () => ({ resourceType: taggedType, netmaskLength: 30, tags: { team: 'net' } }))
  await insert(async (tx, index) => {
    await tx.tags.remove(tagged[index]!, ['team'])
  })

  // Exceptions of every state, some with space that they keep, and with space that was taken under them.
  const states: readonly ExceptionStatus[] = ['requested', 'approved', 'approved', 'denied', 'revoked']
  const exceptions: string[] = []
  await insert(async (tx, index) => {
    const number = (id: string): number => parseId('allocation', tx.installation, id)!
    const id = newId(tx, 'exception')
    const at = tx.now
    const by = { by: `user:nobody-${index % 7}`, at }
    const status = states[index % states.length]!
    const isOver = index % 2 === 0
    await tx.exceptions.insert({
      id,
      target: index % 3 === 0 ? managementAccount : memberOf(index),
      locale,
      resourceType: type,
      grants: { pools: [poolId], provider: false },
      startsAt: at - hourMs,
      expiresAt: isOver ? at - 1 : at + hourMs,
      reason: 'an example',
      status,
      isBreakGlass: status === 'approved' && index % 4 === 0,
      hold: number(hosts[index]!),
      requested: by,
      asked: by,
      ...(status === 'approved' || status === 'revoked' ? { approved: { by: 'user:asking', at } } : {}),
      ...(status === 'denied' || status === 'revoked' ? { ended: by } : {}),
    })
    exceptions.push(id)
    const [decision, allocation] = [tx.nextSequence(), number(tagged[index]!)]
    const { cidr } = (await tx.allocations.find(allocation))!
    const use = { cidr, resourceType: taggedType, account: managementAccount }
    await tx.exceptions.use(id, { ...use, decision, allocation })
    // All of them under one that is over.
    await tx.exceptions.use(exceptions[overAt] ?? id, { ...use, decision: tx.nextSequence(), allocation })
  })

  // Change requests of every state.
  await insert(async (tx, index) => {
    const id = newId(tx, 'changeRequest')
    const by = { by: `user:nobody-${index % 7}`, at: tx.now }
    const status = changeRequestStates[index % changeRequestStates.length]!
    const found = { class: 'contained', epoch: 1, at: tx.now, evaluated: 0, isWhole: true } as const
    const request = {
      ...{ id, status, reason: 'an example', contentHash: 'a'.repeat(64), author: by, editors: [], approvals: [] },
      node: index % 3 === 0 ? managementAccount : memberOf(index),
      impact: { ...found, noncompliant: 0, compliant: 0, groups: [], samples: [] },
      needed: { approvers: 1, ofRoot: 0 },
    }
    await tx.changeRequests.insert(parseId('changeRequest', tx.installation, id)!, request, {
      operations: [{ operation: 'deleteRoleBinding', input: {} }],
      bindings: undefined,
    })
  })

  // Simulations, and what came of one, by account and by pool.
  const simulations: number[] = []
  const kinds = Object.keys(noCounts) as SimulationKind[]
  await insert(async (tx, index) => {
    const n = tx.nextSequence()
    simulations.push(n)
    const asker = { arn: 'arn:aws:iam::111111111111:root', accessKeyId: '', native: nobodyAsks }
    const over = { status: 'done', endedAt: tx.now, progress: { phase: 'results', percent: 100 } } as const
    const asked = { holder: 'user:asking', askedBy: 'user:asking', days: 30, createdAt: tx.now }
    await tx.simulations.insert(
      { n, ...asked, ...over, workerUntil: 0, attempts: 1 },
      { simulation: n, asker, operations: [] },
    )
    const [first] = simulations as [number]
    const counts = { ...noCounts, [kinds[index % kinds.length]!]: 1 }
    const place = { resourceType: index % 2 === 0 ? type : 'eip', locale: index % 2 === 0 ? locale : 'onprem:site-1' }
    const account = index % 3 === 0 ? managementAccount : memberOf(index)
    const group = { account, ...place, resourceType: `${place.resourceType}` }
    const of = index % 3 === 0 ? { ...group, locale: `onprem:site-${index}` } : group
    const ruled = { counts, samples: [] }
    tx.simulations.addGroups(first, [{ ...of, requests: 1, resources: 1, counts, samples: [], ruled }])
    const use = { free: 1n, taken: 1n, served: 1, refused: 0 }
    tx.simulations.addPools([{ simulation: first, pool: `$pool-${index}`, isNew: true, present: use, candidate: use }])
  })

  // What would have been decided otherwise, of each account.
  const { n } = tried
  const decisions = await world.store.read((tx) => tx.recordLists.decisionsBefore({}, Number.MAX_SAFE_INTEGER, count))
  const now = await world.store.read(async (tx) => tx.now)
  const differences = decisions.numbers.map(
    (decision, index) => `(${n}, '${memberOf(index)}', '${type}', '${locale}', ${decision}, ${now}, 'newly-denied', 0)`,
  )
  await world.database.tamper(
    `insert into candidate_difference (candidate, account, resource_type, locale, decision, at, kind, order_only)
     values ${differences.join(', ')}`,
  )

  // Findings, and one that was open very often.
  const identity = { control: 'tags-changed', source: example.id }
  await insert(async (tx, index) => {
    const facts = { cidr: '10.0.0.0/24' }
    const state = { facts, openedAt: tx.now, lastSeenAt: tx.now }
    const node = index % 2 === 0 ? managementAccount : memberOf(index)
    const place = { node, resourceType: type, locale }
    const until = tx.now + hourMs
    const suppression = { reason: 'an example', until, by: 'user:asking', at: tx.now }
    const standing =
      index % 3 === 0
        ? ({ ...state, status: 'open' } as const)
        : index % 3 === 1
          ? ({ ...state, status: 'suppressed', suppression } as const)
          : ({ ...state, status: 'resolved', resolvedAt: tx.now } as const)
    await tx.findings.insert({ ...identity, resource: `${absentResource}${index}` }, place, standing)
    const [often] = await tx.findings.some([{ ...identity, resource: `${absentResource}0` }])
    await tx.findings.change(often!, place, { ...state, status: 'open', facts: { cidr: `10.0.0.${index}/32` } })
  })
  const [often] = await world.store.read((tx) => tx.findings.some([{ ...identity, resource: `${absentResource}0` }]))
  const findingId = await world.store.read(async (tx) => formatId('finding', tx.installation, often!.n))

  // Subscriptions, and much that one of them has told.
  const [told] = await world.store.read((tx) => tx.subscriptions.list('', 1))
  const sealed = { url: 'https://hooks.example.com/' }
  const statuses = ['waiting', 'delivered', 'dead', 'withheld'] as const
  await insert(async (tx, index) => {
    if (index < subscriptionsMax - taken)
      await tx.subscriptions.insert({ ...told!, id: newId(tx, 'subscription') }, sealed)
    const event = tx.nextSequence()
    const { node } = told!
    const facts = { findingId: 'finding-0', control: 'pool-nearly-full', of: { usedPercent: 90 } }
    const of = { kind: 'pool.nearly-full', severity: 'high', node, subject: `pool ${index}`, source: '' } as const
    await tx.outbox.insert({ n: event, ...of, facts, at: tx.now, requester: '' })
    const delivery = { n: tx.nextSequence(), subscription: told!.id, event, attempts: 1 }
    const status = statuses[index % statuses.length]!
    await tx.outbox.insertDelivery({
      ...delivery,
      status,
      madeAt: tx.now,
      nextAt: tx.now,
      repeats: 0,
      others: 0,
      isCritical: false,
    })
  })

  // Accounts that were asked for, and tags of a node.
  await insert((tx, index) => {
    const id = `car-${String(index).padStart(32, '0')}`
    const name = `account-${index}`
    const asked = { id, account: memberOf(index), name, email: `${name}@example.com`, requestedAt: tx.now }
    return tx.organizations.insertCreation({ ...asked, state: 'SUCCEEDED', completedAt: tx.now })
  })
  const [tagsOfNode] = aws.get('ListTagsForResource')!
  await world.organizations('TagResource', {
    ...(tagsOfNode!.input as { ResourceId: string }),
    Tags: Array.from({ length: tagsMax }, (_, index) => ({ Key: `key-${index}`, Value: 'value' })),
  })

  // One object with many versions, and a change of many.
  const objectId = poolId
  for (let change = 0; change < count; change++) {
    world.advance(1)
    await world.store.write((tx) =>
      tx.history.changed({ id: objectId, kind: 'ipam-pool', account: managementAccount }, { description: `${change}` }),
    )
  }
  await world.call('CreateTags', { Resources: hosts.slice(0, 1_000), Tags: [{ Key: 'team', Value: 'net' }] })
  await world.call('CreateIpamPool', {
    IpamScopeId: own.privateScopeId,
    AddressFamily: 'ipv4',
    Locale: locale,
    SourceIpamPoolId: poolId,
  })
  const { rootId } = await world.get<{ rootId: string }>('/organization')
  const { parentId } = await world.get<{ parentId: string }>(`/accounts/${memberOf(0)}`)
  const changes = await world.get<{ items: { changeId: string; principal: string }[] }>(
    '/changes?action=CreateTags&limit=1',
  )
  const { principal: arn } = changes.items[0]!
  await world.store.write((tx) => tx.moveGovernanceEpoch())
  return {
    policyId,
    assignedPolicyId: assigned.policyId,
    candidate,
    exceptionId: exceptions[overAt]!,
    findingId,
    subscriptionId: told!.id,
    objectId,
    changeId: changes.items[0]!.changeId,
    resourceId,
    simulationId: await world.store.read(async (tx) => formatId('simulation', tx.installation, simulations[0]!)),
    values: {
      ipamId: [like.id, own.ipamId],
      scopeId: [own.privateScopeId],
      poolId: [poolId],
      policyId: [assigned.policyId, lawOf.policyId],
      parentPoolId: [poolId],
      parentId: [rootId, parentId],
      resourceId: [resourceId],
      principal: ['user:nobody-1'],
      'listChanges.principal': [arn],
      requestedBy: ['user:nobody-1'],
      author: ['user:nobody-1'],
      madeWith: [firstToken],
      locale: ['onprem:site-1'],
      control: [identity.control],
      sourceId: [example.id],
      resource: [`${absentResource}0`],
      subject: [objectId, hosts[0]!],
    },
  }
}
