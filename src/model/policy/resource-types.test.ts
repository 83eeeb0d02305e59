// The netmask lengths that vendors document, of the types that stand in the registry for them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { articleFor } from '../article.ts'
import { bitsOf } from '../cidr.ts'
import { builtInTypes, findResourceType } from './resource-types.ts'

test('what vendors let be made can be asked for, and nothing smaller or larger', () => {
  const documented: [string, 4 | 6, number, number][] = [
    ['azure:subnet', 4, 2, 29],
    ['azure:subnet', 6, 64, 64],
    ['azure:public-ip-prefix', 4, 21, 31],
    ['azure:public-ip-prefix', 6, 117, 127],
    ['k8s:network', 4, 8, 29],
    ['k8s:network', 6, 40, 125],
  ]
  for (const [name, family, min, max] of documented) {
    const lengths = findResourceType(name)!.lengths[family]!
    assert.deepEqual([name, lengths.min, lengths.max], [name, min, max])
  }
})

test('every entry of the registry is one that could be asked for: bounds in order, the default between them', () => {
  for (const { name, takes, lengths } of builtInTypes.values()) {
    for (const family of [4, 6] as const) {
      const bounds = lengths[family]
      if (!bounds) continue
      const { min, max, default: usual = min } = bounds
      assert(min >= 0 && min <= usual && usual <= max && max <= bitsOf(family), name)
      if (takes === 'address') assert.equal(min, bitsOf(family), name)
    }
  }
})

test('the article of a type is as it is spoken', () => {
  const spoken = [
    'eip',
    'vpc',
    'subnet',
    'rds',
    'rnat',
    'alb',
    'azure:public-ip',
    'gcp:address',
    'onprem:host',
    'ubuntu:host',
    'unifi:site',
  ]
  assert.deepEqual(
    spoken.filter((type) => articleFor(type) === 'an'),
    ['eip', 'rds', 'rnat', 'alb', 'azure:public-ip', 'onprem:host', 'ubuntu:host'],
  )
})
