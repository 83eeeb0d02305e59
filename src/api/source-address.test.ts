// Whom the record names where proxies stand in between, and that nobody can say it for themselves.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { clientOf, createSourceAddress } from './source-address.ts'

const proxies = ['10.0.0.0/8', '2001:db8:a::/48'].map((text) => parseCidr(text)!)
const request = (remoteAddress: string | undefined, forwarded?: string): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage
const seen = (remote: string | undefined, forwarded?: string): string =>
  createSourceAddress(proxies)(request(remote, forwarded))

test('A8 without trusted proxies nobody is believed', () => {
  assert.equal(createSourceAddress([])(request('10.0.0.1', '192.0.2.1')), '10.0.0.1')
})

test('A8 whoever is no trusted proxy is the source, whatever they say', () => {
  assert.equal(seen('198.51.100.1', '192.0.2.1'), '198.51.100.1')
  assert.equal(seen('11.0.0.1', '10.0.0.2, 10.0.0.3'), '11.0.0.1')
  assert.equal(seen(undefined, '192.0.2.1'), '')
})

test('A8 of what a client wrote into the header itself, nothing counts: the nearest that no trusted proxy has does', () => {
  assert.equal(seen('10.0.0.1', '192.0.2.1'), '192.0.2.1')
  assert.equal(seen('10.0.0.1', '203.0.113.9, 192.0.2.1'), '192.0.2.1')
  assert.equal(seen('10.0.0.1', '10.9.9.9, 192.0.2.1, 10.0.0.2'), '192.0.2.1')
  assert.equal(seen('2001:db8:a::1', '2001:DB8:B:0::1'), '2001:db8:b::1')
})

test('where a trusted proxy says nothing that is an address, it is the source itself', () => {
  for (const nothing of [undefined, '', 'unknown', '192.0.2.1,', '192.0.2.1, _hidden', '192.0.2.01', '192.0.2.1/32']) {
    assert.equal(seen('10.0.0.1', nothing), '10.0.0.1', String(nothing))
  }
  assert.equal(seen('10.0.0.1', '192.0.2.1, x, 10.0.0.2'), '10.0.0.2')
})

test('addresses have one spelling, and ports are no part of them', () => {
  assert.equal(seen('::ffff:10.0.0.1', '192.0.2.1:8080'), '192.0.2.1')
  assert.equal(seen('10.0.0.1', '[2001:db8::1]:443'), '2001:db8::1')
  assert.equal(seen('10.0.0.1', '::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(createSourceAddress([])(request('::ffff:192.0.2.1')), '192.0.2.1')
})

test('I10 a header of nothing but commas or proxies comes to an end', () => {
  assert.equal(seen('10.0.0.1', ','.repeat(16_000)), '10.0.0.1')
  assert.equal(seen('10.0.0.1', Array(1_000).fill('10.0.0.2').join(',')), '10.0.0.2')
})

test('D2 one who has a /64 has one budget', () => {
  assert.equal(clientOf('2001:db8::1'), clientOf('2001:db8::ffff:1:2:3'))
  assert.notEqual(clientOf('2001:db8::1'), clientOf('2001:db8:0:1::1'))
  assert.notEqual(clientOf('192.0.2.1'), clientOf('192.0.2.2'))
})
