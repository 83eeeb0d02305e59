// What `find` prints: the chain, what rests, who speaks, what is in it and was before, and nothing that others wrote as it is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Found, renderFound } from './found.ts'
import { mustBeEscaped } from './printable.ts'

const zone = 'UTC'
const nothing: Found = { q: '10.1.2.3', places: [], hasMorePlaces: false, objects: [] }
const place: Found['places'][number] = {
  space: 'private',
  scopeId: 'ipam-scope-1',
  scopeDescription: 'labs',
  state: 'quarantined',
  chain: [
    { kind: 'pool', id: 'ipam-pool-1', cidr: '10.0.0.0/8', account: '222222222222', description: 'all' },
    { kind: 'pool', id: 'ipam-pool-2', cidr: '10.1.0.0/16', account: '222222222222' },
    { kind: 'quarantine', cidr: '10.1.2.3', account: '333333333333', until: '2026-11-25T09:30:00.000Z' },
  ],
  inside: [],
  hasMoreInside: false,
  before: [],
}

test('a place is a chain below the scope, with what rests in it and until when', () => {
  assert.equal(
    renderFound({ ...nothing, places: [place] }, { zone }),
    [
      'Private space, scope ipam-scope-1 (labs): quarantined',
      'ID                CIDR         WHAT        NAME  ACCOUNT       LOCALE',
      'ipam-pool-1       10.0.0.0/8   pool        all   222222222222',
      '└─ ipam-pool-2    10.1.0.0/16  pool              222222222222',
      '   └─ quarantine  10.1.2.3     quarantine        333333333333',
      'In quarantine until 2026-11-25 09:30:00Z; 333333333333 gave it back.',
      '',
    ].join('\n'),
  )
})

test('who speaks is told with where and how; where nobody does, what is given then', () => {
  const policy = {
    locale: 'onprem:basel',
    resourceType: 'onprem:host',
    assignments: [{ policyId: 'ipam-policy-1', version: 2, target: 'ou-1', kind: 'final', mode: 'warn' }],
    unmatched: 'deny',
    exceptionIds: ['exception-1'],
  }
  const told = renderFound({ ...nothing, places: [{ ...place, policy }] }, { zone })
  assert.match(told, /\nPolicy ipam-policy-1, version 2, enabled at ou-1 as final: warn\.\nIn force: exception-1\.\n/)
  const none = renderFound({ ...nothing, places: [{ ...place, policy: { ...policy, assignments: [] } }] }, { zone })
  assert.match(none, /\nNo policy speaks of onprem:host in onprem:basel: deny\.\n/)
})

test('what there is more of is said, and what nothing is found for', () => {
  const more = { ...nothing, places: [{ ...place, inside: place.chain, hasMoreInside: true }], hasMorePlaces: true }
  assert.match(renderFound(more, { zone }), /\nIn it, and more:\n(?:.*\n)+There are more spaces that have it\.\n/)
  const items = [{ kind: 'vpc', id: 'vpc-1', command: 'resource show vpc-1', isGone: true }]
  const objects = [{ kind: 'vpc', items, hasMore: true }]
  assert.equal(
    renderFound({ ...nothing, objects }, { zone }),
    [
      'ID     KIND       NAME  CIDR  ACCOUNT  SHOW WITH',
      'vpc-1  vpc, gone                       resource show',
      'There may be more: vpc.',
      '',
    ].join('\n'),
  )
  assert.equal(renderFound(nothing, { zone }), 'There is nothing that you may see at `10.1.2.3`.\n')
})

test('nothing that others wrote steers the terminal', () => {
  const bad = '\u001b[31m\u202e'
  const hostile = {
    ...place,
    scopeDescription: bad,
    chain: [{ kind: 'allocation', id: 'a', account: '1', since: bad, usedBy: bad, description: bad }],
    policy: { locale: bad, resourceType: bad, assignments: [], unmatched: 'deny', exceptionIds: [] },
    before: [{ kind: 'allocation', id: 'a', name: bad }],
  }
  const told = renderFound({ ...nothing, q: bad, places: [hostile] }, { zone })
  assert.equal(mustBeEscaped(told), false)
  assert.equal(mustBeEscaped(renderFound({ ...nothing, q: bad }, { zone })), false)
})
