// What an administrator of a part may add to every snapshot by making many accounts, and that others are not touched by it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openAcme, prod, root, workloads } from '../../../test/acme.ts'
import { largeDocument } from '../../../test/large-policies.ts'
import { withNativeApi } from '../../../test/native-world.ts'

interface Answer {
  readonly code?: string
  readonly what?: string
  readonly limit?: number
  readonly countedFor?: string
  readonly remedy?: string
}
const locale = 'us-east-1'
/** An administrator of Prod, who makes accounts there, one of another unit at the top, and one of everything. */
const furnish = async () => {
  const acme = await withNativeApi(await openAcme())
  const { unitId: other } = await acme.post<{ unitId: string }>('/organizational-units', {
    name: 'other',
    parentId: root,
  })
  const of = (name: string, node: string) => acme.tokenOf(name, 'organization-administrator', node)
  return {
    ...acme,
    other,
    bob: await of('user:bob', prod),
    elsewhere: await of('user:elsewhere', other),
    top: await of('user:top', root),
  }
}
let acme: Awaited<ReturnType<typeof furnish>>
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

interface Own {
  readonly account: string
  readonly ipamId: string
  readonly scopeId: string
  readonly pool: string
}
let made = 0
async function accountIn(parentId: string, as: string): Promise<Own> {
  const name = `a${made++}`
  const options = { as }
  const { account } = await acme.post<{ account: string }>(
    '/accounts',
    { name, email: `${name}@example.com`, parentId },
    options,
  )
  type Made = { ipamId: string; privateScopeId: string }
  const { ipamId, privateScopeId: scopeId } = await acme.post<Made>('/ipams', { account, region: locale }, options)
  const { poolId: pool } = await acme.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4', locale }, options)
  return { account, ipamId, scopeId, pool }
}
async function write({ ipamId, pool }: Own, as: string, bytes: number) {
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId }, { as })
  const body = largeDocument(pool, bytes)
  return acme.ask<Answer>('PUT', `/policies/${policyId}/documents/${locale}/custom`, { as, body })
}
/** So many rows, which may read their number `n`. */
const fill = (table: string, count: number, row: Readonly<Record<string, string>>): Promise<void> =>
  acme.database.tamper(`insert into ${table} (${Object.keys(row).join(', ')})
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})
    select ${Object.values(row).join(', ')} from numbers`)
function isRefused(
  { status, body }: { readonly status: number; readonly body: Answer },
  what: string,
  limit: number,
): void {
  assert.deepEqual(
    [status, body.code, body.what, body.limit],
    [409, 'LimitExceeded', what, limit],
    JSON.stringify(body),
  )
  assert.equal(body.countedFor, `\`${workloads}\` and all below it`)
  assert.match(body.remedy!, /take away what is not needed/)
}

test('D8 what is written to policies in a day is counted for the part, too, and begins anew on the next day', async () => {
  const [own, others] = [await accountIn(prod, acme.bob), await accountIn(acme.other, acme.elsewhere)]
  assert.equal((await write(own, acme.bob, 1_000)).status, 200)
  await acme.database.tamper(`update policy_written set bytes = 268435456 where account = 'below ${workloads}'`)
  const refused = await acme.ask<Answer>('POST', '/policies', { as: acme.bob, body: { ipamId: own.ipamId } })
  const { code, what, limit, countedFor } = refused.body
  assert.deepEqual([refused.status, code, limit], [409, 'LimitExceeded', 268_435_456])
  assert.deepEqual(
    [what, countedFor],
    ['bytes of policy versions written today (UTC)', `\`${workloads}\` and all below it`],
  )
  assert.equal((await write(others, acme.elsewhere, 1_000)).status, 200)
  assert.equal((await write(own, acme.top, 1_000)).status, 200)
  acme.advance(86_400_000)
  assert.equal((await write(own, acme.bob, 1_000)).status, 200)
})

test('D8 policies of all accounts that somebody makes in a part say so much together; others, and the top, write on', async () => {
  for (let accounts = 0; accounts < 4; accounts++) {
    const own = await accountIn(prod, acme.bob)
    for (let policies = 0; policies < 4; policies++) assert.equal((await write(own, acme.bob, 500_000)).status, 200)
  }
  const more = await accountIn(prod, acme.bob)
  isRefused(await write(more, acme.bob, 500_000), 'bytes of documents of policies', 8_388_608)
  assert.equal((await write(more, acme.bob, 1_000)).status, 200)
  assert.equal((await write(await accountIn(acme.other, acme.elsewhere), acme.elsewhere, 500_000)).status, 200)
  assert.equal((await write(more, acme.top, 500_000)).status, 200)
})

