// Why CIDRs cannot be had, in words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CidrFailure, failureInWords } from './cidr-failure.ts'

test('why a CIDR cannot be had or taken away is said in words where it is shown, from what is on record', () => {
  const overlap = { cidr: '10.0.0.0/8', pool: 'ipam-pool-1' }
  const until = Date.UTC(2026, 0, 2)
  const said: readonly (readonly [CidrFailure, string])[] = [
    [
      { why: 'outside-source', source: 'ipam-pool-1' },
      'The CIDR is not inside the provisioned CIDRs of the source pool ipam-pool-1.',
    ],
    [
      { why: 'taken-in-source', source: 'ipam-pool-1' },
      'The CIDR is allocated from the source pool ipam-pool-1, in whole or in part.',
    ],
    [{ why: 'held', until }, 'Space in the CIDR is held until 2026-01-02T00:00:00.000Z.'],
    [{ why: 'in-quarantine', until }, 'Released space in the CIDR is in quarantine until 2026-01-02T00:00:00.000Z.'],
    [{ why: 'planned', network: 'vpc-1', by: 'ipam-pool-1' }, 'The pool ipam-pool-1 plans this CIDR of vpc-1.'],
    [{ why: 'planned', network: 'vpc-1' }, 'Another pool plans this CIDR of vpc-1.'],
    [{ why: 'overlaps', ...overlap }, 'The CIDR overlaps 10.0.0.0/8 of the pool ipam-pool-1 in the same scope.'],
    [
      { why: 'public', cidr: '203.0.113.0/24' },
      'The public CIDR 203.0.113.0/24 is already provisioned, in whole or in part.',
    ],
    [
      { why: 'public', cidr: '203.0.113.0/24', overlaps: overlap },
      'The public CIDR 203.0.113.0/24 is already provisioned, in whole or in part. The CIDR overlaps 10.0.0.0/8 of the pool ipam-pool-1.',
    ],
    [{ why: 'has-allocations' }, 'The CIDR has one or more allocations.'],
    [{ words: 'As it was put on record.' }, 'As it was put on record.'],
    [{ why: 'of-a-newer-server' } as unknown as CidrFailure, 'of-a-newer-server'],
  ]
  for (const [failure, words] of said) assert.equal(failureInWords(failure), words)
})
