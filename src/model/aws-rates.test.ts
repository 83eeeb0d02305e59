// How an operator writes how often accounts may ask.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAwsRates, usualRates } from './aws-rates.ts'

test('what is not named is as usual', () => {
  const usual = parseAwsRates(usualRates)!
  assert.deepEqual(parseAwsRates('write=5/1'), { ...usual, write: { burst: 5, perSecond: 1 } })
  assert.deepEqual(parseAwsRates(' AllocateAddress=5/1 , read=9/3 '), {
    ...usual,
    read: { burst: 9, perSecond: 3 },
    actions: new Map([['AllocateAddress', { burst: 5, perSecond: 1 }]]),
  })
})

test('what cannot be read is none: a name twice, no number, none at all, and more than anybody needs', () => {
  for (const text of [
    '',
    'write',
    'write=5',
    'write=0/1',
    'write=5/0',
    'write=5/1,write=5/1',
    'delete=5/1',
    'read=1/1000001',
  ])
    assert.equal(parseAwsRates(text), undefined, text)
})
