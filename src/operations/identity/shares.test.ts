// What an administrator of a part may use up of what the whole installation has in common.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { asNetwork, openAcme, prod, refusalOf, root, shop, workloads } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { finalsPerTargetMax } from '../policy/assignments.ts'
import {
  accountsPerTopUnitMax,
  roleBindingsMax,
  roleBindingsPerMakerAndNodeMax,
  roleBindingsPerMakerMax,
  roleBindingsPerNodeMax,
  roleBindingsReserve,
  unitsPerTopUnitMax,
} from './shares.ts'

interface Answer {
  readonly code?: string
  readonly limit?: number
  readonly countedFor?: string
  readonly remedy?: string
}

/** Two administrators of Prod, one of another unit at the top, and one of everything. */
const furnish = async () => {
  const acme = await withNativeApi(await openAcme())
  const { unitId: other } = await acme.post<{ unitId: string }>('/organizational-units', {
    name: 'other',
    parentId: root,
  })
  const ofProd = (name: string) => acme.tokenOf(name, 'organization-administrator', prod)
  return {
    ...acme,
    other,
    one: await ofProd('user:one'),
    two: await ofProd('user:two'),
    elsewhere: await acme.tokenOf('user:elsewhere', 'organization-administrator', other),
    top: await acme.tokenOf('user:top', 'organization-administrator', root),
  }
}
let acme: Awaited<ReturnType<typeof furnish>>
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

/** So many rows, which may read their number `n`. */
const fill = (table: string, count: number, row: Readonly<Record<string, string>>): Promise<void> =>
  acme.database.tamper(`insert into ${table} (${Object.keys(row).join(', ')})
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})
    select ${Object.values(row).join(', ')} from numbers`)
type Asked = Awaited<ReturnType<typeof bind>>
const isMade = ({ status, body }: Asked): void => assert.equal(status, 201, JSON.stringify(body))
function isRefused({ status, body }: Asked, limit: number, countedFor: RegExp): void {
  assert.deepEqual([status, body.code, body.limit], [409, 'LimitExceeded', limit], JSON.stringify(body))
  assert.match(body.countedFor!, countedFor)
  assert.match(body.remedy!, /^Delete /)
}

let bound = 0
const bind = (as: string, node: string) =>
  acme.ask<Answer>('POST', '/role-bindings', {
    as,
    body: { principal: `user:bound-${bound++}`, role: 'auditor', node },
  })

describe('role bindings', () => {
  beforeEach(() => acme.database.tamper(`delete from role_binding where principal like 'user:n%'`))
  const bindings = (count: number, { maker = `'user:n' || n`, node = `'node-' || n` } = {}) =>
    fill('role_binding', count, {
      id: `'role-binding-n' || n`,
      principal: `'user:n' || n`,
      role: `'auditor'`,
      node,
      effect: `'permit'`,
      created_at: '1',
      counted_for: maker,
    })

  test('D8 of one maker: others still make them, and so does who made too many nowhere', async () => {
    await bindings(roleBindingsPerMakerMax, { maker: `'user:one'` })
    isRefused(await bind(acme.one, shop), roleBindingsPerMakerMax, /^`user:one`/)
    isMade(await bind(acme.two, shop))
    isMade(await bind(acme.top, shop))
  })

  test('D8 of one maker at one node: others still make them there, and the maker at another node', async () => {
    await bindings(roleBindingsPerMakerAndNodeMax, { maker: `'user:one'`, node: `'${prod}'` })
    isRefused(await bind(acme.one, prod), roleBindingsPerMakerAndNodeMax, /^`user:one`.*node `ou-acme-prodprod`/)
    isMade(await bind(acme.one, shop))
    isMade(await bind(acme.two, prod))
  })

  test('D8 at one node: others have theirs, and whoever may manage roles at the top has it, too', async () => {
    await bindings(roleBindingsPerNodeMax, { node: `'${prod}'` })
    isRefused(await bind(acme.two, prod), roleBindingsPerNodeMax, /^node `ou-acme-prodprod`/)
    isMade(await bind(acme.elsewhere, acme.other))
    isMade(await bind(acme.top, prod))
  })

  test('D8 in all: the last ones are for whoever may manage roles at the top', async () => {
    await bindings(roleBindingsMax - roleBindingsReserve)
    isRefused(await bind(acme.two, prod), roleBindingsMax - roleBindingsReserve, /^the whole installation, where/)
    isMade(await bind(acme.top, prod))
  })

  test('D8 whoever makes tokens has one share, by whatever service they ask', async () => {
    await acme.post('/role-bindings', { principal: 'service:s', role: 'organization-administrator', node: prod })
    const { token } = await acme.post<{ token: string }>('/tokens', { principal: 'service:s' }, { as: acme.top })
    const { body } = await acme.ask<{ bindingId: string }>('POST', '/role-bindings', {
      as: token,
      body: { principal: 'user:x', role: 'auditor', node: shop },
    })
    const [row] = await acme.database.select(`select counted_for from role_binding where id = '${body.bindingId}'`)
    assert.equal(row?.counted_for, 'user:top')
  })
})

