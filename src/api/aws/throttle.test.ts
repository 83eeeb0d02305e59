// How often an account may ask the AWS APIs: each account, Region and action by itself, and within bounds of memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AwsRates, parseAwsRates } from '#model/aws-rates.ts'
import { badTokensPerMinute } from '../failures.ts'
import { type Asked, bucketsMax, heldMax, Throttle } from './throttle.ts'

const rates = parseAwsRates('read=2/1,write=1/1,AllocateAddress=1/2')
let now = 0
const waitMs = (throttle: Throttle, asked: Asked): number => throttle.take(asked)?.ms ?? 0
const throttleOf = (all: AwsRates | undefined = rates): Throttle => new Throttle(all, () => now)
const write = { account: '111111111111', region: 'us-east-1', name: 'CreateIpam', isRead: false }
const read = { ...write, name: 'DescribeIpams', isRead: true }

test('D2 what one account asks for takes nothing from another, nor in another Region, nor of another kind', () => {
  const throttle = throttleOf()
  assert.equal(waitMs(throttle, write), 0)
  assert.equal(waitMs(throttle, write), 1_000)
  assert.equal(waitMs(throttle, { ...write, name: 'DeleteIpam' }), 1_000, 'one bucket for what changes something')
  assert.equal(waitMs(throttle, { ...write, account: '222222222222' }), 0)
  assert.equal(waitMs(throttle, { ...write, region: 'eu-central-1' }), 0)
  assert.equal(waitMs(throttle, { ...write, name: 'AllocateAddress' }), 0)
  assert.equal(waitMs(throttle, { ...write, name: 'AllocateAddress' }), 500, 'one of its own')
  for (const wait of [0, 0, 1_000]) assert.equal(waitMs(throttle, read), wait)
})

test('D2 however many accounts ask, so many buckets are remembered, and whoever asks on keeps theirs', () => {
  const throttle = throttleOf()
  for (let account = 0; account < 2 * bucketsMax; account++) {
    waitMs(throttle, { ...write, account: String(account).padStart(12, '3') })
    if (account % 1_000 === 0) waitMs(throttle, write)
  }
  assert.equal(waitMs(throttle, write), 1_000)
  assert.equal(waitMs(throttle, { ...write, account: '0'.padStart(12, '3') }), 0, 'forgotten')
})

test('off is as often as anybody likes', () => {
  const throttle = new Throttle(undefined, () => now)
  for (let n = 0; n < 10_000; n++) assert.equal(waitMs(throttle, write), 0)
})

test('D2 an address with many bad signatures is verified no more for a minute, but for keys that were good', () => {
  const throttle = throttleOf()
  throttle.noteGood('AKIAGOOD')
  for (let n = 0; n < badTokensPerMinute; n++) {
    assert.equal(
      throttle.blockedSeconds('AKIAGUESSED', () => '192.0.2.1'),
      0,
    )
    throttle.noteBad('192.0.2.1')
  }
  assert.equal(
    throttle.blockedSeconds('AKIAGUESSED', () => '192.0.2.1'),
    60,
  )
  assert.equal(
    throttle.blockedSeconds('AKIAGUESSED', () => '192.0.2.2'),
    0,
  )
  assert.equal(
    throttle.blockedSeconds('AKIAGOOD', () => '192.0.2.1'),
    0,
  )
  now += 60_000
  assert.equal(
    throttle.blockedSeconds('AKIAGUESSED', () => '192.0.2.1'),
    0,
  )
})

test('D1 what is held waits behind what is held of the same bucket, so many at a time; those beyond are told at once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const throttle = throttleOf()
  let told = 0
  const hold = (bucket: string): boolean => throttle.hold({ bucket, ms: 5 }, () => told++)
  for (let n = 0; n < 100; n++) assert.ok(hold('flood'))
  assert.ok(hold('other'))
  t.mock.timers.tick(5)
  assert.equal(told, 2, 'one of each')
  t.mock.timers.tick(45)
  assert.equal(told, 11)
  for (let n = 0; n < heldMax - 90; n++) assert.ok(hold('flood'))
  assert.ok(!hold('flood'))
  t.mock.timers.tick(1_000)
  assert.equal(told, 101 + heldMax - 90, 'nobody waits for longer than a second')
})
