// Every operation of every API that changes something, where change control is required: what is governed is refused, and nothing else.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { withoutControl } from '#operations/governance/control.ts'
import { governedOperations } from '#operations/governance/operations.native.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { type Asked, type Filled, openFilled } from './event-loop/filled-world.ts'
import { administratorOf, parsedFor, signer } from './event-loop/requests.ts'

let filled: Filled
let administrator: Principal
before(async () => {
  filled = await openFilled({ allocations: 20, objects: 10 })
  const { world } = filled
  administrator = await administratorOf(world)
  const { items } = await world.get<{ items: { ipamId: string }[] }>('/ipams')
  for (const { ipamId } of items) {
    const { status } = await world.ask('PATCH', `/ipams/${ipamId}`, { body: { changeControl: 'required' } })
    // The first one asks for change requests for the others, too: all of them are the organization's.
    assert([200, 409].includes(status))
  }
})
after(() => filled?.world.close())

/** What is governed over the AWS APIs. Over the native one: whatever can be in a change request, and what does several of these at once. */
const governedOverAws: readonly string[] = [
  'CloseAccount',
  'CreateAccount',
  'CreateIpamPolicy',
  'CreateIpamPool',
  'CreateOrganizationalUnit',
  'DeleteIpamPolicy',
  'DeleteIpamPool',
  'DeleteOrganizationalUnit',
  'DeprovisionIpamPoolCidr',
  'DeregisterDelegatedAdministrator',
  'DisableIpamOrganizationAdminAccount',
  'EnableIpamPolicy',
  'ModifyIpam',
  'ModifyIpamPolicyAllocationRules',
  'ModifyIpamPool',
  'MoveAccount',
  'ProvisionIpamPoolCidr',
  'RemoveAccountFromOrganization',
  'TagResource',
  'UpdateOrganizationalUnit',
]
/** Over the native API, beside what can be in a change request. */
const governedBeside: readonly string[] = ['applyGovernance', 'createAccounts']
/**
 * What can be in a change request and needs none: scopes are nothing that decisions are made on, before pools are in them; and who is
 * made the administrator in the example is it already.
 */
const needingNone: readonly string[] = ['createScope', 'updateScope', 'deleteScope', 'putIpamAdministrator']
/** What the example of it is refused for before: there is one already. */
const refusedBefore: Readonly<Record<string, string>> = {
  createIpam: 'LimitExceeded',
  createOrganization: 'AlreadyExists',
}

async function codeOf(operation: AnyOperation, { input }: Asked, principal: Principal): Promise<string> {
  const asked = filled.world.executor.execute(operation, {
    ...{ principal, input, requestId: 'asked', sourceAddress: '127.0.0.1', isDryRun: true },
    region: principal === signer ? 'us-east-1' : 'global',
  })
  const answer = await asked.catch((error: unknown) => error)
  if (answer instanceof Refused) return answer.refusal.code
  throw answer
}
async function refusedAmong<Operation extends AnyOperation>(
  operations: Iterable<Operation>,
  examplesOf: (operation: Operation) => readonly Asked[],
  principal: Principal,
): Promise<string[]> {
  const refused = new Set<string>()
  for (const operation of operations) {
    if (operation.access !== 'write') continue
    for (const example of examplesOf(operation)) {
      if ((await codeOf(operation, example, principal)) === 'ChangeRequestRequired') refused.add(operation.name)
    }
  }
  return [...refused].sort()
}

test('§8 over the AWS APIs, what is declared governed is refused, and nothing else', async () => {
  const operations = Object.values(operationTables).flatMap((table) => [...table.values()])
  const found = await refusedAmong(operations, ({ name }) => filled.aws.get(name) ?? [], signer)
  assert.deepEqual(found, [...governedOverAws].sort())
})

test('§8 over the native API, what can be in a change request needs one, and nothing else', async () => {
  const examplesOf = (operation: NativeOperation): readonly Asked[] =>
    (filled.native.get(operation.name) ?? []).map((example) => parsedFor(operation, example))
  const found = await refusedAmong(nativeOperations, examplesOf, administrator)
  const governed = [...governedOperations.keys(), ...governedBeside].filter(
    (name) => !withoutControl.has(name) && !needingNone.includes(name) && !(name in refusedBefore),
  )
  assert.deepEqual(found, governed.sort())
})

test('what is refused for something else is that', async () => {
  for (const [name, code] of Object.entries(refusedBefore)) {
    const operation = nativeOperations.find((one) => one.name === name)!
    const [example] = filled.native.get(name)!
    assert.equal(await codeOf(operation, parsedFor(operation, example!), administrator), code, name)
  }
})

test('what needs no change request is an operation that there is', () => {
  const known = new Set(nativeOperations.map(({ name }) => name))
  assert.deepEqual(
    [...withoutControl].filter((name) => !known.has(name)),
    ['openChangeRequest', 'advanceChangeRequest'],
  )
})
