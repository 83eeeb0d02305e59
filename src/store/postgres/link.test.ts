// What is read from a database's URL, what is refused in its settings, and that no message gives a password away.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreTrouble } from '../trouble.ts'
import { checkSettings, connect, parseTarget } from './link.ts'
import { translate, translateMany } from './sql.ts'

test('a URL names several hosts, addresses in brackets and percent-encoded words', () => {
  assert.deepEqual(
    parseTarget('postgres://us%3Aer:p%40ss@db1,[2001:db8::1]:6432/my%20db?sslmode=require&schema=ipam'),
    {
      hosts: [
        { host: 'db1', port: 5432 },
        { host: '2001:db8::1', port: 6432 },
      ],
      user: 'us:er',
      password: 'p@ss',
      database: 'my db',
      schema: 'ipam',
      tls: 'require',
      rootCertificate: undefined,
    },
  )
})

test('TLS with a checked name is the default, except on this machine', () => {
  const tlsOf = (url: string) => {
    const target = parseTarget(url)
    return typeof target === 'string' ? target : target.tls
  }
  assert.equal(tlsOf('postgres://u@db.example.com/x'), 'verify-full')
  assert.equal(tlsOf('postgres://u@127.0.0.1,db.example.com/x'), 'verify-full')
  assert.equal(tlsOf('postgres://u@127.0.0.1,localhost/x'), 'disable')
})

test('what is not understood is told of, without the password', () => {
  for (const url of [
    'postgres://u:s3cret@db',
    'postgres://:s3cret@db/x',
    'postgres://u:s3cret@db:port/x',
    'postgres://u:s3cret@db/x?sslmode=prefer',
    'postgres://u:s3cret@db/x?schema=Robert"',
    'postgres://u:s3cret@db/x?target_session_attrs=any',
    'postgres://u:s3cret@db/x?options=-c',
  ]) {
    const problem = parseTarget(url)
    assert.equal(typeof problem, 'string', url)
    assert.doesNotMatch(String(problem), /s3cret/)
  }
})

test('a host that does not answer is named, its password is not', async () => {
  const target = parseTarget('postgres://u:s3cret@127.0.0.1:1/x')
  assert.ok(typeof target !== 'string')
  await assert.rejects(connect({ target, isHighlyAvailable: false, deadlineMs: 50 }), (error: unknown) => {
    assert.ok(error instanceof StoreTrouble)
    assert.match(error.message, /127\.0\.0\.1:1/)
    assert.doesNotMatch(error.message, /s3cret/)
    return error.kind === 'unavailable' && !error.fatal
  })
})

const safe = {
  server_version_num: '180004',
  recovery: 'false',
  transaction_read_only: 'off',
  server_encoding: 'UTF8',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  synchronous_standby_names: '',
}
test('settings that could lose what was acknowledged are refused, one by one', () => {
  const problemOf = (changed: Partial<typeof safe>, isHighlyAvailable = false): string => {
    try {
      checkSettings(new Map(Object.entries({ ...safe, ...changed })), { isHighlyAvailable })
      return ''
    } catch (error) {
      assert.ok(error instanceof StoreTrouble)
      return error.message
    }
  }
  assert.equal(problemOf({}), '')
  assert.equal(problemOf({ server_version_num: '150000' }), '')
  assert.match(problemOf({ server_version_num: '140012' }), /15 to 18/)
  assert.match(problemOf({ server_version_num: '190000' }), /15 to 18/)
  assert.match(problemOf({ recovery: 'true' }), /takes no writes/)
  assert.match(problemOf({ transaction_read_only: 'on' }), /takes no writes/)
  assert.match(problemOf({ server_encoding: 'LATIN1' }), /UTF8/)
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit'] as const)
    assert.match(problemOf({ [name]: 'off' }), new RegExp(`\`${name}\` is off`))
  assert.match(problemOf({}, true), /`synchronous_standby_names` is empty/)
  assert.match(problemOf({ synchronous_standby_names: 'b', synchronous_commit: 'local' }, true), /`local`/)
  assert.equal(problemOf({ synchronous_standby_names: 'b' }, true), '')
})

test('a statement needs what waits for its tables, and a change also what its rows refer to', () => {
  assert.deepEqual(translate('select n from pool where id = ? and n > ?'), {
    ...translate('select n from pool where id = ? and n > ?'),
    text: 'select n from pool where id = $1 and n > $2',
    needs: ['pool'],
  })
  const { needs } = translate('insert into address_association (allocation) values (?)')
  assert.deepEqual(needs, ['address_association', 'allocation'])
})

test('rows that wait are sent as arrays of the types of their columns; what cannot wait is our mistake', () => {
  const { text } = translateMany('insert into free_block (pool, ord, first) values (?, ?, ?)')
  assert.equal(
    text,
    'insert into free_block (pool, ord, first) select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])',
  )
  const gone = translateMany('delete from quarantine where pool = ? and first = ?')
  assert.match(gone.text, /^with gone as \(delete from quarantine using unnest\(\$1::bigint\[\], \$2::bytea\[\]\)/)
  assert.throws(() => translateMany('delete from free_block where pool = 1'))
  assert.throws(() => translateMany('delete from free_block where pool = ? or ord = ?'))
  assert.throws(() => translateMany('insert into free_block (pool, ord, first) values (?, 1, ?)'))
})
