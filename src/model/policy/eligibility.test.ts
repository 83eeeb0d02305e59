// Claims about which pools a policy may list.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bitsOf } from '../cidr.ts'
import { rulesProblem } from './eligibility.ts'
import { findResourceType, resourceTypes } from './resource-types.ts'
import { pool, pools, privatePool } from './testdata/world.ts'

const eip = {
  ipam: { id: 'ipam-acme', operatingRegions: ['us-east-1'] },
  locale: 'us-east-1',
  resourceType: 'eip',
}

test('a public pool of the policy’s IPAM, in the locale, for ec2, may be listed once', () => {
  assert.equal(rulesProblem(eip, pools), undefined)
  const at = (change: Parameters<typeof pool>[2]) => rulesProblem(eip, [pool('x', '192.0.2.0/26', change)])?.field
  for (const change of [
    { ipamId: 'ipam-2' },
    { locale: 'eu-west-1' },
    { locale: undefined },
    { scopeType: 'private' },
    { family: 6 },
    { awsService: undefined },
  ] as const) {
    assert.equal(at(change), 'poolId', JSON.stringify(change))
  }
  assert.equal(rulesProblem(eip, [pools[0]!, pools[0]!])?.field, 'poolId')
})

test('a document has at most ten rules, of a type that is known', () => {
  const many = Array.from({ length: 11 }, (_, i) => pool(`x${i}`, '192.0.2.0/26'))
  assert.equal(rulesProblem(eip, many)?.field, 'rules')
  assert.equal(rulesProblem(eip, many.slice(1)), undefined)
  assert.equal(rulesProblem({ ...eip, resourceType: 'toaster' }, [])?.field, 'resourceType')
})

test('private space and containers may be listed for the types that can use them', () => {
  const home = privatePool('v', '10.0.0.0/8')
  const container = privatePool('c', '10.0.0.0/8', { locale: undefined })
  assert.equal(rulesProblem({ ...eip, resourceType: 'vpc' }, [home]), undefined)
  assert.equal(rulesProblem({ ...eip, resourceType: 'vpc' }, [container])?.field, 'poolId')
  assert.equal(rulesProblem({ ...eip, resourceType: 'custom' }, [container]), undefined)
  const planner = privatePool('planner', '10.1.0.0/16', { divides: 'vpc' })
  for (const [resourceType, field] of [
    ['vpc', 'poolId'],
    ['azure:virtual-network', 'poolId'],
    ['subnet', undefined],
    ['custom', undefined],
  ] as const) {
    assert.equal(rulesProblem({ ...eip, resourceType }, [planner])?.field, field, resourceType)
  }
  const elsewhere = { ...eip, resourceType: 'custom', locale: 'eu-central-1' }
  assert.equal(rulesProblem(elsewhere, [container])?.field, 'poolId', 'its IPAM does not operate there')
})

test('the registry names each type once, with lengths in order', () => {
  assert.equal(new Set(resourceTypes.map(({ name }) => name)).size, resourceTypes.length)
  for (const { name, lengths, takes } of resourceTypes) {
    assert.equal(findResourceType(name)?.name, name)
    for (const family of [4, 6] as const) {
      const bounds = lengths[family]
      if (!bounds) continue
      assert(bounds.min <= (bounds.default ?? bounds.min) && (bounds.default ?? bounds.max) <= bounds.max)
      assert.equal(takes === 'address', bounds.min === bitsOf(family))
    }
  }
})
