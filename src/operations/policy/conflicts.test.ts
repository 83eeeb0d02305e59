// Claims about what brings two assignments against each other: every change over every API is looked at, whatever it calls itself.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { conflictsIn, findConflicts } from '#model/policy/conflicts.ts'
import { compileSnapshot } from '#model/policy/snapshot.ts'
import { Refused } from '#model/refusal.ts'
import {
  type Acme,
  asNetwork,
  dev,
  lab,
  network,
  openAcme,
  prod,
  refusalOf,
  root,
  shop,
  stranger,
  workloads,
} from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { managementAccount, testSettings } from '../../../test/world.ts'
import { type Call, openExecutor } from '../execute.ts'
import type { AnyOperation, WriteOperation } from '../operation.ts'
import { nativeOperations } from '../table.native.ts'
import { operationTables } from '../tables.aws.ts'

let acme: Acme & Native
const open = () => {
  before(async () => {
    acme = await withNativeApi(await openAcme())
  })
  after(() => acme.close())
}

interface Problem {
  readonly code: string
  readonly node: string
  readonly parties: readonly { readonly policyId: string; readonly targetId: string }[]
  readonly detail: string
}
interface Rule {
  readonly poolId: string
  readonly when?: object
}
type DocumentParams = { readonly rules: readonly Rule[]; readonly size?: object } & Record<string, unknown>

const put = async (policy: string, rules: readonly Rule[], more: object = {}, type = 'eip') => {
  const path = `/policies/${policy}/documents/us-east-1/${type}`
  const { status, body } = await acme.ask<Problem>('PUT', path, { body: { rules, ...more } satisfies DocumentParams })
  assert.equal(status, 200, JSON.stringify(body))
}
const lawOf = async (...rules: Rule[]) => {
  const policy = await acme.policy()
  await put(policy, rules)
  return policy
}
const pathTo = (policy: string, target: string) => `/policies/${policy}/assignments/${target}`
const enable = async (policy: string, target: string, params: object = {}) => {
  const { status, body } = await acme.ask('PUT', pathTo(policy, target), { body: params })
  assert.equal(status, 200, JSON.stringify(body))
}
const disable = async (...all: [string, string][]) => {
  for (const [policy, target] of all) assert.equal((await acme.ask('DELETE', pathTo(policy, target))).status, 204)
}
const final = { kind: 'final' } as const

/** Natively: both parties as facts and in words. */
async function refused(work: Promise<{ status: number; body: Problem }>, node: string, ...policies: string[]) {
  const { status, body } = await work
  assert.deepEqual([status, body.code, body.node], [409, 'PolicyConflict', node], JSON.stringify(body))
  assert.deepEqual(body.parties.map(({ policyId }) => policyId).sort(), policies.toSorted())
  for (const policy of policies) assert.ok(body.detail.includes(policy), body.detail)
}
async function refusedOver(work: Promise<unknown>, node: string | undefined, ...policies: string[]) {
  const refusal = await refusalOf(work)
  assert.ok(refusal.code === 'PolicyConflict', JSON.stringify(refusal))
  assert.deepEqual(refusal.parties.map(({ policyId }) => policyId).sort(), policies.toSorted())
  if (node !== undefined) assert.equal(refusal.node, node)
}
const treeTags = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
const tagTree = (id: string, tags: Record<string, string>) =>
  acme.organizations('TagResource', { ResourceId: id, Tags: treeTags(tags) })
const untagTree = (id: string, ...TagKeys: string[]) => acme.organizations('UntagResource', { ResourceId: id, TagKeys })

