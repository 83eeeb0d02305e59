// What an IPAM sees, changed over the native API: scopes that are named beside it are those that the caller may see.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, network, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
})
after(() => world.close())

interface Ipam {
  readonly ipamId: string
  readonly publicScopeId: string
  readonly privateScopeId: string
}
const ipamOf = (account: string) => world.post<Ipam>('/ipams', { account, region: 'us-east-1' })

test('I8 a scope that is hidden is none, wherever what is seen is to be moved', async () => {
  const [own, hidden, other] = [await ipamOf(shop), await ipamOf(lab), await ipamOf(network)]
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.1.0.0/16' }, { account: shop })
  const as = await world.tokenOf('user:shop', 'ipam-administrator', shop)
  await world.post('/role-bindings', { principal: 'user:shop', role: 'auditor', node: network })
  const move = async (resourceId: string, scopeId: string) => {
    const body = { cidr: '10.1.0.0/16', scopeId }
    const { status, body: problem } = await world.ask<Record<string, string>>(
      'PATCH',
      `/ipams/${own.ipamId}/resources/${resourceId}`,
      { as, body },
    )
    return [status, problem.code, problem.what, problem.id]
  }
  for (const resourceId of [Vpc!.VpcId!, 'vpc-0123456789abcdef0']) {
    for (const scopeId of [hidden.privateScopeId, hidden.publicScopeId, 'ipam-scope-00000000000000001'])
      assert.deepEqual(await move(resourceId, scopeId), [404, 'NotFound', 'ipam-scope', scopeId], resourceId)
  }
  const [status, code] = await move(Vpc!.VpcId!, other.privateScopeId)
  assert.deepEqual([status, code], [400, 'InvalidParameterValue'], 'of one that may be seen it is told why not')
})
