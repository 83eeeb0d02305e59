// Who may be one person: told by names, subjects and the makers of tokens, in every combination of a small world.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, makersOf, type NativePrincipal, partiesOf, sharedIdentity } from './principal.ts'

const names = ['user:a', 'user:b']
const subjects = [undefined, 'issuer 1', 'issuer 2']
const makers = [undefined, [], ['user:a'], ['user:b'], ['issuer 1'], ['user:z']]
const actors: Actor[] = names.flatMap((by) =>
  subjects.flatMap((subject) => makers.map((made) => ({ by, subject, makers: made }))),
)

test('two acts are one person’s by name, by subject, or where one made the token of the other, or somebody both', () => {
  for (const one of actors) {
    for (const other of actors) {
      const selves = ({ by, subject }: Actor) => [by, subject]
      const isMaker = (maker: Actor, made: Actor) =>
        selves(maker).some((self) => self !== undefined && (made.makers ?? []).includes(self))
      const isSame =
        one.by === other.by ||
        (one.subject !== undefined && one.subject === other.subject) ||
        isMaker(one, other) ||
        isMaker(other, one) ||
        (one.makers ?? []).some((maker) => (other.makers ?? []).includes(maker))
      const shared = sharedIdentity(one, other)
      assert.equal(shared !== undefined, isSame, JSON.stringify([one, other]))
      if (shared !== undefined) {
        const behind = ({ by, subject, makers = [] }: Actor) => [by, subject, ...makers]
        assert(behind(one).includes(shared) && behind(other).includes(shared), 'it stands behind both')
      }
    }
  }
})

test('whoever makes a token stands behind it, and so does whoever stood behind theirs', () => {
  const signedIn: NativePrincipal = { name: 'user:a', groups: [], scopes: [], subject: 'issuer 1', makers: [] }
  assert.deepEqual(makersOf(signedIn), ['user:a', 'issuer 1'])
  const made: NativePrincipal = { name: 'service:ci', groups: [], scopes: [], makers: makersOf(signedIn) }
  assert.deepEqual(makersOf(made), ['user:a', 'issuer 1', 'service:ci'])
  assert.deepEqual(makersOf({ ...made, name: 'user:a' }), ['user:a', 'issuer 1'], 'each once')
})

test('a token has the rights of its principal and of each maker, whose groups count until their sign-in is over', () => {
  const makerGroups = [
    { name: 'user:a', groups: ['group:net'], until: 100 },
    { name: 'user:z', groups: ['group:other'], until: 200 },
  ]
  const made = { name: 'service:ci', groups: [], makers: ['user:a', 'issuer 1', 'service:ci', 'user:b'], makerGroups }
  const parties = (now: number) => partiesOf(made, now).map(({ name, groups }) => [name, ...groups])
  assert.deepEqual(parties(99), [['service:ci'], ['user:a', 'group:net'], ['user:b']])
  assert.deepEqual(parties(100), [['service:ci'], ['user:a'], ['user:b']])
  const former = partiesOf(made, 100).map(({ formerGroups }) => formerGroups)
  assert.deepEqual(former, [[], ['group:net'], []])
  assert.deepEqual(partiesOf({ name: 'user:a', groups: ['group:net'], makers: [] }, 0), [
    { name: 'user:a', groups: ['group:net'], formerGroups: [] },
  ])
  // Of a longer token for oneself.
  assert.deepEqual(partiesOf({ name: 'user:a', groups: [], makers: [], makerGroups }, 0), [
    { name: 'user:a', groups: [], formerGroups: ['group:net'] },
  ])
})