describe('by tags of accounts and units that a condition reads', () => {
  open()
  let pools: [string, string]
  let wide: string
  let narrow: string
  const isolated = { tags: [{ key: 'zone', values: ['isolated'] }] }
  before(async () => {
    pools = [await acme.pool(), await acme.pool()]
    // Who is isolated may use the second pool alone.
    wide = await lawOf({ poolId: pools[0] })
    narrow = await lawOf(
      { poolId: pools[0], when: { tags: [{ key: 'zone', values: ['open'] }] } },
      { poolId: pools[1], when: isolated },
    )
    await tagTree(root, { zone: 'open' })
    await enable(wide, root)
    await enable(narrow, root, final)
  })

  test('TagResource on an account, a unit and the root', async () => {
    await refusedOver(tagTree(shop, { zone: 'isolated' }), shop, wide, narrow)
    await refusedOver(tagTree(prod, { zone: 'isolated' }), shop, wide, narrow)
    await refusedOver(tagTree(root, { zone: 'isolated' }), undefined, wide, narrow)
    await tagTree(shop, { team: 'shop' })
    assert.equal(await acme.poolOfAddress(shop), pools[0], 'nothing changed')
  })

  test('UntagResource, where the tag of a unit above comes to count', async () => {
    await tagTree(lab, { zone: 'open' })
    await tagTree(dev, { zone: 'isolated' })
    await refusedOver(untagTree(lab, 'zone'), lab, wide, narrow)
    await untagTree(dev, 'zone')
    await untagTree(lab, 'zone')
  })

  test('`account update --tags` and `unit update --tags`', async () => {
    const patch = (path: string, tags: object) => acme.ask<Problem>('PATCH', path, { body: { tags } })
    await refused(patch(`/accounts/${shop}`, { zone: 'isolated' }), shop, wide, narrow)
    await refused(patch(`/organizational-units/${dev}`, { zone: 'isolated' }), lab, wide, narrow)
    assert.equal((await patch(`/organizational-units/${dev}`, { team: 'lab' })).status, 200)
  })

  test('CreateAccount with tags, and natively wherever it is made', async () => {
    const params = { AccountName: 'new', Email: 'new@example.com', Tags: zone('isolated') }
    await refusedOver(acme.organizations('CreateAccount', params), undefined, wide, narrow)
    const native = (more: object) =>
      acme.ask<Problem>('POST', '/accounts', { body: { name: 'new', email: 'new@example.com', ...more } })
    for (const parentId of [undefined, root, prod]) {
      const { status, body } = await native({ parentId, tags: { zone: 'isolated' } })
      assert.deepEqual([status, body.code], [409, 'PolicyConflict'], JSON.stringify(body))
    }
    assert.equal((await native({ parentId: prod, tags: { zone: 'open' } })).status, 201)
  })

  test('MoveAccount to where a tag is another', async () => {
    const { body } = await acme.ask<{ unitId: string }>('POST', '/organizational-units', {
      body: { name: 'isolated', parentId: root, tags: { zone: 'isolated' } },
    })
    const move = { AccountId: shop, SourceParentId: prod, DestinationParentId: body.unitId }
    await refusedOver(acme.organizations('MoveAccount', move), shop, wide, narrow)
    const native = { body: { parentId: body.unitId } }
    await refused(acme.ask<Problem>('POST', `/accounts/${shop}/move`, native), shop, wide, narrow)
    const made = acme.ask<Problem>('POST', '/accounts', {
      body: { name: 'there', email: 'there@example.com', parentId: body.unitId },
    })
    assert.equal((await made).body.code, 'PolicyConflict')
  })
})

describe('by accounts that are made', () => {
  open()

  test('CreateAccount and natively, directly under the root, where only what has no tag yet meets it', async () => {
    const [one, other] = [await acme.pool(), await acme.pool()]
    const known = { tags: [{ key: 'zone', values: ['open'] }] }
    const [wide, narrow] = [await lawOf({ poolId: one }), await lawOf({ poolId: one, when: known }, { poolId: other })]
    for (const id of [workloads, network, managementAccount]) await tagTree(id, { zone: 'open' })
    await enable(wide, root)
    await enable(narrow, root, final)
    const params = { AccountName: 'new', Email: 'new@example.com' }
    await refusedOver(acme.organizations('CreateAccount', params), undefined, wide, narrow)
    const native = (more: object) =>
      acme.ask<Problem>('POST', '/accounts', { body: { name: 'new', email: 'new@example.com', ...more } })
    for (const parentId of [undefined, root]) assert.equal((await native({ parentId })).body.code, 'PolicyConflict')
    assert.equal((await native({ parentId: prod })).status, 201)
    await acme.organizations('CreateAccount', { AccountName: 'b', Email: 'b@example.com', Tags: zone('open') })
  })
})

