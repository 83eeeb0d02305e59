// Mails of an hour: what one mail is counted as, and when there is no room for one more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countsOf,
  hasRoom,
  type MailFacts,
  mailsOfSetterMax,
  mailsOfSetterToOneMax,
  mailsOfTopSetterMax,
  mailsToOneMax,
} from './mail-bounds.ts'

const addresses = (count: number, name = 'to'): string[] =>
  Array.from({ length: count }, (_, n) => `${name}${n}@example.com`)
const of = (setter: string, more: Partial<MailFacts> = {}): MailFacts => ({
  ...{ setter, isAtTop: false, isCritical: false, recipients: ['ceo@example.com'] },
  ...more,
})
/** Sends what has room, one after the other; answers how many that were. */
function outbox() {
  const sent = new Map<string, number>()
  return (facts: MailFacts, times = 1): number => {
    let went = 0
    for (let n = 0; n < times; n++) {
      if (!hasRoom(facts, sent)) continue
      went++
      for (const [key, count] of countsOf(facts)) sent.set(key, (sent.get(key) ?? 0) + count)
    }
    return went
  }
}

test('D8 one setter has so many mails in an hour, each counted by its recipients, and so many to one address', () => {
  const send = outbox()
  let went = 0
  for (let n = 0; n < 100; n++) went += send(of('user:a', { recipients: addresses(20, `x${n}-`) }))
  assert.equal(went * 20, mailsOfSetterMax)
  assert.equal(send(of('user:a')), 0)
  assert.equal(send(of('user:b'), 100), mailsOfSetterToOneMax)
  assert.equal(send(of('user:top', { isAtTop: true, recipients: addresses(20) }), 10_000), mailsToOneMax)
  for (let n = 0, all = 0; n < 1_000; n++) {
    all += send(of('user:top', { isAtTop: true, recipients: addresses(20, `y${n}-`) }))
    assert(20 * all <= mailsOfTopSetterMax - 20 * mailsToOneMax)
  }
})

test('D8 to one address there are so many of all who are none of the top; each of them has one nevertheless, and the top has its own', () => {
  const send = outbox()
  for (const setter of ['user:a', 'user:b', 'user:c']) assert.equal(send(of(setter), 50), mailsOfSetterToOneMax)
  assert.equal(3 * mailsOfSetterToOneMax, mailsToOneMax)
  assert.equal(send(of('user:d'), 50), 1)
  assert.equal(send(of('user:e', { recipients: ['ceo@example.com', 'other@example.com'] }), 50), 1)
  assert.equal(send(of('user:e', { recipients: ['other@example.com'] }), 50), mailsOfSetterToOneMax - 1)
  assert.equal(send(of('user:top', { isAtTop: true }), 200), mailsToOneMax)
  assert.equal(send(of('user:d', { isCritical: true }), 50), mailsOfSetterToOneMax)
})

test('a mailbox is one however it is written', () => {
  const send = outbox()
  const written = ['ceo@example.com', 'CEO@Example.com', 'ceo+a@example.com', 'ceo+b+c@example.com']
  assert.equal([...countsOf(of('user:a', { recipients: written }))][0]![1], 1)
  let went = 0
  for (let n = 0; n < 100; n++) went += send(of('user:a', { recipients: [written[n % 4]!] }))
  assert.equal(went, mailsOfSetterToOneMax)
  assert.equal(send(of('user:a', { recipients: ['ceo@other.example.com'] })), 1)
})
