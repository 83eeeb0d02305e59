// Every operation of every API that changes something, where change control is required: what is governed is refused, and all else stands
// here with its reason.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { commandWords } from '#cli/commands.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { withoutControl } from '#operations/governance/control.ts'
import { governedOperations } from '#operations/governance/operations.native.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import type { Store } from '#store/store.ts'
import { type ControlledWorld, openControlled } from './controlled-world.ts'
import type { Asked } from './event-loop/filled-world.ts'
import { administratorOf, parsedFor, signer } from './event-loop/requests.ts'

let controlled: ControlledWorld
let administrator: Principal
before(async () => {
  controlled = await openControlled(async (world) => {
    administrator = await administratorOf(world)
  })
})
after(() => controlled?.world.close())

/** What changes something over the AWS APIs and is not governed, by the reason. */
const ungovernedOverAws: Readonly<Record<string, readonly string[]>> = {
  'it takes space or gives it back, as what is governed says': [
    ...['AllocateAddress', 'ReleaseAddress', 'AssociateAddress', 'DisassociateAddress'],
    ...['AllocateIpamPoolCidr', 'ReleaseIpamPoolAllocation', 'ModifyIpamPoolAllocation'],
  ],
  'networks, and what stands in them, are an account’s own': [
    ...['CreateVpc', 'DeleteVpc', 'ModifyVpcAttribute', 'AssociateVpcCidrBlock', 'DisassociateVpcCidrBlock'],
    ...['CreateSubnet', 'DeleteSubnet', 'ModifySubnetAttribute', 'AssociateSubnetCidrBlock'],
    ...['DisassociateSubnetCidrBlock', 'CreateSubnetCidrReservation', 'DeleteSubnetCidrReservation'],
    ...['CreateDefaultSubnet', 'CreateDefaultVpc'],
    ...['CreateNatGateway', 'DeleteNatGateway', 'AssociateNatGatewayAddress', 'DisassociateNatGatewayAddress'],
    ...['AttachInternetGateway', 'CreateInternetGateway', 'DeleteInternetGateway', 'DetachInternetGateway'],
    ...['CreateEgressOnlyInternetGateway', 'DeleteEgressOnlyInternetGateway'],
    ...['AssociateRouteTable', 'CreateRoute', 'CreateRouteTable', 'DeleteRoute', 'DeleteRouteTable'],
    ...['DisassociateRouteTable', 'ReplaceRoute', 'ReplaceRouteTableAssociation'],
    ...['AuthorizeSecurityGroupEgress', 'AuthorizeSecurityGroupIngress', 'CreateSecurityGroup'],
    ...['DeleteSecurityGroup', 'ModifySecurityGroupRules', 'RevokeSecurityGroupEgress', 'RevokeSecurityGroupIngress'],
    ...['UpdateSecurityGroupRuleDescriptionsEgress', 'UpdateSecurityGroupRuleDescriptionsIngress'],
    ...['CreateNetworkAcl', 'CreateNetworkAclEntry', 'DeleteNetworkAcl', 'DeleteNetworkAclEntry'],
    ...['ReplaceNetworkAclAssociation', 'ReplaceNetworkAclEntry'],
    ...['AssociateDhcpOptions', 'CreateDhcpOptions', 'DeleteDhcpOptions'],
  ],
  'it is about what an IPAM looks at, by which nothing is given or refused': [
    ...['CreateIpamResourceDiscovery', 'ModifyIpamResourceDiscovery', 'DeleteIpamResourceDiscovery'],
    ...['AssociateIpamResourceDiscovery', 'DisassociateIpamResourceDiscovery', 'ModifyIpamResourceCidr'],
  ],
  'which services may act is read by nothing but whoever administers one': [
    ...['EnableAWSServiceAccess', 'DisableAWSServiceAccess'],
  ],
  'it opens a session of what may be done already': ['AssumeRole'],
}
/** The same over the native API, beside what can be in a change request. */
const ungoverned: Readonly<Record<string, readonly string[]>> = {
  'it takes space or gives it back, as what is governed says': [
    ...['createAllocation', 'createAllocations', 'updateAllocation', 'confirmAllocation', 'holdAllocation'],
    'releaseAllocation',
  ],
  'what is told of an estate, and adopted of it, is decided on as whatever asks for space': [
    ...['createSource', 'updateSource', 'deleteSource', 'updateSeenResource', 'updateResource'],
    ...['adoptDifferences', 'ignoreDifferences', 'releaseDifferences', 'askOwnersOfDifferences'],
  ],
  'a finding that is suppressed is one all the same': ['suppressFinding', 'unsuppressFinding'],
  'a token may do no more than whoever makes it': ['createToken', 'revokeToken'],
  'others are told of what happens': [
    ...['createSubscription', 'updateSubscription', 'rotateSubscriptionSecret', 'deleteSubscription'],
    ...['testSubscription', 'replaySubscription', 'replayDelivery'],
  ],
  'it only asks': ['startSimulation', 'cancelSimulation', 'deleteSimulation'],
  'it stops what a change request makes': ['haltChangeRequest'],
}
/** Over the native API, beside what can be in a change request. */
const governedBeside: readonly string[] = ['applyGovernance', 'createAccounts']
/** What the example of it is refused for before: `src/operations/governance/proposals.native.test.ts` asks for it elsewhere. */
const refusedBefore: Readonly<Record<string, string>> = {
  createIpam: 'LimitExceeded',
  createOrganization: 'AlreadyExists',
  CreateOrganization: 'AlreadyExists',
  DeleteOrganization: 'DependencyViolation',
  RegisterDelegatedAdministrator: 'LimitExceeded',
}
/** Who is made the administrator in the example is it already. */
const changingNothing: readonly string[] = ['putIpamAdministrator', 'EnableIpamOrganizationAdminAccount']