describe('by assignments, versions, conditions and rules', () => {
  open()
  let [one, other]: [string, string] = ['', '']
  before(async () => {
    ;[one, other] = [await acme.pool(), await acme.pool()]
  })

  test('a mode from off, observe or warn to enforce; what observes is recorded, and refused only then', async () => {
    const [wide, narrow] = [await lawOf({ poolId: one }), await lawOf({ poolId: other })]
    await enable(wide, root)
    for (const mode of ['off', 'observe', 'warn']) {
      await enable(narrow, prod, { ...final, mode })
      const params = { body: { ...final, mode: 'enforce' } }
      await refused(acme.ask<Problem>('PUT', pathTo(narrow, prod), params), prod, wide, narrow)
      const dry = acme.ask<Problem>('PUT', `${pathTo(narrow, prod)}?dryRun=true`, params)
      await refused(dry, prod, wide, narrow)
    }
    await disable([narrow, prod], [wide, root])
  })

  test('two finals with bounds that have nothing in common, of either family', async () => {
    const [v4, v6] = [
      await acme.pool({ scope: 'private', cidr: '10.0.0.0/8' }),
      await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd12:1234::/48' }),
    ]
    const rules = [{ poolId: v4 }, { poolId: v6 }]
    for (const [setting, small, large] of [
      ['size', { min: 24, default: 24, max: 28 }, { min: 16, default: 16, max: 20 }],
      ['sizeIpv6', { min: 56, default: 56, max: 60 }, { min: 48, default: 48, max: 52 }],
    ] as const) {
      const [first, second] = [await acme.policy(), await acme.policy()]
      await put(first, rules, { [setting]: small }, 'vpc')
      await put(second, rules, { [setting]: large }, 'vpc')
      await enable(first, root, final)
      const work = acme.ask<Problem>('PUT', pathTo(second, prod), { body: final })
      await refused(work, prod, first, second)
      await enable(second, prod, { ...final, mode: 'observe' })
      await disable([first, root], [second, prod])
    }
  })

  test('a family that both list and have nothing in common in', async () => {
    const shared = await acme.pool({ scope: 'private', cidr: '11.0.0.0/8' })
    const sixes = [
      await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd12:1::/48' }),
      await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd12:2::/48' }),
    ]
    const [wide, narrow] = [await acme.policy(), await acme.policy()]
    await put(wide, [{ poolId: shared }, { poolId: sixes[0]! }], {}, 'vpc')
    await put(narrow, [{ poolId: shared }, { poolId: sixes[1]! }], {}, 'vpc')
    await enable(wide, root)
    const answer = await acme.ask<Problem>('PUT', pathTo(narrow, prod), { body: final })
    await refused(Promise.resolve(answer), prod, wide, narrow)
    assert.match(answer.body.detail, /no IPv6 pool in common/)
    await disable([wide, root])
  })

  test('two finals whose conditions leave an account different pools, by a document that is put', async () => {
    const when = { organizationalUnits: [prod] }
    const [first, second] = [await lawOf({ poolId: one }, { poolId: other }), await lawOf({ poolId: other })]
    await enable(first, workloads, final)
    await enable(second, workloads, final)
    const rules = [{ poolId: one }, { poolId: other, when }]
    const path = `/policies/${first}/documents/us-east-1/eip`
    await refused(acme.ask<Problem>('PUT', path, { body: { rules } }), lab, first, second)
    await disable([first, workloads], [second, workloads])
  })

  test('an old version that is restored', async () => {
    const wide = await lawOf({ poolId: one })
    await put(wide, [{ poolId: one }, { poolId: other }])
    const narrow = await lawOf({ poolId: other })
    await enable(wide, root)
    await enable(narrow, prod, final)
    const restored = acme.ask<Problem>('POST', `/policies/${wide}/versions/2/restore`, { body: {} })
    await refused(restored, prod, wide, narrow)
    await disable([wide, root], [narrow, prod])
  })

  test('a candidate that is promoted, a version as well as a mode', async () => {
    const wide = await lawOf({ poolId: one }, { poolId: other })
    await enable(wide, root)
    const documents = [{ locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId: one }] }]
    const drafted = await acme.post<{ version: number }>(`/policies/${wide}/versions`, { documents })
    const candidate = `${pathTo(wide, root)}/candidate`
    const set = await acme.ask('PUT', candidate, { body: { version: drafted.version } })
    assert.equal(set.status, 200)
    const narrow = await lawOf({ poolId: other })
    await enable(narrow, prod, final)
    await refused(acme.ask<Problem>('POST', `${candidate}/promote`, { body: {} }), prod, wide, narrow)
    assert.equal((await acme.ask('DELETE', candidate)).status, 204)
    await refused(acme.ask<Problem>('PUT', candidate, { body: { version: drafted.version } }), prod, wide, narrow)
    await disable([narrow, prod])

    const watching = await lawOf({ poolId: other })
    await enable(watching, dev, { ...final, mode: 'observe' })
    const mode = `${pathTo(watching, dev)}/candidate`
    assert.equal((await acme.ask('PUT', mode, { body: { mode: 'enforce' } })).status, 200)
    await put(wide, [{ poolId: one }])
    await refused(acme.ask<Problem>('POST', `${mode}/promote`, { body: {} }), dev, wide, watching)
    await disable([watching, dev], [wide, root])
  })

  test('rules of a pool that leave nothing of what both allow', async () => {
    const pool = await acme.pool({ scope: 'private', cidr: '12.0.0.0/8' })
    const spare = await acme.pool({ scope: 'private', cidr: '13.0.0.0/8' })
    const [wide, narrow] = [await acme.policy(), await acme.policy()]
    await put(wide, [{ poolId: pool }, { poolId: spare }], { size: { min: 16, default: 18, max: 20 } }, 'vpc')
    await put(narrow, [{ poolId: pool }], {}, 'vpc')
    await enable(wide, root)
    await enable(narrow, root, final)
    const params = { IpamPoolId: pool, AllocationMinNetmaskLength: 24 }
    await refusedOver(acme.call('ModifyIpamPool', params, asNetwork), root, wide, narrow)
    const native = acme.ask<Problem>('PATCH', `/pools/${pool}`, { body: { minNetmaskLength: 24 } })
    await refused(native, root, wide, narrow)
    await acme.call('ModifyIpamPool', { ...params, AllocationMinNetmaskLength: 20 }, asNetwork)
    await disable([narrow, root], [wide, root])
  })

  test('an account outside the organization, where a condition names it', async () => {
    const asStranger = { account: stranger }
    const ipam = await acme.post<{ ipamId: string; publicScopeId: string }>('/ipams', {
      account: stranger,
      region: 'us-east-1',
    })
    const pools: string[] = []
    for (const cidr of ['198.51.100.0/28', '198.51.100.16/28']) {
      const params = { scopeId: ipam.publicScopeId, family: 'ipv4', locale: 'us-east-1', awsService: 'ec2' }
      const { poolId } = await acme.post<{ poolId: string }>('/pools', params)
      await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: poolId, Cidr: cidr }, asStranger)
      pools.push(poolId)
    }
    const laws: string[] = []
    for (const [at, poolId] of pools.entries()) {
      const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: ipam.ipamId })
      await put(policyId, [at === 0 ? { poolId, when: { accounts: [stranger] } } : { poolId }])
      laws.push(policyId)
    }
    await enable(laws[0]!, stranger)
    const work = acme.ask<Problem>('PUT', pathTo(laws[1]!, stranger), { body: final })
    await refused(work, stranger, laws[0]!, laws[1]!)
  })
})

