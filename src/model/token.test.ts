// Tokens for oneself, on paper: which end is the latest, and where groups go along.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupsOfOwn, latestOwnEnd, type MakingToken } from './token.ts'

const signedIn: MakingToken = { origin: 'sign-in', expiresAt: 12, groups: ['group:net'], groupsUntil: 12 }

test('a token that was made with a token makes none that outlives it; a sign-in and the operator may', () => {
  assert.equal(latestOwnEnd({ ...signedIn, origin: 'token' }), 12)
  for (const origin of ['sign-in', 'operator'] as const) {
    assert.equal(latestOwnEnd({ ...signedIn, origin }), Number.POSITIVE_INFINITY)
  }
})

test('groups never outlive the sign-in that proved them', () => {
  assert.deepEqual(groupsOfOwn(signedIn, 12), ['group:net'])
  assert.deepEqual(groupsOfOwn(signedIn, 13), [])
  assert.deepEqual(groupsOfOwn({ ...signedIn, groupsUntil: undefined }, 1), [])
})
