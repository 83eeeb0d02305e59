// Claims about what is hidden of a text, and what is not.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refused } from './refusal.ts'
import { factCharactersMax, factsWithoutSecrets, hasBearerToken, withoutSecrets } from './secrets.ts'

/** As they are drawn (operations/access-keys.ts, sts.ts and native/tokens.ts). */
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((all) => Buffer.from(all))
const isLikely = (text: string): boolean => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)
const secretKeys = bytes(30)
  .map((all) => all.toString('base64'))
  .filter(isLikely)
const sessionTokens = bytes(96)
  .map((all) => all.toString('base64'))
  .filter(isLikely)
const bearerTokens = bytes(32).map((all) => `cadastre_${all.toString('base64url')}`)

test('where events go and what opens a session is repeated in no refusal, whatever is wrong with it', () => {
  for (const field of ['targetUrl', 'code', 'verifier', 'name']) {
    const { refusal } = new Refused({
      code: 'InvalidParameterValue',
      field,
      value: 'T0/B0/x',
      problem: { why: 'backtick' },
    })
    assert.equal('value' in refusal && refusal.value, field === 'name' ? 'T0/B0/x' : '[secret]')
  }
})

test('tokens and secret keys are hidden wherever they stand in a text', () => {
  fc.assert(
    fc.property(fc.oneof(secretKeys, sessionTokens, bearerTokens), (secret) => {
      for (const [before, after] of [
        ['', ''],
        ['The pool `', '` is not there.'],
        ['name=', '&x=1'],
        ['(', ')'],
        ['a: ', '\n'],
      ]) {
        const shown = withoutSecrets(`${before}${secret}${after}`)
        assert.ok(!shown.includes(secret.slice(0, 30)), shown)
        assert.ok(shown.includes('(hidden)'), shown)
      }
      assert.ok(!withoutSecrets(encodeURIComponent(secret)).includes(encodeURIComponent(secret).slice(0, 30)))
    }),
  )
  const jwt = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(40)}.${'c'.repeat(43)}`
  assert.equal(withoutSecrets(`Bearer ${jwt}`), 'Bearer (hidden)')
  assert.equal(withoutSecrets(`x ${'IQoJb3JpZ2luX2Vj'.padEnd(400, 'aZ9')} y`), 'x (hidden) y')
  assert.equal(withoutSecrets(`/pools/cadastre_${'x'.repeat(43)}/cidrs`), '/pools/(hidden)/cidrs')
})

test('identifiers, digests, CIDRs, names and sentences are left as they are', () => {
  const plain = [
    'ipam-pool-0a1b2c3d4e5f60718',
    createHash('sha1').update('x').digest('hex'),
    createHash('sha1').update('x').digest('hex').toUpperCase(),
    createHash('sha512').update('x').digest('hex'),
    '2001:db8:1234:5678:9abc:def0:1234:5678/128',
    'arn:aws:iam::111111111111:role/OrganizationAccountAccessRole',
    'cadastre_database_of_mine',
    'The parameter `Filter.1.Value.1` is not recognized.',
    'AKIAIOSFODNN7EXAMPLE',
    'a'.repeat(40),
    '/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/Net9/providers/Microsoft.Network',
    randomBytes(100).toString('base64url').replaceAll(/[^-_]/g, 'x'),
  ]
  for (const text of plain) assert.equal(withoutSecrets(text), text)
  assert.ok(!hasBearerToken('cadastre_database_of_mine') && hasBearerToken(`x cadastre_${'y'.repeat(43)}`))
})

test('D7 a megabyte that is made to be looked through is none in a refusal, and takes a moment', () => {
  for (const piece of ['cadastre_', 'eyJaaaaaaaa.', `IQoJ${'a'.repeat(90)}=`, '=aB3', '%2F']) {
    const before = process.cpuUsage()
    const shown = factsWithoutSecrets({ value: piece.repeat(Math.ceil(1_000_000 / piece.length)) })
    // Some 20 ms. What looks at every part of it again for every character would take minutes.
    assert.ok(process.cpuUsage(before).user < 2_000_000, piece)
    assert.ok(shown.value.length <= factCharactersMax + 1 && shown.value.endsWith('…'), piece)
  }
})

test('a refusal holds no token in any fact, however deep', () => {
  const token = `cadastre_${'x'.repeat(43)}`
  const facts = { code: 'NotFound', what: 'ipam-pool', id: token } as const
  assert.equal(new Refused(facts).refusal.code, 'NotFound')
  assert.ok(!JSON.stringify(new Refused(facts).refusal).includes(token))
  const deep = factsWithoutSecrets({ lines: [`a ${token}`], parties: [{ name: token, n: 1 }], none: undefined })
  assert.deepEqual(deep, { lines: ['a (hidden)'], parties: [{ name: '(hidden)', n: 1 }], none: undefined })
})
