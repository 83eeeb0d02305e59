// Who am I, and sessions in member accounts: whom they let in, when they end, and that no secret is kept in clear.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OrganizationWorld, openOrganization, refuses } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'
import type { Call } from '../execute.ts'
import { operationTables } from '../tables.aws.ts'

const roleOf = (account: string, name = 'OrganizationAccountAccessRole') => `arn:aws:iam::${account}:role/${name}`
const assume = (world: OrganizationWorld, RoleArn: string, rest: object = {}, as = {}) =>
  world.sts('AssumeRole', { RoleArn, RoleSessionName: 'deploy', ...rest }, as)

test('the caller is told its account, its ARN and its id', async () => {
  const world = await openOrganization()
  assert.deepEqual(await world.sts('GetCallerIdentity', {}), {
    Account: managementAccount,
    Arn: `arn:aws:iam::${managementAccount}:user/test`,
    UserId: 'AIDATEST',
  })
  await world.close()
})

test('the management account enters a member account with credentials that expire', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  const { Credentials: credentials, AssumedRoleUser: user } = await assume(world, roleOf(app))
  assert.match(credentials!.AccessKeyId!, /^ASIA[A-Z2-7]{16}$/)
  assert.match(credentials!.SecretAccessKey!, /^[A-Za-z0-9+/]{40}$/)
  assert.match(credentials!.SessionToken!, /^[A-Za-z0-9+/]{128}$/)
  assert.equal(user!.Arn, `arn:aws:sts::${app}:assumed-role/OrganizationAccountAccessRole/deploy`)
  assert.match(user!.AssumedRoleId!, /^AROA[A-Z2-7]{17}:deploy$/)

  const { key, now } = await world.store.read(async (tx) => ({
    key: await tx.accessKeys.find(credentials!.AccessKeyId!),
    now: tx.now,
  }))
  assert.deepEqual(key, {
    id: credentials!.AccessKeyId,
    account: app,
    arn: user!.Arn,
    userId: user!.AssumedRoleId,
    secret: credentials!.SecretAccessKey,
    sessionToken: credentials!.SessionToken,
    createdAt: now,
    expiresAt: credentials!.Expiration,
  })
  assert.equal(credentials!.Expiration! - now, 3_600_000)
  const long = await assume(world, roleOf(app), { DurationSeconds: 43_200 })
  assert.equal(long.Credentials!.Expiration! - now, 43_200_000)
  assert.equal(long.AssumedRoleUser!.AssumedRoleId, user!.AssumedRoleId)
  assert.notEqual(long.Credentials!.AccessKeyId, credentials!.AccessKeyId)
  await world.close()
})

test('the role is the one that CreateAccount named', async () => {
  const world = await openOrganization()
  await world.organizations('CreateAccount', { AccountName: 'a', Email: 'a@example.com', RoleName: 'Landing' })
  const { Accounts: accounts } = await world.organizations('ListAccounts', {})
  const id = accounts!.find(({ Name }) => Name === 'a')!.Id!
  await assume(world, roleOf(id, 'Landing'))
  await refuses(assume(world, roleOf(id)), { code: 'NotAuthorized' })
  await world.close()
})

test('I8 a role that may not be assumed is answered like one that does not exist', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  const other = await world.account('other')
  const said = async (arn: string, as = {}) => {
    const refusal = await refuses(assume(world, arn, {}, as), { code: 'NotAuthorized', action: 'sts:AssumeRole' })
    return JSON.stringify(refusal).replace(arn, 'ARN')
  }
  const words = new Set([
    await said(roleOf('222222222222')),
    await said(roleOf(app, 'Other')),
    await said(roleOf(app, 'path/OrganizationAccountAccessRole')),
    await said(roleOf(managementAccount)),
    await said(roleOf(other), { account: app }),
    await said(roleOf(app), { account: app }),
    await said(roleOf(managementAccount), { account: app }),
  ])
  assert.equal(words.size, 1)
  await world.close()
})

test('what is malformed, too long, or would narrow the session is refused by name', async () => {
  const world = await openOrganization()
  const role = roleOf(await world.account('app'))
  for (const wrong of ['role', 'arn:aws:iam::1:role/x', 'arn:aws:iam::111111111111:user/x']) {
    await refuses(assume(world, wrong), { code: 'InvalidParameterValue', field: 'RoleArn' })
  }
  for (const RoleSessionName of ['', 'a', 'a b', 'a/b', 'x'.repeat(65)]) {
    await refuses(assume(world, role, { RoleSessionName }), { code: 'InvalidParameterValue', field: 'RoleSessionName' })
  }
  for (const DurationSeconds of [0, 899, 43_201, 900.5]) {
    await refuses(assume(world, role, { DurationSeconds }), { code: 'InvalidParameterValue', field: 'DurationSeconds' })
  }
  for (const narrowing of [{ Policy: '{}' }, { PolicyArns: [] }, { SerialNumber: 'x' }, { Tags: [] }]) {
    await refuses(assume(world, role, narrowing), { code: 'NotSupported' })
  }
  await assume(world, role, { ExternalId: 'x' })
  await world.close()
})

test('a session acts in its account and cannot go on from there', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  await assume(world, roleOf(app))
  await refuses(world.organizations('ListRoots', {}, { account: app }), { code: 'NotAuthorized' })
  await refuses(assume(world, roleOf(app), {}, { account: app }), { code: 'NotAuthorized' })
  await world.close()
})

test('a repeated request makes another session, because no answer with a secret is kept for repeats', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  const call: Call = {
    principal: { account: managementAccount, arn: 'arn:x', accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
    region: 'us-east-1',
    input: { RoleArn: roleOf(app), RoleSessionName: 'deploy' } as object,
    requestId: 'request',
    invocationId: '5f1a5b5e-0000-4000-8000-000000000000',
    signature: 'ab'.repeat(32),
    sourceAddress: '127.0.0.1',
  }
  const operation = operationTables.sts.get('AssumeRole')!
  type Answer = Awaited<ReturnType<typeof assume>>
  const first = (await world.executor.execute(operation, call)).output as Answer
  const second = (await world.executor.execute(operation, call)).output as Answer
  assert.notEqual(first.Credentials!.AccessKeyId, second.Credentials!.AccessKeyId)

  for (const row of (await world.database.tables()).audit_entry!) assert.match(row, /"token":null/)
  await world.close()
})

test('the secret stands in the database sealed, and nowhere else', async () => {
  const world = await openOrganization()
  const { Credentials: credentials } = await assume(world, roleOf(await world.account('app')))
  // The test world's sealer leaves the text as it is, so the sealed column is the one place where it is found.
  const secret = credentials!.SecretAccessKey!
  const asBytes = Buffer.from(secret).toString('hex')
  const rows = Object.values(await world.database.tables()).flat()
  const found = rows.filter((row) => row.includes(secret) || row.includes(asBytes))
  assert.equal(found.length, 1)
  assert.match(found[0]!, new RegExp(`"sealed":"[0-9a-f]*${asBytes}`))
  await world.close()
})
