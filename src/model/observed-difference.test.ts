// Differences between what is there and what is registered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cidr, parseCidr } from './cidr.ts'
import {
  type Beside,
  differenceOf,
  isPublic,
  isUnseen,
  overlapOf,
  type Registered,
  type Seen,
  takesSpace,
} from './observed-difference.ts'

const block = (text: string) => parseCidr(text)!
const vpc = { kind: 'network', cidr: block('10.0.0.0/16'), space: 'vpc-1', id: 'vpc-1', key: 'vpc-1' } as const
const seen = (more: Partial<Seen> = {}): Seen => ({ observation: vpc, account: 'ours', isGone: false, ...more })
const registered = (more: Partial<Registered> = {}): Registered => ({
  n: 1,
  cidr: block('10.0.0.0/16'),
  account: 'ours',
  resourceId: 'vpc-1',
  ...more,
})
const kindOf = (
  what: Seen,
  ofBlock: readonly Registered[],
  ofResource: readonly Registered[] = [],
  more: Partial<Beside<Registered>> = {},
) => differenceOf(what, { ofBlock, ofResource, alike: [], blocks: [], ...more })?.kind

test('what is registered as it is there is no difference, also where one of the two does not say whose or what it is', () => {
  assert.equal(kindOf(seen(), [registered()]), undefined)
  assert.equal(kindOf(seen(), [registered({ resourceId: undefined })]), undefined)
  assert.equal(kindOf(seen({ account: undefined }), [registered({ account: 'theirs' })]), undefined)
  assert.equal(kindOf(seen({ observation: { ...vpc, id: '', key: '' } }), [registered()]), undefined)
  assert.equal(kindOf(seen({ observation: { ...vpc, id: 'VPC-1' } }), [registered()]), undefined)
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

test('a second block of a network that has kept its first one is not registered, and was not exchanged', () => {
  const first = registered({ cidr: block('10.1.0.0/16') })
  assert.equal(kindOf(seen(), [], [first], { blocks: [vpc.cidr, first.cidr] }), 'unregistered')
  assert.equal(kindOf(seen(), [], [first], { blocks: [vpc.cidr] }), 'other-block')
})

test('a subnet that has all of its network is not taken for it', () => {
  const subnet = { ...vpc, kind: 'subnet', id: 'subnet-1', key: 'subnet-1', parent: 'vpc-1' } as const
  assert.equal(kindOf(seen({ observation: subnet }), [registered()]), 'unregistered')
  assert.equal(kindOf(seen({ observation: subnet }), [registered({ account: 'theirs' })]), 'unregistered')
  assert.equal(kindOf(seen({ observation: subnet }), [registered(), registered({ resourceId: 'subnet-1' })]), undefined)
  assert.equal(
    kindOf(seen({ observation: subnet }), [registered(), registered({ resourceId: 'subnet-2' })]),
    'other-resource',
  )
})

test('an address that two things have in one is registered with either', () => {
  const address = { kind: 'address', cidr: block('10.0.0.5/32'), space: 'vpc-1', id: 'eni-1', key: 'eni-1' } as const
  const balancer = { ...address, kind: 'load-balancer', id: 'lb-1', key: 'lb-1' } as const
  const held = registered({ cidr: address.cidr, resourceId: 'lb-1' })
  assert.equal(kindOf(seen({ observation: address }), [held]), 'other-resource')
  assert.equal(kindOf(seen({ observation: address }), [held], [], { alike: [address, balancer] }), undefined)
  const others = { ...held, account: 'theirs' }
  assert.equal(kindOf(seen({ observation: address }), [others], [], { alike: [balancer] }), 'other-owner')
  // Two networks do not share a block.
  assert.equal(
    kindOf(seen(), [registered({ resourceId: 'vpc-2' })], [], { alike: [{ ...vpc, id: 'vpc-2', key: 'vpc-2' }] }),
    'other-resource',
  )
})

test('public space is public where it is in no network of its own, and unregistered as such', () => {
  const address = { kind: 'address', cidr: block('9.9.9.9/32'), space: '', id: 'eip-1', key: 'eip-1' } as const
  assert.equal(kindOf(seen({ observation: address }), []), 'unregistered-public')
  assert.equal(kindOf(seen({ observation: { ...address, space: 'vpc-1' } }), []), 'unregistered')
  const isPublicBlock = (text: string) => isPublic({ cidr: block(text), space: '' })
  assert.deepEqual(
    ['9.0.0.0/8', '10.0.0.0/8', '100.64.0.0/24', '169.254.1.0/24', '2600::/32', 'fd00::/48', '224.0.0.0/4'].map(
      isPublicBlock,
    ),
    [true, false, false, false, true, false, false],
  )
})

test('what is gone differs where the register has it still', () => {
  assert.equal(kindOf(seen({ isGone: true }), [registered()]), 'gone')
  assert.equal(kindOf(seen({ isGone: true }), [registered({ resourceId: 'vpc-2' })]), undefined)
  assert.equal(kindOf(seen({ isGone: true }), []), undefined)
})

test('what only names space takes none', () => {
  assert.deepEqual([takesSpace('subnet'), takesSpace('prefix-list'), takesSpace('container')], [true, false, false])
})

test('things of one kind overlap in one space, unless one lies inside of the other as networks do', () => {
  type Told = Parameters<typeof overlapOf>[0]
  const told = (kind: Told['kind'], cidr: string, more: Partial<Told> = {}): Told => ({
    ...{ kind, cidr: block(cidr), space: 'one', id: cidr, key: cidr },
    ...more,
  })
  const isOverlap = (one: Told, other: Told): boolean => overlapOf(one, [other]) !== undefined
  const cases: readonly (readonly [Told, Told, boolean])[] = [
    [told('subnet', '10.0.0.0/24'), told('subnet', '10.0.0.0/24', { key: 'other' }), true],
    [told('subnet', '10.0.0.0/25'), told('subnet', '10.0.0.0/24'), true],
    [told('subnet', '10.0.0.0/25', { parent: 'one' }), told('subnet', '10.0.0.0/24'), true],
    [told('subnet', '10.0.0.0/25', { parent: '10.0.0.0/24' }), told('subnet', '10.0.0.0/24'), false],
    [told('subnet', '10.0.0.0/24'), told('subnet', '10.0.0.0/24', { space: 'two' }), false],
    [told('subnet', '10.0.0.0/24'), told('network', '10.0.0.0/16'), false],
    [told('network', '10.0.0.0/24'), told('network', '10.0.0.0/16'), false],
    [told('network', '10.0.0.0/16'), told('network', '10.0.0.0/16', { key: 'other' }), true],
    [told('address', '10.0.0.1/32'), told('address', '10.0.0.1/32', { key: 'other' }), false],
    [told('range', '10.0.0.0/31', { key: '' }), told('range', '10.0.0.0/30', { key: '' }), true],
  ]
  for (const [one, other, expected] of cases)
    assert.equal(isOverlap(one, other), expected, `${JSON.stringify([one.key, other.key])} ${one.kind}`)
})

test('what the source never told of is unseen where it tells of its like, could list it, and it was there by then', () => {
  const told = { takenAt: 10, isCovered: true, isUnlisted: false, isMentioned: false }
  assert.equal(isUnseen({ createdAt: 9 }, told), true)
  assert.equal(isUnseen({ createdAt: 10 }, told), false)
  for (const more of [{ isCovered: false }, { isUnlisted: true }, { isMentioned: true }])
    assert.equal(isUnseen({ createdAt: 9 }, { ...told, ...more }), false)
})

// Said a second time, in other words: for whatever is there and is registered, in a world small enough to try all of it.
test('the rule says what a second one says, written from the sentences of the kinds, over all small worlds', () => {
  const blocks: readonly Cidr[] = ['10.0.0.0/31', '10.0.0.2/31'].map(block)
  const owners = ['ours', 'theirs']
  const ids = [undefined, 'a', 'b']
  const all: Registered[] = blocks.flatMap((cidr) =>
    owners.flatMap((account) =>
      ids.map((resourceId, index) => ({ n: index + 1, cidr, account, ...(resourceId && { resourceId }) })),
    ),
  )
  const cidr = blocks[0]!
  let tried = 0
  for (const one of all)
    for (const two of [undefined, ...all])
      for (const account of [undefined, ...owners])
        for (const id of ['', 'a'])
          for (const isGone of [false, true]) {
            const register = two === undefined || two === one ? [one] : [one, two]
            const has = (test: (row: Registered) => boolean) => register.some(test)
            const here = (row: Registered) => row.cidr === cidr
            const whose = (row: Registered) => account === undefined || row.account === account
            const what = (row: Registered) => row.resourceId === undefined || id === '' || row.resourceId === id
            const moved = (row: Registered) => id !== '' && row.resourceId === id && !here(row)
            const expected = has((row) => here(row) && whose(row) && what(row))
              ? isGone
                ? 'gone'
                : undefined
              : isGone
                ? undefined
                : has((row) => here(row) && what(row))
                  ? 'other-owner'
                  : has(here)
                    ? whose(register.find(here)!)
                      ? 'other-resource'
                      : 'other-owner'
                    : has(moved)
                      ? 'other-block'
                      : 'unregistered'
            const observation = { kind: 'network', cidr, space: 's', id, key: id } as const
            const found = kindOf(
              { observation, account, isGone },
              register.filter(here),
              id === '' ? [] : register.filter((row) => row.resourceId === id),
            )
            assert.equal(
              found,
              expected,
              JSON.stringify({ register, account, id, isGone }, (_, v) => String(v)),
            )
            tried++
          }
  assert(tried > 1_000)
})
