// The ways around a policy that lead over what sources tell of, tried over the native API.
import assert from 'node:assert/strict'
import { network, prod, root, shop } from '../acme.ts'
import { adopts, runRules, tells } from './telling.ts'
import { type Attempts, type Guarded, restSeconds } from './way.ts'

interface Page<Item> {
  readonly items: readonly Item[]
}
/** The first address of a pool. */
const firstOf = async (acme: Guarded, poolId: string): Promise<string> =>
  (await acme.get<Page<{ cidr: string }>>(`/pools/${poolId}/cidrs`)).items[0]!.cidr.split('/')[0]!
const allocationsOfShop = async (acme: Guarded) =>
  (await acme.get<Page<{ allocationId: string; decisionId: string }>>(`/allocations?account=${shop}`)).items
/** One that everybody may use, and the policy does not list. */
async function sharedPool(acme: Guarded): Promise<string> {
  const pool = await acme.pool()
  assert.equal((await acme.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })).status, 200)
  return pool
}

export const overSources: Pick<Attempts, 'adopting what one has told of' | 'the rule of a source'> = {
  async 'adopting what one has told of'(acme) {
    const unlisted = await sharedPool(acme)
    const both = await acme.tokenOf('user:both', 'ipam-administrator', root)
    const local = await acme.tokenOf('user:local', 'ipam-administrator', shop)
    await acme.tokenOf('user:local', 'ipam-administrator', network)
    const collector = await acme.tokenOf('service:collector', 'reporter', root)
    const address = await firstOf(acme, unlisted)
    const source = await tells(acme, { node: shop, address, by: both })
    assert.deepEqual(await adopts(acme, source, both), ['told-by-oneself'])
    assert.deepEqual(await adopts(acme, source, local), ['policy-of-others'])
    const ofOther = await tells(acme, { node: shop, address, by: collector })
    assert.deepEqual(await adopts(acme, ofOther, local), ['policy-of-others'])
    assert.deepEqual(await allocationsOfShop(acme), [])
    // Two persons may, with the right where the policy is enabled: and the decision says no.
    assert.deepEqual(await adopts(acme, ofOther, both), ['noncompliant'])
    const { decisionId } = (await allocationsOfShop(acme))[0]!
    assert.equal((await acme.get<{ outcome: string }>(`/decisions/${decisionId}`)).outcome, 'deny')
  },

  async 'the rule of a source'(acme) {
    const unlisted = await sharedPool(acme)
    const carl = await acme.tokenOf('user:carl', 'organization-administrator', prod)
    const collector = await acme.tokenOf('service:collector', 'reporter', root)
    const told = async (pool: string) => {
      const address = await firstOf(acme, pool)
      await tells(acme, { node: shop, address, by: collector, rule: { adopts: 'allowed' }, as: carl })
      await runRules(acme)
      return (await allocationsOfShop(acme)).length
    }
    assert.equal(await told(acme.listed), 0, 'of a pool whose owner never agreed')
    await acme.tokenOf('user:carl', 'ipam-administrator', network)
    assert.equal(await told(unlisted), 0, 'policy refuses it')
    assert.equal(await told(acme.listed), 1)
    assert.equal(
      (await acme.ask('DELETE', `/allocations/${(await allocationsOfShop(acme))[0]!.allocationId}`)).status,
      204,
    )
    acme.advance(restSeconds * 1_000 + 1)
    const { items } = await acme.get<Page<{ bindingId: string }>>('/role-bindings?principal=user:carl')
    const address = await firstOf(acme, acme.listed)
    const last = await tells(acme, { node: shop, address, by: collector, rule: { adopts: 'allowed' }, as: carl })
    for (const { bindingId } of items)
      assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
    await runRules(acme)
    assert.equal((await allocationsOfShop(acme)).length, 0, 'carl may do nothing any more')
    assert.equal((await acme.get<{ adoptsIsStopped?: true }>(`/sources/${last}`)).adoptsIsStopped, true)
  },
}
