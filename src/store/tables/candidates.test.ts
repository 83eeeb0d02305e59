// How differences of a candidate are counted, many more of them than one statement looks at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyDatabase } from '../../../test/database.ts'
import { countedAtOnce, type DifferenceGroup, type GroupKey } from './candidates.ts'

const first: GroupKey = { account: '', resourceType: '', locale: '' }
const kinds = ['newly-denied', 'newly-allowed', 'other-pool', 'other'] as const

test('D3 differences are counted in parts, with turns for others, and counts, pages and spans are of all of them', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const rows = Array.from({ length: 2 * countedAtOnce + 7 }, (_, decision) => ({
    account: decision < countedAtOnce + 5 ? 'a' : decision % 3 === 0 ? 'b' : 'c',
    resourceType: decision % 1_000 === 0 ? 'vpc' : 'eip',
    decision,
    at: 1_000 + (decision % 977),
    kind: kinds[decision % kinds.length]!,
    isOrderOnly: decision % 8 === 7,
  }))
  try {
    for (let from = 0; from < rows.length; from += 500) {
      const values = rows
        .slice(from, from + 500)
        .map(
          (row) =>
            `(1, '${row.account}', '${row.resourceType}', 'l', ${row.decision}, ${row.at}, '${row.kind}', ${Number(row.isOrderOnly)})`,
        )
      await database.execute(
        `insert into candidate_difference (candidate, account, resource_type, locale, decision, at, kind, order_only) values ${values.join(', ')}`,
      )
    }
    const expected = (from: number, until: number): DifferenceGroup[] => {
      const inSpan = rows.filter(({ at }) => at >= from && at < until)
      const groups = Map.groupBy(inSpan, ({ account, resourceType }) => `${account} ${resourceType}`)
      return [...groups]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, own]) => {
          const [account = '', resourceType = ''] = key.split(' ')
          const countOf = (is: (row: (typeof rows)[number]) => boolean) => own.filter(is).length
          return {
            account,
            resourceType,
            locale: 'l',
            count: own.length,
            newlyDenied: countOf(({ kind }) => kind === 'newly-denied'),
            newlyAllowed: countOf(({ kind }) => kind === 'newly-allowed'),
            otherPool: countOf(({ kind }) => kind === 'other-pool'),
            otherOrder: countOf(({ isOrderOnly }) => isOrderOnly),
            other: countOf(({ kind, isOrderOnly }) => kind === 'other' && !isOrderOnly),
            firstAt: Math.min(...own.map(({ at }) => at)),
            lastAt: Math.max(...own.map(({ at }) => at)),
          }
        })
    }
    const read = (span: { from: number; until: number }, after = first, limit = 100) =>
      store.read((tx) => tx.candidates.differences(1, span, after, limit))
    for (const span of [
      { from: 0, until: 10_000 },
      { from: 1_000, until: 1_001 },
      { from: 1_100, until: 1_300 },
    ]) {
      const all = expected(span.from, span.until)
      assert.deepEqual(await read(span), all)
      let after = first
      for (const group of all) {
        assert.deepEqual(await read(span, after, 1), [group])
        after = group
      }
      assert.deepEqual(await read(span, after, 1), [])
    }
    let turns = 0
    await store.read(async (tx) => {
      const { nextTurn } = tx
      Object.defineProperty(tx, 'nextTurn', {
        configurable: true,
        value: () => {
          turns++
          return nextTurn.call(tx)
        },
      })
      await tx.candidates.differences(1, { from: 0, until: 10_000 }, first, 100)
      Reflect.deleteProperty(tx, 'nextTurn')
    })
    assert.equal(turns, 2)
  } finally {
    await store.close()
    await database.remove()
  }
})
