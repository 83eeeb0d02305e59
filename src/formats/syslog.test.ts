// Messages of syslog are what RFC 5424 and 5425 say, whatever stands in the record.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExportedChange } from './exports/ocsf.ts'
import { framed, messageBytesMax, syslogMessage } from './syslog.ts'

const change = (more: Partial<ExportedChange> = {}): ExportedChange => ({
  changeId: '4711',
  at: '2026-11-30T12:00:00.123Z',
  action: 'AllocateAddress',
  outcome: 'Success',
  subjects: ['eipalloc-1'],
  account: '222222222222',
  principal: 'arn:aws:iam::222222222222:user/ada',
  credential: 'AKIAIOSFODNN7EXAMPLE',
  sourceAddress: '192.0.2.7',
  region: 'us-east-1',
  requestId: 'request-1',
  ...more,
})
const facts = { version: '0.1.0', host: 'cadastre-1' }
/** RFC 5424, section 6, with nothing for structured data. */
const pattern =
  /^<(\d{1,3})>1 (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) - (.*)$/s

test('a message has what RFC 5424 asks for, and an event of OCSF', () => {
  const [, priority, at, host, app, , id, event] = pattern.exec(syslogMessage(change(), facts))!
  assert.deepEqual(
    [priority, at, host, app, id],
    ['110', '2026-11-30T12:00:00.123Z', 'cadastre-1', 'cadastre', 'AllocateAddress'],
  )
  assert.equal((JSON.parse(event!) as { class_uid: number }).class_uid, 6003)
  const denied = pattern.exec(syslogMessage(change({ outcome: 'DeniedByPolicy' }), facts))!
  assert.equal(denied[1], '109', 'a refusal is a notice')
})

test('S5 whatever somebody writes is one message of one line, no longer than receivers take', () => {
  const long = 'é\n<110>1 forged \u0000'.repeat(2_000)
  for (const one of [
    change({ principal: long }),
    change({ action: long, requestId: long, credential: long, sourceAddress: long, region: long }),
    change({ subjects: Array.from({ length: 20 }, () => long), makers: [long] }),
    change({ action: '', sourceAddress: '' }),
  ]) {
    const message = syslogMessage(one, { ...facts, host: 'name with spaces é' })
    assert.match(message, pattern)
    assert(!['\n', '\r', '\u0000'].some((character) => message.includes(character)))
    assert(Buffer.byteLength(message) <= messageBytesMax, `${Buffer.byteLength(message)}`)
  }
})

test('a frame counts bytes and not characters', () => {
  assert.equal(framed('é'), '2 é')
})