describe('where there is a conflict from before', () => {
  open()
  let wide: string
  let narrow: string
  let pools: [string, string]
  before(async () => {
    pools = [await acme.pool(), await acme.pool()]
    wide = await lawOf({ poolId: pools[0] })
    const open = { tags: [{ key: 'zone', values: ['open'] }] }
    narrow = await lawOf({ poolId: pools[0], when: open }, { poolId: pools[1] })
    await tagTree(root, { zone: 'open' })
    await enable(wide, root)
    await enable(narrow, root, final)
    await shutUnseen(shop, lab)
  })

  test('the same parties at another node are refused, and the rest goes on and is mended step by step', async () => {
    await refusedOver(tagTree(network, { zone: 'shut' }), network, wide, narrow)
    await tagTree(network, { team: 'net' })
    await tagTree(shop, { team: 'shop' })
    await acme.pool()
    const law = await lawOf({ poolId: pools[0] })
    await enable(law, network)
    await disable([law, network])
    await tagTree(shop, { zone: 'open' })
    await untagTree(lab, 'zone')
    await refusedOver(tagTree(lab, { zone: 'shut' }), lab, wide, narrow)
  })

  test('a server that has only begun, and knows of no state before, says the same', async () => {
    await shutUnseen(lab)
    const asAnother = async (input: object) => {
      const executor = await openExecutor(acme.store, testSettings)
      return executor.execute(operationTables.organizations.get('TagResource')!, callOf(managementAccount, input))
    }
    await asAnother({ ResourceId: lab, Tags: treeTags({ team: 'lab' }) })
    await asAnother({ ResourceId: root, Tags: treeTags({ team: 'all' }) })
    await refusedOver(asAnother({ ResourceId: shop, Tags: zone('shut') }), shop, wide, narrow)
    await refusedOver(asAnother({ ResourceId: root, Tags: zone('shut') }), undefined, wide, narrow)
  })
})