describe('the organization', () => {
  const isNode = `created_at = 7`
  beforeEach(() => acme.database.tamper(`delete from organization_node where ${isNode}`))
  const nodes = (count: number, kind: string, parent: string) =>
    fill('organization_node', count, {
      id: kind === 'account' ? `cast(700000000000 + n as text)` : `'ou-acme-' || (10000000 + n)`,
      kind: `'${kind}'`,
      parent_id: `'${parent}'`,
      name: `'n' || n`,
      created_at: '7',
    })
  let made = 0
  const unit = (as: string, parentId: string) =>
    acme.ask<Answer>('POST', '/organizational-units', { as, body: { name: `u${made++}`, parentId } })
  const account = (as: string, parentId: string) => {
    const name = `a${made++}`
    return acme.ask<Answer>('POST', '/accounts', { as, body: { name, email: `${name}@example.com`, parentId } })
  }

  test('D8 units below one unit at the top: others have theirs, and whoever manages the organization goes on', async () => {
    await nodes(unitsPerTopUnitMax, 'organizational-unit', workloads)
    isRefused(await unit(acme.one, prod), unitsPerTopUnitMax, /^unit `ou-acme-workload`/)
    isMade(await unit(acme.elsewhere, acme.other))
    isMade(await unit(acme.top, prod))
  })

  test('D8 units in all: the last tenth is for whoever manages the organization', async () => {
    await nodes(9 * unitsPerTopUnitMax, 'organizational-unit', root)
    isRefused(await unit(acme.one, prod), 9 * unitsPerTopUnitMax, /^the whole organization, where/)
    isMade(await unit(acme.top, prod))
  })

  test('D8 numbers of accounts that were removed count for where they were, and drawn ones do not', async () => {
    const numbered = (number: string, as: string, parentId: string) =>
      acme.ask<Answer>('POST', '/accounts', { as, body: { account: number, name: 'numbered', parentId } })
    const remove = (number: string, as: string) => acme.ask('DELETE', `/accounts/${number}`, { as })
    await nodes(accountsPerTopUnitMax - 8, 'account', workloads)
    for (let n = 0; n < 20; n++) {
      const made = await account(acme.one, prod)
      isMade(made)
      await remove((made.body as { account: string }).account, acme.one)
    }
    const numbers: string[] = []
    for (let n = 0; n < 20; n++) {
      const made = await numbered(String(810000000000 + n), acme.one, prod)
      if (made.status !== 201) {
        isRefused(made, accountsPerTopUnitMax, /^unit `ou-acme-workload`/)
        break
      }
      numbers.push(String(810000000000 + n))
      assert.equal((await remove(numbers.at(-1)!, acme.one)).status, 204)
    }
    assert(numbers.length > 0 && numbers.length <= 8, String(numbers.length))
    const taken = await numbered(numbers[0]!, acme.elsewhere, acme.other)
    assert.deepEqual([taken.status, taken.body.code], [409, 'AlreadyExists'])
    isMade(await account(acme.elsewhere, acme.other))
    // Whoever administers the top lets another one have it, and it counts there.
    isMade(await numbered(numbers[0]!, acme.top, acme.other))
    isMade(await account(acme.one, prod))
  })
  test('D8 accounts below one unit at the top, and in all', async () => {
    await nodes(accountsPerTopUnitMax, 'account', workloads)
    isRefused(await account(acme.one, prod), accountsPerTopUnitMax, /^unit `ou-acme-workload`/)
    isMade(await account(acme.elsewhere, acme.other))
    isMade(await account(acme.top, prod))
  })
})

test('D8 finals that an account enables on itself keep no administrator’s from it', async () => {
  const asShop = { account: shop }
  const { Ipam } = await acme.call('CreateIpam', { Tier: 'advanced', OperatingRegions: [] }, asShop)
  const tags = [{ Key: 'cadastre:assignment', Value: 'final' }]
  const TagSpecifications = [{ ResourceType: 'ipam-policy' as const, Tags: tags }]
  const enable = async (account: string, IpamId: string) => {
    const { IpamPolicy } = await acme.call('CreateIpamPolicy', { IpamId, TagSpecifications }, { account })
    const target = account === shop ? {} : { OrganizationTargetId: shop }
    await acme.call('EnableIpamPolicy', { IpamPolicyId: IpamPolicy!.IpamPolicyId!, ...target }, { account })
  }
  for (let n = 0; n < finalsPerTargetMax; n++) await enable(shop, Ipam!.IpamId!)
  assert.equal((await refusalOf(enable(shop, Ipam!.IpamId!))).code, 'LimitExceeded')
  await enable(asNetwork.account, acme.ipam)
})
