// Differences between what is there and what is registered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from './cidr.ts'
import { differenceOf, type Registered, type Seen, takesSpace } from './observed-difference.ts'

const block = (text: string) => parseCidr(text)!
const seen = (more: Partial<Seen> = {}): Seen => ({
  observation: { kind: 'network', cidr: block('10.0.0.0/16'), id: 'vpc-1', key: 'vpc-1' },
  account: 'ours',
  isGone: false,
  ...more,
})
const registered = (more: Partial<Registered> = {}): Registered => ({
  n: 1,
  cidr: block('10.0.0.0/16'),
  account: 'ours',
  resourceId: 'vpc-1',
  ...more,
})
const kindOf = (what: Seen, ofBlock: readonly Registered[], ofResource: readonly Registered[] = []) =>
  differenceOf(what, ofBlock, ofResource)?.kind

test('what is registered as it is there is no difference, also where one of the two does not say whose or what it is', () => {
  assert.equal(kindOf(seen(), [registered()]), undefined)
  assert.equal(kindOf(seen(), [registered({ resourceId: undefined })]), undefined)
  assert.equal(kindOf(seen({ account: undefined }), [registered({ account: 'theirs' })]), undefined)
  const unnamed = { kind: 'network', cidr: block('10.0.0.0/16'), id: '', key: '' } as const
  assert.equal(kindOf(seen({ observation: unnamed }), [registered()]), undefined)
  const spelt = { kind: 'network', cidr: block('10.0.0.0/16'), id: 'VPC-1', key: 'vpc-1' } as const
  assert.equal(kindOf(seen({ observation: spelt }), [registered()]), undefined)
})

test('each kind of difference', () => {
  assert.equal(kindOf(seen(), []), 'unregistered')
  assert.equal(kindOf(seen(), [registered({ account: 'theirs' })]), 'other-owner')
  assert.equal(kindOf(seen(), [registered({ account: 'theirs', resourceId: 'vpc-2' })]), 'other-owner')
  assert.equal(kindOf(seen(), [registered({ resourceId: 'vpc-2' })]), 'other-resource')
  const elsewhere = registered({ cidr: block('10.1.0.0/16') })
  assert.equal(kindOf(seen(), [], [elsewhere]), 'other-block')
  assert.equal(kindOf(seen(), [], [registered({ cidr: block('fd12::/56') })]), 'unregistered')
  // Of several in two scopes, the one that is it.
  assert.equal(kindOf(seen(), [registered({ account: 'theirs' }), registered()], [elsewhere]), undefined)
})

test('what is gone differs where the register has it still', () => {
  assert.equal(kindOf(seen({ isGone: true }), [registered()]), 'gone')
  assert.equal(kindOf(seen({ isGone: true }), [registered({ resourceId: 'vpc-2' })]), undefined)
  assert.equal(kindOf(seen({ isGone: true }), []), undefined)
})

test('what only names space takes none', () => {
  assert.deepEqual([takesSpace('subnet'), takesSpace('prefix-list'), takesSpace('container')], [true, false, false])
})