describe('at random', () => {
  open()

  // Operations say how far they reach, so that most need no look at everything: here all of it is compared each time.
  test('no change that goes through has brought about a conflict, whatever it says of its reach', async () => {
    const random = drawing(20_260_101)
    const pools = [await acme.pool(), await acme.pool(), await acme.pool()]
    const zones = ['open', 'shut']
    const laws: string[] = []
    for (const _ of pools) laws.push(await acme.policy())
    const targets = [root, workloads, prod, dev, shop, lab, network]
    const units = [root, workloads, prod, dev]
    const accounts = [shop, lab, network, managementAccount]
    const rules = (): Rule[] =>
      pools
        .filter(() => random(2) === 0)
        .map((poolId) => {
          const when = [undefined, { tags: [{ key: 'zone', values: ['open'] }] }, { organizationalUnits: [prod] }]
          return { poolId, when: when[random(3)] }
        })
    let names = 0
    const newName = () => `made-${++names}`
    const pick = <T>(all: readonly T[]): T => all[random(all.length)]!
    const native = async (method: 'PUT' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) =>
      (await acme.ask<Problem>(method, path, body ? { body } : {})).body?.code
    const over = (work: Promise<unknown>) =>
      work.then(
        () => undefined,
        (error: unknown) => (error instanceof Refused ? error.refusal.code : assert.fail(String(error))),
      )
    const changes: (() => Promise<string | undefined>)[] = [
      () => native('PUT', `/policies/${pick(laws)}/documents/us-east-1/eip`, { rules: rules() }),
      () =>
        native('PUT', pathTo(pick(laws), pick(targets)), {
          kind: pick(['default', 'final', 'final', 'final']),
          mode: pick(['enforce', 'enforce', 'enforce', 'enforce', 'observe']),
        }),
      () => native('DELETE', pathTo(pick(laws), pick(targets))),
      () => native('POST', `/policies/${pick(laws)}/versions/${1 + random(6)}/restore`, {}),
      () => over(tagTree(pick([...units, ...accounts]), { zone: pick(zones) })),
      () => over(untagTree(pick([...units, ...accounts]), 'zone')),
      () => native('PATCH', `/accounts/${pick(accounts)}`, { tags: { zone: pick(zones) } }),
      () =>
        native('PATCH', `/organizational-units/${pick([workloads, prod, dev])}`, {
          tags: random(2) ? { zone: pick(zones) } : {},
        }),
      () => native('POST', `/accounts/${pick(accounts)}/move`, { parentId: pick(units) }),
      () =>
        over(
          acme.organizations('CreateAccount', {
            AccountName: 'x',
            Email: `${newName()}@example.com`,
            Tags: random(2) ? zone(pick(zones)) : [],
          }),
        ),
      () => native('POST', '/accounts', { name: 'x', email: `${newName()}@example.com`, parentId: pick(units) }),
      () =>
        native('POST', '/organizational-units', {
          name: newName(),
          parentId: pick(units),
          tags: { zone: pick(zones) },
        }),
      () =>
        over(
          acme.call(
            'CreateTags',
            { Resources: [pick(laws)], Tags: [{ Key: 'cadastre:mode', Value: 'enforce' }] },
            asNetwork,
          ),
        ),
      () => over(acme.call('DeleteTags', { Resources: [pick(laws)] }, asNetwork)),
    ]
    const snapshot = () =>
      acme.store.read(async (tx) => compileSnapshot(await tx.governance.facts(), tx.governanceEpoch))
    let before = await snapshot()
    const ends = { made: 0, refused: 0 }
    for (let step = 0; step < stepsMax; step++) {
      const code = await pick(changes)()
      const after = await snapshot()
      assert.deepEqual(
        [...conflictsIn(after, { before })].map(({ node }) => node),
        [],
        `step ${step}`,
      )
      ends[code === 'PolicyConflict' ? 'refused' : 'made']++
      before = after
    }
    assert.deepEqual(findConflicts(before), [])
    assert.ok(ends.refused > stepsMax / 50 && ends.made > stepsMax / 4, JSON.stringify(ends))
  })
})

