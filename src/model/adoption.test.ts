// What an observation is once it is adopted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tagsOfObserved, typeOfObserved } from './adoption.ts'
import { parseCidr } from './cidr.ts'
import type { ObservedKind } from './observation.ts'
import { builtInTypes } from './policy/resource-types.ts'

const typeOf = (kind: ObservedKind, cidr: string, locale: string, more: object = {}) =>
  typeOfObserved({ kind, cidr: parseCidr(cidr)!, space: 'net', locale, tags: {}, ...more }, builtInTypes)

test('the type is the one that the source says, where that fits, or what is usual in the cloud', () => {
  assert.equal(typeOf('network', '10.0.0.0/16', 'us-east-1', { type: 'vpc' }), 'vpc')
  assert.equal(typeOf('network', '10.0.0.0/16', 'us-east-1'), 'vpc')
  assert.equal(typeOf('subnet', '10.0.0.0/24', 'us-east-1'), 'subnet')
  assert.equal(typeOf('address', '10.0.0.1/32', 'us-east-1'), 'aws:network-interface')
  assert.equal(typeOf('network', '10.0.0.0/16', 'azure:westeurope'), 'azure:virtual-network')
  assert.equal(typeOf('address', '9.9.9.9/32', 'azure:westeurope', { space: '' }), 'azure:public-ip')
  assert.equal(typeOf('subnet', '10.0.0.0/24', 'gcp:europe-west4'), 'gcp:subnetwork')
  assert.equal(typeOf('address', '10.0.0.1/32', 'onprem:basel'), 'onprem:host')
  assert.equal(typeOf('pod-range', '10.0.0.0/16', 'gcp:europe-west4'), 'k8s:network')
})
test('what fits no type of the cloud is a reservation by hand', () => {
  // No VPC is so large, nor is any so small.
  assert.equal(typeOf('network', '10.0.0.0/8', 'us-east-1', { type: 'vpc' }), 'custom')
  assert.equal(typeOf('network', '10.0.0.0/30', 'us-east-1'), 'custom')
  assert.equal(typeOf('range', '10.0.0.0/28', 'us-east-1'), 'custom')
  assert.equal(typeOf('address', '10.0.0.0/28', 'us-east-1'), 'custom')
  assert.equal(typeOf('network', '10.0.0.0/16', 'elsewhere:there', { type: 'unknown' }), 'custom')
})
test('no tag of a source becomes a setting, a name or one of AWS’s own', () => {
  const tags = {
    env: 'prod',
    Name: 'web',
    'cadastre:shared-with': 'r-1',
    'aws:cloudformation:stack': 'x',
    'AWS:y': 'z',
  }
  assert.deepEqual(tagsOfObserved({ tags }), [{ key: 'env', value: 'prod' }])
})
