// Problem details over the native API: what the sentence says is there as data, as the description promises, and nothing else.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Acme, network, openAcme, prod, root, shop } from '../../test/acme.ts'
import { type Native, withNativeApi } from '../../test/native-world.ts'

type Body = Record<string, unknown> & { code: string; detail: string }
let acme: Acme & Native
interface Shape {
  readonly properties: object
  readonly required: readonly string[]
  readonly allOf?: readonly { readonly $ref: string }[]
}
let shapes: ReadonlyMap<string, Shape>
let policy: string
let listed: string
let unlisted: string
let operator: string

const params = { account: shop, resourceType: 'eip', locale: 'us-east-1' }

/** The problem, which has what its description says that it must have, and nothing that it does not say. */
async function problemOf(method: 'GET' | 'POST' | 'PUT', path: string, body?: object, as?: string): Promise<Body> {
  const { status, body: problem } = await acme.ask<Body>(method, path, {
    ...(body ? { body } : {}),
    ...(as ? { as } : {}),
  })
  assert.equal(problem.status, status)
  const { properties, required } = shapes.get(problem.code)!
  for (const name of required) assert.ok(name in problem, `${problem.code} must have ${name}`)
  for (const name of Object.keys(problem)) assert.ok(name in properties, `${problem.code} does not describe ${name}`)
  return problem
}

describe('problems', () => {
  before(async () => {
    acme = await withNativeApi(await openAcme())
    const { components } = await acme.get<{ components: { schemas: Record<string, Shape> } }>('/openapi.json')
    const { ProblemDetails: common, ...schemas } = components.schemas
    shapes = new Map(
      Object.entries(schemas)
        .filter(([, { allOf }]) => allOf?.some(({ $ref }) => $ref === '#/components/schemas/ProblemDetails'))
        .map(([name, { properties, required }]) => [
          name,
          { properties: { ...common!.properties, ...properties }, required: [...common!.required, ...required] },
        ]),
    )
    listed = await acme.pool()
    unlisted = await acme.pool()
    for (const pool of [listed, unlisted]) await acme.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })
    policy = (await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })).policyId
    const path = `/policies/${policy}/documents/us-east-1/eip`
    await acme.ask('PUT', path, { body: { rules: [{ poolId: listed }] } })
    await acme.ask('PUT', `/policies/${policy}/assignments/${prod}`, { body: { mode: 'enforce' } })
    operator = await acme.tokenOf('service:shop', 'resource-operator', shop)
  })
  after(() => acme.close())

  test('a denial has as data what its sentence and lines say', async () => {
    const denied = await problemOf('POST', '/allocations', { ...params, poolId: unlisted }, operator)
    const { detail, decisionId, sentence, lines, advice, type: _, title: __, instance: ___, ...facts } = denied
    assert.deepEqual(advice, {
      nearestChange: `Do not name \`${unlisted}\`: it would come from pool \`${listed}\`.`,
      exceptionCommand: `cadastre exception request --decision ${decisionId} --for 7d --reason 'WHY'`,
      mayRequestException: true,
    })
    assert.deepEqual(facts, {
      status: 403,
      code: 'DeniedByPolicy',
      ...params,
      cause: 'explicit',
      setting: 'on-explicit',
      actual: unlisted,
      expected: [listed],
      policyId: policy,
      version: 2,
      targetId: prod,
      document: { locale: 'us-east-1', resourceType: 'eip' },
      owner: network,
    })
    // I8: no more than the text says, but for what the caller asked.
    const text = detail + [sentence, ...(lines as string[])].join('\n')
    for (const fact of [unlisted, listed, policy, prod, network, 'on-explicit', 'version 2', decisionId]) {
      assert.ok(text.includes(String(fact)), `the text does not say ${fact}`)
    }
  })

  test('a denial after the end of an exception names the exception, in words and as data', async () => {
    const expiresAt = await acme.store.read(async ({ now }) => new Date(now + 60_000).toISOString())
    const body = { target: shop, ...params, grants: { pools: [unlisted] }, reason: 'move', expiresAt }
    const { account: _, ...asked } = { ...body }
    const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', asked)
    const approver = await acme.tokenOf('user:anna', 'approver', root)
    const approved = await acme.ask<Body>('POST', `/exceptions/${exceptionId}/approve`, { body: {}, as: approver })
    assert.equal(approved.status, 200, JSON.stringify(approved.body))
    await acme.post('/allocations', { ...params, poolId: unlisted }, { as: operator })
    acme.advance(60_000)
    const denied = await problemOf('POST', '/allocations', { ...params, poolId: unlisted }, operator)
    assert.equal(denied.exceptionId, exceptionId)
    assert.ok(
      denied.detail.includes(`Exception \`${exceptionId}\` would have let it through; it ended at ${expiresAt}.`),
    )
  })

  test('where nothing is left: the pool, the length, and the decision', async () => {
    const small = await acme.pool({ cidr: '198.51.100.7/32' })
    const path = `/policies/${policy}/documents/us-east-1/eip`
    await acme.ask('PUT', path, { body: { rules: [{ poolId: small }] } })
    await acme.post('/allocations', params, { as: operator })
    const { decisionId, ...facts } = await problemOf('POST', '/allocations', params, operator)
    assert.match(String(decisionId), /^decision-/)
    assert.deepEqual(
      [facts.code, facts.poolId, facts.netmaskLength, facts.cause, facts.policyId],
      ['Exhausted', small, 32, 'exhausted', policy],
    )
  })

  test('for want of a role: who, what and where; and so is every other refusal described', async () => {
    const refused = await problemOf('POST', '/policies', { ipamId: acme.ipam }, operator)
    assert.equal(refused.code, 'NotFound')
    const auditor = await acme.tokenOf('user:audrey', 'auditor', '*')
    const denied = await problemOf('POST', '/policies', { ipamId: acme.ipam }, auditor)
    assert.deepEqual(
      [denied.code, denied.action, denied.reason, denied.principal, denied.node],
      ['NotAuthorized', 'policy:manage', 'no-role', 'user:audrey', network],
    )
    const others = [
      await problemOf('POST', '/policies', {}),
      await problemOf('POST', '/policies', { ipamId: acme.ipam, odd: 1 }),
      await problemOf('GET', '/policies?limit=0'),
      await problemOf('GET', '/policies?cursor=x'),
      await problemOf('GET', '/policies/ipam-0'),
      await problemOf('GET', '/nothing'),
      await problemOf('POST', '/organization', { managementAccount: network }),
    ]
    assert.deepEqual(
      others.map(({ code }) => code),
      [
        'MissingParameter',
        'UnknownParameter',
        'InvalidParameterValue',
        'InvalidPaginationToken',
        'MalformedId',
        'InvalidAction',
        'AlreadyExists',
      ],
    )
  })
})
