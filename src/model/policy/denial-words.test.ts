// Claims about the words of what a denial is about: every fact has some, also one that is not known here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carriedFor, type DenialAllowed, type DenialValue, spelled } from './denial.ts'
import { allowedInWords, valueInWords } from './denial-words.ts'

test('each fact about what a request has is said in its words', () => {
  const said: readonly (readonly [DenialValue, string])[] = [
    [{ is: 'ipam-pool-1' }, 'ipam-pool-1'],
    [{ family: 6 }, 'ipv6'],
    [{ length: 0 }, '/0'],
    [{ length: 'any' }, 'CIDR of any size'],
    [{ length: 'none' }, 'none'],
    [{ scopes: ['public', 'private'] }, 'public or private'],
    [{ carried: [{ key: 'env', value: '' }, { key: 'team' }] }, 'env=, no team'],
    [{ resourceType: 'vpc', locale: 'eu-west-1' }, 'vpc in eu-west-1'],
    [{ resourceType: 'vpc', locale: 'eu-west-1', account: '1' }, 'vpc in eu-west-1 for 1'],
    [
      {
        wanted: [
          { pool: 'p', length: 24 },
          { pool: 'q', cidr: '10.0.0.0/8' },
        ],
      },
      '/24 in p, 10.0.0.0/8 in q',
    ],
    [{ words: 'as it was' }, 'as it was'],
    [{ newer: 1 } as unknown as DenialValue, '{"newer":1}'],
  ]
  for (const [value, words] of said) assert.equal(valueInWords(value), words)
  assert.deepEqual(
    said.map(([value]) => spelled(value)).filter((text) => text !== undefined),
    ['ipam-pool-1', 'ipv6', '/0'],
  )
})

test('each fact about what is allowed is said in its words', () => {
  const said: readonly (readonly [DenialAllowed, readonly string[]])[] = [
    [{ nothing: true }, []],
    [{ pools: ['p', 'q'] }, ['p', 'q']],
    [{ oneOf: ['eip', 'nat'] }, ['eip', 'nat']],
    [{ families: [4, 6] }, ['ipv4', 'ipv6']],
    [{ lengths: { min: 16, max: 28 } }, ['/16 to /28']],
    [{ tags: [{ key: 'env' }, { key: 'team', value: 'net' }] }, ['env', 'team=net']],
    [{ no: 'locale' }, ['None']],
    [{ no: 'aws-service' }, ['none']],
    [{ holds: 'subnets' }, ['subnets', 'hosts']],
    [{ holds: 'hosts' }, ['hosts']],
    [{ words: ['as', 'they were'] }, ['as', 'they were']],
    [{ newer: 1 } as unknown as DenialAllowed, ['{"newer":1}']],
  ]
  for (const [allowed, words] of said) assert.deepEqual(allowedInWords(allowed), words)
})

test('in place of the tags that it lacks, a request carries other values, or none', () => {
  const carried = carriedFor([{ key: 'env', value: 'prod' }, { key: 'team' }], new Map([['env', 'dev']]))
  assert.deepEqual(carried, { carried: [{ key: 'env', value: 'dev' }, { key: 'team' }] })
})