describe('by construction', () => {
  open()

  test('every operation that moves the governance epoch is looked at, whatever it is and does', async () => {
    const [one, other] = [await acme.pool(), await acme.pool()]
    const [wide, narrow] = [await lawOf({ poolId: one }), await lawOf({ poolId: other })]
    await enable(wide, root)
    const writes = [
      ...Object.values(operationTables).flatMap((table) => [...table.values()]),
      ...nativeOperations,
    ].filter(({ access }: AnyOperation) => access === 'write')
    assert.ok(writes.length > 100)
    const policies = (await acme.store.read((tx) => tx.governance.facts())).assignments
    for (const { name } of writes) {
      for (const reach of [undefined, 'everything'] as const) {
        const operation: WriteOperation<object, object> = {
          name,
          access: 'write',
          async run(context) {
            const assignment = { policyId: narrow, targetId: root, kind: 'final', mode: 'enforce' } as const
            await context.tx.policies.assign({ ...assignment, managedBy: 'delegated-administrator-for-ipam' })
            if (reach) await context.governanceChanged(reach)
            else await context.tx.moveGovernanceEpoch()
            return {}
          },
        }
        const work = acme.executor.execute(operation as AnyOperation, callOf(network, {}))
        await refusedOver(work, root, wide, narrow)
      }
    }
    assert.deepEqual((await acme.store.read((tx) => tx.governance.facts())).assignments, policies)
  })

  test('nothing else moves the epoch but what cannot touch a policy', () => {
    const folder = join(import.meta.dirname, '..', '..')
    const moving = globSync('**/*.ts', { cwd: folder })
      .filter((file) => !file.endsWith('.test.ts'))
      .filter((file) => /\.moveGovernanceEpoch\(/.test(readFileSync(join(folder, file), 'utf8')))
    assert.deepEqual(moving.sort(), [
      // What the executor hands to operations; a role that the operator binds; a pool that has one CIDR less; the operator's clock.
      'operations/contexts.ts',
      'operations/identity/operator-tokens.ts',
      'operations/ipam/pool-removal.ts',
      'operations/record/clock.ts',
    ])
  })
})

/** Past the operations, as a database from before may have it. */
const shutUnseen = (...ids: string[]) =>
  acme.store.write(async (tx) => {
    for (const id of ids)
      await tx.tags.put({ id, type: 'account', account: 'o-acmeacme00' }, [{ key: 'zone', value: 'shut' }])
    await tx.moveGovernanceEpoch()
  })
const stepsMax = 300
/** Numbers from 0 to below a bound, the same ones from the same seed (Numerical Recipes' generator). */
function drawing(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % bound
  }
}

const zone = (value: string) => [{ Key: 'zone', Value: value }]
let calls = 0
const callOf = (account: string, input: object): Call => ({
  principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
  region: 'us-east-1',
  input,
  requestId: `call-${++calls}`,
  sourceAddress: '127.0.0.1',
})
