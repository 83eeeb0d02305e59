// Roles: what they hold, how forbidding wins, and how a token narrows them. Cedar is asked the same in test/roles-cedar.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPrincipalName } from './principal.ts'
import { actions, authorize, everywhere, type RoleBinding, roleNames, roles, scopesCover } from './roles.ts'

const path = ['r-root', 'ou-root-prod', '111111111111']
/** Nodes that are not on the path are gone. */
const pathTo = (node: string): readonly string[] => [node]
const bound = (change: Partial<RoleBinding>): RoleBinding => ({
  id: 'b',
  principal: 'user:ann',
  role: 'auditor',
  node: 'ou-root-prod',
  effect: 'permit',
  ...change,
})
const may = (bindings: readonly RoleBinding[], principals = ['user:ann']): boolean =>
  authorize(bindings, { principals, action: 'ipam:read', path, pathTo }).isPermitted

test('nothing is permitted by itself', () => {
  assert.equal(may([]), false)
  assert.equal(may([bound({ principal: 'user:bob' })]), false)
  assert.equal(may([bound({ node: 'ou-root-test' })]), false)
  assert.equal(
    authorize([bound({})], { principals: ['user:ann'], action: 'ipam:manage', path, pathTo }).isPermitted,
    false,
  )
})

test('a role holds at its node and below, everywhere where it is bound to everything, and through a group', () => {
  for (const node of [...path, everywhere]) assert.equal(may([bound({ node })]), true)
  assert.equal(may([bound({ principal: 'group:net' })], ['user:ann', 'group:net']), true)
})

test('a forbid binds permits of its own node and below, for whatever is below, and is named', () => {
  const forbid = bound({ id: 'no', effect: 'forbid', node: 'ou-root-prod', role: 'auditor' })
  for (const [index, node] of [everywhere, ...path].entries()) {
    const permits = [bound({ node, role: 'organization-administrator' })]
    const asked = { principals: ['user:ann'], action: 'ipam:read', path, pathTo } as const
    const { isPermitted, binding } = authorize([...permits, forbid], asked)
    const isBound = index >= [everywhere, ...path].indexOf('ou-root-prod')
    assert.deepEqual([isPermitted, binding?.id], isBound ? [false, 'no'] : [true, 'b'], node)
  }
})

test('the permit from furthest above decides, and a forbid further up than that binds all of them', () => {
  const permits = [bound({ id: 'low', node: '111111111111' }), bound({ id: 'high', node: 'r-root' })]
  const asked = { principals: ['user:ann', 'group:net'], action: 'ipam:read', path, pathTo } as const
  assert.equal(authorize(permits, asked).binding?.id, 'high')
  const below = bound({ id: 'below', effect: 'forbid', node: '111111111111', principal: 'group:net' })
  assert.equal(authorize([...permits, below], asked).isPermitted, true)
  for (const node of ['r-root', everywhere]) {
    const above = bound({ id: 'above', effect: 'forbid', node })
    assert.deepEqual(authorize([below, above, ...permits], asked), { isPermitted: false, binding: above })
  }
  assert.equal(
    authorize([bound({ node: everywhere }), bound({ effect: 'forbid', node: 'r-root' })], asked).isPermitted,
    true,
  )
})

test('a forbid binds permits from where its setter’s right came, at its node and below alone', () => {
  const asked = { principals: ['user:ann'], action: 'ipam:read', path, pathTo } as const
  const central = bound({ id: 'no', effect: 'forbid', node: '111111111111', bindsFrom: 'r-root' })
  for (const [index, node] of [everywhere, ...path].entries()) {
    const { isPermitted } = authorize([bound({ node }), central], asked)
    assert.equal(isPermitted, index === 0, node)
    const elsewhere = { ...asked, path: ['r-root', 'ou-root-prod', '222222222222'] }
    if (node !== '111111111111') assert.equal(authorize([bound({ node }), central], elsewhere).isPermitted, true, node)
  }
})

test('a forbid whose node has moved away binds all but what stands above where its setter’s right came from', () => {
  const asked = { principals: ['user:ann'], action: 'ipam:read', path, pathTo } as const
  const moved = bound({ id: 'no', effect: 'forbid', node: '111111111111', bindsFrom: 'ou-root-test' })
  // With the way to it, and where that unit is gone.
  for (const along of [['r-root', 'ou-root-test'], ['ou-root-test']]) {
    for (const [index, node] of [everywhere, ...path].entries()) {
      const { isPermitted } = authorize([bound({ node }), moved], { ...asked, pathTo: () => along })
      assert.equal(isPermitted, index <= 1, node)
    }
  }
})

test('a former group forbids and does not permit', () => {
  const asked = { principals: ['user:ann'], formerGroups: ['group:net'], action: 'ipam:read', path, pathTo } as const
  assert.equal(authorize([bound({ principal: 'group:net' })], asked).isPermitted, false)
  const forbid = bound({ id: 'no', effect: 'forbid', principal: 'group:net' })
  assert.deepEqual(authorize([bound({}), forbid], asked), { isPermitted: false, binding: forbid })
})

test('auditors change nothing, and only administrators say who may do what', () => {
  assert.deepEqual(
    roles.auditor.actions.filter((action) => !action.endsWith(':read')),
    [],
  )
  const whoManage = roleNames.filter((name) => (roles[name].actions as readonly string[]).includes('role:manage'))
  assert.deepEqual(whoManage, ['organization-administrator'])
  const whoBoth = roleNames.filter((name) => {
    const held = roles[name].actions as readonly string[]
    return held.includes('exception:request') && held.includes('exception:approve')
  })
  assert.deepEqual(whoBoth, ['organization-administrator'])
})

test('a token without scopes may what its principal may, and one with scopes those alone', () => {
  for (const action of actions) assert.equal(scopesCover([], action), true)
  assert.equal(scopesCover(['read'], 'ipam:read'), true)
  assert.equal(scopesCover(['read'], 'ipam:manage'), false)
  assert.equal(scopesCover(['allocation'], 'allocation:manage'), true)
  assert.equal(scopesCover(['allocation'], 'ipam:read'), false)
})

test('principals have a kind and a name', () => {
  for (const good of ['user:ann@example.com', 'service:ci', 'group:net-team']) assert.equal(isPrincipalName(good), true)
  for (const bad of ['ann', 'user:', 'robot:x', 'user:a b', `user:${'x'.repeat(129)}`, 'user:a\n']) {
    assert.equal(isPrincipalName(bad), false, bad)
  }
})