test('D8 so do their pools, CIDRs, shares and IPAMs, however many accounts there are', async () => {
  const [own, others] = [await accountIn(prod, acme.bob), await accountIn(acme.other, acme.elsewhere)]
  const full: Own[] = []
  for (let accounts = 0; accounts < 3; accounts++) full.push(await accountIn(prod, acme.bob))
  for (const [index, { account, ipamId, scopeId }] of full.entries()) {
    await fill('pool', 1_700, {
      n: `${900_000_000 + index * 10_000} + n`,
      id: `'ipam-pool-f${index}-' || n`,
      ipam_id: `'${ipamId}'`,
      scope_id: `'${scopeId}'`,
      account: `'${account}'`,
      depth: '1',
      family: '4',
      created_at: '0',
    })
  }
  // Written behind the server's back: what it remembers is of before.
  // Rows that come and go beside the operations: servers read all again where so many epochs lie between.
  const forget = async () => {
    await acme.database.execute(`update counter set value = value + 200000 where name = 'governance-epoch'`)
    await acme.post('/role-bindings', { principal: `user:n${made++}`, role: 'auditor', node: root })
  }
  await forget()
  const pool = ({ scopeId }: Own, as: string, more: object = {}) =>
    acme.ask<Answer>('POST', '/pools', { as, body: { scopeId, family: 'ipv4', locale, ...more } })
  isRefused(await pool(own, acme.bob), 'pools', 5_000)
  assert.equal((await pool(others, acme.elsewhere)).status, 201)
  assert.equal((await pool(own, acme.top)).status, 201)

  await acme.database.tamper(`delete from pool where n > 900000100`)
  for (let pools = 1; pools <= 13; pools++) {
    await fill('pool_share', 1_000, { pool: String(900_000_000 + pools), principal: `'1' || (10000000000 + n)` })
  }
  await forget()
  const shared = { sharedWith: [others.account] }
  isRefused(await pool(own, acme.bob, shared), 'accounts and units that pools are shared with', 12_500)
  assert.equal((await pool(own, acme.bob)).status, 201)
  assert.equal((await pool(others, acme.elsewhere, { sharedWith: [own.account] })).status, 201)

  const requiring = {
    requiredTags: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, 'v'.repeat(250)])),
  }
  const answers: Awaited<ReturnType<typeof pool>>[] = []
  for (const one of [...full, own]) {
    for (let pools = 0; pools < 20; pools++) answers.push(await pool(one, acme.bob, requiring))
  }
  isRefused(answers.at(-1)!, 'bytes of tags that pools require', 524_288)
  assert.equal((await pool(others, acme.elsewhere, requiring)).status, 201)

  await fill('ipam', 5_000, {
    ...Object.fromEntries(
      Object.entries(
        await acme.database.select(`select * from ipam where id = '${own.ipamId}'`).then(([row]) => row!),
      ).map(([column, value]) => [
        column,
        value === null ? 'null' : typeof value === 'number' ? String(value) : `'${value}'`,
      ]),
    ),
    id: `'ipam-f' || n`,
    region: `'xx-' || n`,
  })
  await forget()
  const ipam = (account: string, as: string) =>
    acme.ask<Answer>('POST', '/ipams', { as, body: { account, region: 'eu-central-1' } })
  isRefused(await ipam(own.account, acme.bob), 'IPAMs', 5_000)
  assert.equal((await ipam(others.account, acme.elsewhere)).status, 201)
  await acme.database.tamper(`delete from ipam where region like 'xx-%'`)
})

test('D8 so do tags of the units and accounts themselves', async () => {
  const [own, others] = [await accountIn(prod, acme.bob), await accountIn(acme.other, acme.elsewhere)]
  await fill('organization_node', 500, {
    id: `cast(700000000000 + n as text)`,
    kind: `'account'`,
    parent_id: `'${prod}'`,
    name: `'n' || n`,
    created_at: '7',
    // As whatever makes nodes writes it.
    facts_at: `(select value + 1 from counter where name = 'governance-epoch')`,
  })
  for (let tag = 0; tag < 50; tag++) {
    await fill('tag', 500, {
      resource_id: `cast(700000000000 + n as text)`,
      resource_type: `'account'`,
      account: `'o-acmeacme00'`,
      region: `''`,
      key: `'k${tag}'`,
      value: `'v'`,
    })
  }
  await acme.post('/role-bindings', { principal: `user:n${made++}`, role: 'auditor', node: root })
  const tag = (account: string, as: string) =>
    acme.ask<Answer>('PATCH', `/accounts/${account}`, { as, body: { tags: { key: 'value' } } })
  isRefused(await tag(own.account, acme.bob), 'tags of units and accounts', 25_000)
  assert.equal((await tag(others.account, acme.elsewhere)).status, 200)
  assert.equal((await tag(own.account, acme.top)).status, 200)
})