const isWrite = ({ access }: AnyOperation): boolean => access === 'write'
const namesIn = (lists: Readonly<Record<string, readonly string[]>>): readonly string[] => Object.values(lists).flat()

async function codeOf(operation: AnyOperation, { input }: Asked, principal: Principal): Promise<string> {
  const asked = controlled.world.executor.execute(operation, {
    ...{ principal, input, requestId: 'asked', sourceAddress: '127.0.0.1', isDryRun: true },
    region: principal === administrator ? 'global' : 'us-east-1',
  })
  const answer = await asked.catch((error: unknown) => error)
  if (answer instanceof Refused) return answer.refusal.code
  throw answer
}
async function refusedAmong<Operation extends AnyOperation>(
  operations: Iterable<Operation>,
  examplesOf: (operation: Operation) => readonly (Asked & { readonly as?: Principal })[],
  principal: Principal,
): Promise<string[]> {
  const refused = new Set<string>()
  for (const operation of operations) {
    if (!isWrite(operation)) continue
    for (const example of examplesOf(operation)) {
      const code = await codeOf(operation, example, example.as ?? principal)
      if (code === 'ChangeRequestRequired') refused.add(operation.name)
    }
  }
  return [...refused].sort()
}
const awsOperations = Object.values(operationTables).flatMap((table) => [...table.values()])
const examplesOverNative = (operation: NativeOperation): readonly Asked[] =>
  (controlled.native.get(operation.name) ?? []).map((example) => parsedFor(operation, example))

test('§8 over the AWS APIs, whatever changes something and has no reason not to be governed is refused, and nothing else', async () => {
  const apart = [...namesIn(ungovernedOverAws), ...Object.keys(refusedBefore), ...changingNothing]
  const governed = awsOperations.filter((one) => isWrite(one) && !apart.includes(one.name)).map(({ name }) => name)
  const found = await refusedAmong(awsOperations, ({ name }) => controlled.aws.get(name) ?? [], signer)
  assert.deepEqual(found, governed.sort())
})

test('§8 over the native API, what can be in a change request needs one, and nothing else', async () => {
  const found = await refusedAmong(nativeOperations, examplesOverNative, administrator)
  const governed = [...governedOperations.keys(), ...governedBeside].filter(
    (name) => !withoutControl.has(name) && !(name in refusedBefore) && !changingNothing.includes(name),
  )
  assert.deepEqual(found, governed.sort())
  const writing = nativeOperations.filter(isWrite).map(({ name }) => name)
  const known = [...governedOperations.keys(), ...governedBeside, ...withoutControl, ...namesIn(ungoverned)]
  assert.deepEqual(
    writing.filter((name) => !known.includes(name)),
    [],
    'every operation is governed, or stands here with its reason',
  )
})

