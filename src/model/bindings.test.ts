// Claims about role bindings: what a path asks of them is a part of all that somebody has, and says the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bindings } from './bindings.ts'
import { actions, authorize, everywhere, type RoleBinding, roleNames } from './roles.ts'
import { finish } from './steps.ts'

const collect = (all: readonly RoleBinding[]): Bindings =>
  finish(Bindings.collect(new Map(all.map((one) => [one.id, one]))))

const root = ['r-root']
const paths: Readonly<Record<string, readonly string[]>> = {
  [everywhere]: [everywhere],
  'r-root': root,
  'ou-a': [...root, 'ou-a'],
  'ou-b': [...root, 'ou-a', 'ou-b'],
  'ou-c': [...root, 'ou-c'],
  '111111111111': [...root, 'ou-a', 'ou-b', '111111111111'],
  '222222222222': ['222222222222'],
}
const node = fc.constantFrom(...Object.keys(paths))
const principal = fc.constantFrom('user:ann', 'group:net', 'group:old')
const binding = fc.record({
  principal,
  node,
  role: fc.constantFrom(...roleNames),
  effect: fc.constantFrom('permit' as const, 'forbid' as const),
  bindsFrom: fc.option(node, { nil: undefined }),
})

test('what stands on a path answers every question about its end as all bindings do, also after a change', () => {
  const asked = fc.record({ node, action: fc.constantFrom(...actions), changed: fc.nat(20), to: binding })
  fc.assert(
    fc.property(fc.array(binding, { maxLength: 20 }), asked, (drawn, { node: at, action, changed, to }) => {
      const all = drawn.map((one, index) => ({ ...one, id: `b${index}` }))
      const before = collect(all)
      const id = `b${changed}`
      for (const bindings of [before, before.with(new Map([[id, { ...to, id }]]))]) {
        const principals = ['user:ann', 'group:net']
        const everybody = [...principals, 'group:old']
        const path = paths[at]!
        const request = { principals, formerGroups: ['group:old'], action, path, pathTo: (one: string) => paths[one]! }
        const [whole, some] = [bindings.ofAll(everybody), bindings.onPath(everybody, path)].map((list) =>
          authorize(list, request),
        )
        assert.equal(some!.isPermitted, whole!.isPermitted)
        assert.equal(some!.binding?.node, whole!.binding?.node)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('D8 a question about one of five thousand nodes looks at the bindings on its path, and not at those elsewhere', () => {
  const elsewhere = Array.from({ length: 5_000 }, (_, at) => ({
    ...{ id: `x${at}`, principal: 'user:ann', role: 'reporter', effect: 'permit' },
    node: String(100_000_000_000 + at),
  })) as RoleBinding[]
  const above: RoleBinding = { id: 'top', principal: 'user:ann', role: 'auditor', node: everywhere, effect: 'permit' }
  const bindings = collect([...elsewhere, above])
  const path = [...root, 'ou-a', elsewhere[7]!.node]
  assert.deepEqual(
    bindings.onPath(['user:ann', 'group:none'], path).map(({ id }) => id),
    ['top', 'x7'],
  )
})
