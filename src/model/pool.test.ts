// Claims about the rules of pools.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from './cidr.ts'
import {
  amazonLengthProblem,
  childProblem,
  cidrProblem,
  liesWithin,
  missingTags,
  netmaskProblem,
  type ParentPool,
  type PoolShape,
  shapeProblem,
} from './pool.ts'

const cidr = (text: string) => parseCidr(text)!
const regions = new Set(['us-east-1', 'eu-west-1'])
const shape = (change: Partial<PoolShape>): PoolShape => ({
  family: 4,
  scopeType: 'private',
  netmaskLengths: {},
  ...change,
})
const fieldOf = (change: Partial<PoolShape>) => shapeProblem(shape(change), regions)?.field

test('netmask lengths keep the bounds of the family and their order, for every triple of a small world', () => {
  for (let min = 0; min <= 33; min += 3) {
    for (let asked = 0; asked <= 33; asked += 3) {
      for (let max = 0; max <= 33; max += 3) {
        const isFine = max <= 32 && min <= asked && asked <= max
        assert.equal(netmaskProblem(4, { min, default: asked, max }) === undefined, isFine, `${min} ${asked} ${max}`)
      }
    }
  }
  assert.equal(netmaskProblem(4, {}), undefined)
  assert.equal(netmaskProblem(6, { max: 128 }), undefined)
  assert.equal(netmaskProblem(4, { max: 33 })?.field, 'maxNetmaskLength')
  assert.equal(netmaskProblem(4, { min: 20, max: 16 })?.field, 'minNetmaskLength')
  assert.equal(netmaskProblem(4, { default: 8, min: 16 })?.field, 'defaultNetmaskLength')
  assert.equal(netmaskProblem(4, { min: 1.5 })?.field, 'minNetmaskLength')
})

test('a locale is None, an operating Region, or a place outside this cloud', () => {
  assert.equal(fieldOf({}), undefined)
  assert.equal(fieldOf({ locale: 'us-east-1' }), undefined)
  assert.equal(fieldOf({ locale: 'azure:westeurope' }), undefined)
  for (const locale of ['ap-east-1', 'azure:', ':west', 'a:b:c', 'a:b/c']) assert.equal(fieldOf({ locale }), 'locale')
})

test('what makes space public is only for the public scope', () => {
  assert.equal(fieldOf({ awsService: 'ec2' }), 'awsService')
  assert.equal(fieldOf({ publicIpSource: 'byoip' }), 'publicIpSource')
  assert.equal(fieldOf({ publiclyAdvertisable: false }), 'publiclyAdvertisable')
  const open = { scopeType: 'public', locale: 'us-east-1' } as const
  assert.equal(fieldOf({ ...open, awsService: 'ec2', publicIpSource: 'amazon' }), undefined)
  assert.equal(fieldOf({ ...open, publiclyAdvertisable: true }), 'publiclyAdvertisable')
  assert.equal(fieldOf({ ...open, family: 6, publiclyAdvertisable: true }), undefined)
  assert.equal(
    fieldOf({ ...open, family: 6, publicIpSource: 'amazon', publiclyAdvertisable: true }),
    'publiclyAdvertisable',
  )
  assert.equal(fieldOf({ scopeType: 'public', publicIpSource: 'amazon' }), 'locale')
  assert.equal(fieldOf({ autoImport: true }), 'autoImport')
})

test('a child keeps its parent’s scope, family and Regional locale, ten levels deep', () => {
  const parent: ParentPool = { id: 'p', scopeId: 's', family: 4, depth: 1 }
  const child = { scopeId: 's', family: 4, locale: 'us-east-1' } as const
  assert.equal(childProblem(child, parent), undefined)
  assert.equal(childProblem({ ...child, scopeId: 't' }, parent)?.field, 'parentPoolId')
  assert.equal(childProblem({ ...child, family: 6 }, parent)?.field, 'family')
  assert.equal(childProblem(child, { ...parent, locale: 'us-east-1' }), undefined)
  assert.equal(childProblem(child, { ...parent, locale: 'eu-west-1' })?.field, 'locale')
  assert.equal(childProblem({ ...child, locale: undefined }, { ...parent, locale: 'eu-west-1' })?.field, 'locale')
  assert.equal(childProblem(child, { ...parent, depth: 9 }), undefined)
  assert.equal(childProblem(child, { ...parent, depth: 10 })?.field, 'parentPoolId')
})

test('space fits the family and the scope of its pool', () => {
  const isFine = (family: 4 | 6, scopeType: 'public' | 'private', text: string, isPrivateGuaEnabled = false) =>
    cidrProblem({ family, scopeType, isPrivateGuaEnabled }, cidr(text)) === undefined
  assert(
    isFine(4, 'private', '10.0.0.0/8') &&
      isFine(4, 'private', '198.51.100.0/24') &&
      isFine(4, 'public', '198.51.100.0/31'),
  )
  assert(!isFine(4, 'private', 'fd12::/48') && !isFine(6, 'private', '10.0.0.0/8'))
  assert(isFine(6, 'private', 'fd12::/48') && !isFine(6, 'private', 'fd00::/48') && !isFine(6, 'private', 'fd00::/8'))
  assert(!isFine(6, 'private', '2001:db8::/48') && isFine(6, 'private', '2001:db8::/48', true))
  assert(isFine(6, 'public', '2001:db8::/48') && !isFine(6, 'public', 'fd12::/48'))
})

test('Amazon-provided space comes in its own sizes', () => {
  const fine = (family: 4 | 6) =>
    Array.from({ length: 129 }, (_, n) => n).filter((n) => !amazonLengthProblem(family, n))
  assert.deepEqual(fine(4), [28, 29, 30])
  assert.deepEqual([fine(6).at(0), fine(6).at(-1), fine(6).length], [40, 52, 13])
})

test('required tags compare key and value exactly, and more tags do no harm', () => {
  const tags = new Map([
    ['env', 'prod'],
    ['x', 'y'],
  ])
  assert.deepEqual(missingTags([{ key: 'env', value: 'prod' }], tags), [])
  assert.deepEqual(missingTags([{ key: 'env', value: 'Prod' }], tags), [{ key: 'env', value: 'Prod' }])
  assert.deepEqual(missingTags([{ key: 'env' }, { key: 'Env' }], tags), [{ key: 'Env' }])
  assert.deepEqual(missingTags([{ key: 'env' }], undefined), [{ key: 'env' }])
})

test('I9 space lies within a parent only where one of its blocks holds it whole', () => {
  const space = [cidr('10.0.0.0/24'), cidr('10.0.1.0/24')]
  assert(liesWithin(space, cidr('10.0.1.128/25')))
  assert(!liesWithin(space, cidr('10.0.0.0/23')))
})