test('every reason is one of an operation that there is, which changes something', () => {
  const names = new Set([...awsOperations, ...nativeOperations].filter((one) => isWrite(one)).map(({ name }) => name))
  const all = [...namesIn(ungovernedOverAws), ...namesIn(ungoverned), ...Object.keys(refusedBefore), ...changingNothing]
  assert.deepEqual(
    all.filter((name) => !names.has(name)),
    [],
  )
})

test('what is refused for something else is that', async () => {
  for (const [name, code] of Object.entries(refusedBefore)) {
    const native = nativeOperations.find((one) => one.name === name)
    const operation = native ?? awsOperations.find((one) => one.name === name)!
    const [example] = native ? examplesOverNative(native) : controlled.aws.get(name)!
    assert.equal(await codeOf(operation, example!, native ? administrator : signer), code, name)
  }
})

/** What the operator does at the server's own machine, by the reason. */
const operatorCommands: Readonly<Record<string, readonly string[]>> = {
  'it needs a change request or an emergency': ['operatorToken', 'operatorConsole'],
  'a key may do no more than its account, whose changes are controlled': ['createKey', 'disableKey'],
  'it is about the server, its database and its record, and about nothing that decisions are made by': [
    ...['serve', 'migrate', 'accept', 'move', 'restore', 'decisionsKeep', 'auditNewKey', 'auditErase'],
  ],
  'it only reads': [
    ...['listKeys', 'explain', 'check', 'auditVerify', 'auditKey', 'auditExport', 'auditProve', 'auditPack', 'version'],
    ...['backup', 'backupVerify'],
  ],
}
test('§8 every command of the operator stands here with its reason', () => {
  assert.deepEqual(namesIn(operatorCommands).toSorted(), Object.keys(commandWords).sort())
})

/** Kinds of the history whose objects are what decisions are made by, or who says so. */
const governedKinds = new Set([
  ...['ipam', 'ipam-scope', 'ipam-pool', 'ipam-pool-cidr', 'ipam-policy', 'resource-type', 'role-binding'],
  ...['organization', 'root', 'organizational-unit', 'account', 'delegated-administrator', 'exception'],
])
/** The epoch is what change control goes by. */
test('§8 nothing that is governed changes without the epoch', async () => {
  const without: string[] = []
  const ask = async (operation: AnyOperation, { input }: Asked, principal: Principal, region: string) => {
    const call = { principal, region, input, requestId: 'asked', sourceAddress: '127.0.0.1', isDryRun: true }
    const { hasMoved, kinds } = await changedBy(controlled.world.store, () =>
      controlled.world.executor.execute(operation, call).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error
      }),
    )
    if (!hasMoved)
      without.push(...kinds.filter((kind) => governedKinds.has(kind)).map((kind) => `${operation.name} ${kind}`))
  }
  for (const operation of awsOperations.filter(isWrite)) {
    for (const example of controlled.aws.get(operation.name) ?? [])
      await ask(operation, example, example.as ?? signer, 'us-east-1')
  }
  for (const operation of nativeOperations.filter(isWrite)) {
    for (const example of examplesOverNative(operation)) await ask(operation, example, administrator, 'global')
  }
  assert.deepEqual(without, [])
})

/** Of what its last transaction had changed when it ended. */
async function changedBy(
  store: Store,
  work: () => Promise<unknown>,
): Promise<{ readonly hasMoved: boolean; readonly kinds: readonly string[] }> {
  const write = store.write
  let found = { hasMoved: false, kinds: [] as readonly string[] }
  Object.assign(store, {
    write: (inside: Parameters<Store['write']>[0], ...rest: []) =>
      write.call(
        store,
        async (tx) => {
          const epoch = tx.governanceEpoch
          try {
            return await inside(tx)
          } finally {
            const hasMoved = tx.governanceEpoch !== epoch
            const changed = tx.subjects.named().filter(({ before, after: now }) => (before ?? now) !== undefined)
            const versions = await tx.history.findVersions(
              changed.map(({ id, before, after: now }) => [id, (now ?? before)!]),
            )
            found = { hasMoved, kinds: [...versions.values()].map(({ kind }) => kind) }
          }
        },
        ...rest,
      ),
  })
  try {
    await work()
  } finally {
    Object.assign(store, { write })
  }
  return found
}
