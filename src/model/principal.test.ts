// Who may be one person: told by names, subjects and the makers of tokens, in every combination of a small world.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, makersOf, type NativePrincipal, sharedIdentity } from './principal.ts'

const names = ['user:a', 'user:b']
const subjects = [undefined, 'issuer 1', 'issuer 2']
const makers = [undefined, [], ['user:a'], ['user:b'], ['issuer 1'], ['user:z']]
const actors: Actor[] = names.flatMap((by) =>
  subjects.flatMap((subject) => makers.map((made) => ({ by, subject, makers: made }))),
)

test('two deeds are one person’s by name, by subject, or where one made the token of the other; a third’s work shows nothing', () => {
  for (const one of actors) {
    for (const other of actors) {
      const selves = ({ by, subject }: Actor) => [by, subject]
      const isMaker = (maker: Actor, made: Actor) =>
        selves(maker).some((self) => self !== undefined && (made.makers ?? []).includes(self))
      const isSame =
        one.by === other.by ||
        (one.subject !== undefined && one.subject === other.subject) ||
        isMaker(one, other) ||
        isMaker(other, one)
      const shared = sharedIdentity(one, other)
      assert.equal(shared !== undefined, isSame, JSON.stringify([one, other]))
      if (shared !== undefined) {
        assert([...selves(one), ...selves(other)].includes(shared), 'it is one of the two who stands behind both')
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
