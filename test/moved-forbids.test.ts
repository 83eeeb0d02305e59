// A forbid whose account moves binds as much as before, in any tree and wherever its setter's right came from.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize, everywhere, type RoleBinding } from '#model/roles.ts'
import { randomOf } from './random.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_129)
const random = randomOf(seed)
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
const account = '111111111111'
const bound = (change: Partial<RoleBinding>): RoleBinding => ({
  id: 'b',
  principal: 'user:ann',
  role: 'auditor',
  node: account,
  effect: 'permit',
  ...change,
})

test(`nobody has by a move what a forbid kept from them (seed ${seed})`, () => {
  const counts = { bound: 0, free: 0 }
  for (let n = 0; n < 20_000; n++) {
    const units = new Map<string, readonly string[]>([['r-root', ['r-root']]])
    for (let unit = 0; unit < 6; unit++) {
      const parent = oneOf([...units.values()])
      units.set(`ou-${unit}`, [...parent, `ou-${unit}`])
    }
    const places = [...units.values()].map((unit) => [...unit, account])
    const [here, there] = [oneOf(places), oneOf(places)]
    const permits = Array.from({ length: 3 }, () => bound({ node: oneOf([everywhere, account, ...units.keys()]) }))
    const bindsFrom = oneOf([everywhere, ...here])
    // Beside the tree as it is: the unit may be gone since.
    const bindsAlong = random() < 0.3 ? [bindsFrom] : bindsFrom === account ? here : (units.get(bindsFrom) ?? [])
    const forbid = bound({ id: 'no', effect: 'forbid', node: account, bindsFrom })
    const may = (path: readonly string[]): boolean =>
      authorize([...permits, forbid], { principals: ['user:ann'], action: 'ipam:read', path, pathTo: () => bindsAlong })
        .isPermitted
    // Permits of the new way that stand above nothing of the old one give nothing: only what was above already does.
    if (may(here)) counts.free++
    else if (bindsFrom !== account) {
      counts.bound++
      assert.equal(may(there), false, JSON.stringify({ here, there, permits, forbid }))
    }
  }
  assert(counts.bound > 1_000 && counts.free > 1_000, JSON.stringify(counts))
})
