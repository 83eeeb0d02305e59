// What one request may do to a store: how much it changes, how much rested space it frees, and what others do meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { emptyDatabase, type TestDatabase } from '../../test/database.ts'
import { allocationOf, insertPool } from '../../test/pool.ts'
import type { Store, Transaction } from './store.ts'
import { sweptPerRequestMax } from './tables/resting.ts'
import { changesPerListMax, changesPerRequestMax, lookedThroughPerRequestMax } from './transaction.ts'

interface Opened {
  readonly store: Store
  /** Writes as a request does. */
  request<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  advance(ms: number): void
}

async function withStore(work: (opened: Opened) => Promise<void>): Promise<void> {
  const database: TestDatabase = await emptyDatabase()
  let now = 1_000_000
  const store = await database.open({ clock: () => now })
  try {
    await work({
      store,
      request: (asked) => store.write(asked, { sender: 'user:somebody' }),
      advance(ms) {
        now += ms
      },
    })
  } finally {
    await store.close()
    await database.remove()
  }
}
const refusalOf = (work: Promise<unknown>): Promise<Refusal> =>
  work.then(
    () => assert.fail('it is refused'),
    (error: unknown) => {
      if (error instanceof Refused) return error.refusal
      throw error
    },
  )
const tagged = { id: 'eipalloc-1', type: 'elastic-ip', account: '111111111111' }
/** Changes so many rows. PostgreSQL looks through all versions that a transaction made of a row: that of one would be slow. */
const change = (tx: Transaction, rows: number, id = tagged.id): Promise<void> =>
  tx.tags.put(
    { ...tagged, id },
    Array.from({ length: rows }, (_, count) => ({ key: `key ${count}`, value: 'changed' })),
  )

test('a request that changes more rows than the bound is refused whole, and others of its batch are not', () =>
  withStore(async ({ store, request }) => {
    const beside = store.write((tx) => tx.tags.put({ ...tagged, id: 'eipalloc-2' }, [{ key: 'key', value: 'beside' }]))
    const refusal = await refusalOf(request((tx) => change(tx, changesPerRequestMax + 1)))
    assert.partialDeepStrictEqual(refusal, { code: 'LimitExceeded', limit: changesPerRequestMax })
    await beside
    const [large, small] = await store.read(async (tx) => [
      await tx.tags.of('eipalloc-1'),
      await tx.tags.of('eipalloc-2'),
    ])
    assert.deepEqual(large, [])
    assert.deepEqual(
      small!.map(({ value }) => value),
      ['beside'],
    )
  }))

test('a list of changes of governance may change more rows than other requests, up to a bound of its own', () =>
  withStore(async ({ request }) => {
    const list = (rows: number) =>
      request(async (tx) => {
        tx.beginList()
        tx.expectChanges(rows)
      })
    await list(changesPerListMax)
    assert.partialDeepStrictEqual(await refusalOf(list(changesPerListMax + 1)), {
      code: 'LimitExceeded',
      limit: changesPerListMax,
    })
    const next = await refusalOf(request(async (tx) => tx.expectChanges(changesPerRequestMax + 1)))
    assert.partialDeepStrictEqual(next, { code: 'LimitExceeded', limit: changesPerRequestMax })
  }))

test('D7 a request that looks through more than the bound is refused, whatever it looks at, and what follows is not', () =>
  withStore(async ({ store, request }) => {
    const statements = async (tx: Transaction): Promise<void> => {
      for (let count = 0; count <= lookedThroughPerRequestMax; count++) await tx.tags.ownerOf('vpc', 'vpc-1')
    }
    await store.write((tx) => change(tx, 2_000))
    const rows = async (tx: Transaction): Promise<void> => {
      for (let count = 0; count <= lookedThroughPerRequestMax / 2_000; count++) await tx.tags.of(tagged.id)
    }
    const steps = async (tx: Transaction): Promise<void> => {
      for (let count = 0; count <= lookedThroughPerRequestMax / 50; count++) await tx.nextTurn()
    }
    for (const work of [statements, rows, steps]) {
      const beside = request((tx) => tx.tags.put({ ...tagged, id: 'eipalloc-2' }, [{ key: 'key', value: work.name }]))
      const refusal = await refusalOf(request(work))
      assert.partialDeepStrictEqual(refusal, {
        code: 'LimitExceeded',
        limit: lookedThroughPerRequestMax,
        isOfRequest: true,
      })
      await beside
      // A refusal is put on record by the work that was refused, and each request begins anew.
      const answer = await request(async (tx) => ({
        instead: async () => (await tx.tags.of(tagged.id)).length,
      }))
      assert.equal(answer, 2_000)
      assert.equal((await request((tx) => tx.tags.of('eipalloc-2')))[0]?.value, work.name)
    }
    // What is read for everybody, and kept, is nobody's.
    await request((tx) => tx.forAll(() => rows(tx)))
  }))

test('the bound is of each request, not of those that share a transaction', () =>
  withStore(async ({ store, request }) => {
    const half = Math.ceil(changesPerRequestMax * 0.6)
    await Promise.all([request((tx) => change(tx, half)), request((tx) => change(tx, half, 'eipalloc-2'))])
    assert.equal((await store.read((tx) => tx.tags.of(tagged.id))).length, half)
  }))

test('a request frees no more rested space than the bound, and finds it free once the rest has been freed', () =>
  withStore(async ({ store, advance }) => {
    const cidr = parseCidr('10.0.0.0/20')!
    const pool = await store.write((tx) => insertPool(tx, 'rested', [cidr]))
    await store.write(async (tx) => {
      for (let count = 0; count < sweptPerRequestMax + 100; count++) {
        const taken = (await tx.space.take(pool, 4, { length: 32 }))!
        const allocation = allocationOf(tx, pool, taken, tagged.account)
        await tx.space.record(allocation)
        await tx.space.release(allocation, tx.now + 1_000, { tags: new Map(), association: undefined })
      }
    })
    advance(2_000)
    const take = () => store.write((tx) => tx.space.take(pool, 4, { length: 20 }))
    assert.equal((await refusalOf(take())).code, 'Unavailable')
    // As the job does that frees it.
    await store.write((tx) => tx.resting.end(500))
    assert.deepEqual(await take(), cidr)
  }))

test('requests that run one by one after one of their sender failed let others have their turn in between', () =>
  withStore(async ({ store }) => {
    let turns = 0
    let immediate = setImmediate(function onTurn() {
      turns++
      immediate = setImmediate(onTurn)
    })
    const at: number[] = []
    const write = (index: number) =>
      store.write(
        async (tx) => {
          await tx.tags.put({ ...tagged, id: `eipalloc-${index}` }, [{ key: 'key', value: 'value' }])
          if (index < 2) throw new Refused({ code: 'MissingParameter', field: 'all' })
          at[index] = turns
        },
        { sender: 'sender' },
      )
    await Promise.allSettled([write(0), write(1)])
    const works = Array.from({ length: 20 }, (_, index) => write(index + 2))
    await Promise.allSettled(works)
    clearImmediate(immediate)
    const last = at.slice(2)
    assert.equal(new Set(last).size, last.length, `each had a turn of its own: ${last}`)
  }))

test('a reading ends once whoever asked is gone, and others go on', () =>
  withStore(async ({ store }) => {
    await store.write((tx) => change(tx, 1))
    const asker = { destroyed: false }
    let read = 0
    const reading = store.read(
      async (tx) => {
        for (let count = 0; count < 1_000; count++) {
          await tx.tags.of(tagged.id)
          read++
          if (count === 9) asker.destroyed = true
        }
      },
      undefined,
      undefined,
      asker,
    )
    const other = store.read((tx) => tx.tags.of(tagged.id))
    assert.equal((await refusalOf(reading)).code, 'Unavailable')
    assert.equal(read, 10)
    assert.equal((await other).length, 1)
    // Nothing is begun for one that was gone before its turn.
    const begun = store.read(async () => assert.fail('nobody waits for it'), undefined, undefined, asker)
    assert.equal((await refusalOf(begun)).code, 'Unavailable')
  }))

test('D8 who reads long on all connections keeps nobody from reading', () =>
  withStore(async ({ store, request }) => {
    await request((tx) => change(tx, 1))
    let isOver = false
    let begun = 0
    let ended = 0
    const readLong = async (sender: string): Promise<void> => {
      await store.read(
        async (tx) => {
          begun++
          // Without end, but for a bound that says that nobody was served.
          for (let steps = 0; !isOver && steps < 20_000; steps++) {
            await tx.tags.of(tagged.id)
            if (steps % 100 === 0) await tx.nextTurn()
          }
        },
        undefined,
        sender,
      )
      ended++
    }
    const long = ['one', 'two', 'three'].flatMap((sender) => Array.from({ length: 3 }, () => readLong(sender)))
    while (begun < 4) await new Promise((resolve) => setImmediate(resolve))
    const brief = Array.from({ length: 20 }, (_, index) =>
      store.read((tx) => tx.tags.of(tagged.id), undefined, index % 2 === 0 ? 'other' : undefined),
    )
    assert.equal((await Promise.all(brief)).length, 20)
    assert.equal(ended, 0)
    isOver = true
    await Promise.all(long)
  }))

test('what an interrupted reading had begun beside itself ends with it', () =>
  withStore(async ({ store, request }) => {
    await request((tx) => change(tx, 1))
    let isOver = false
    let begun = 0
    let interrupted = 0
    let late = 0
    const readLong = (sender: string) =>
      store.read(
        async (tx) => {
          begun++
          let isGone = false
          const steps = async () => {
            for (let step = 0; !isOver && step < 2_000; step++) {
              const isLate = isGone
              await tx.tags.of(tagged.id)
              if (isLate) late++
            }
          }
          await Promise.all(Array.from({ length: 10 }, steps)).catch((error: unknown) => {
            isGone = true
            interrupted++
            throw error
          })
        },
        undefined,
        sender,
      )
    const long = ['one', 'two', 'three', 'four'].map(readLong)
    while (begun < 4) await new Promise((resolve) => setImmediate(resolve))
    for (let n = 0; n < 20; n++) await store.read((tx) => tx.tags.of(tagged.id), undefined, 'other')
    isOver = true
    await Promise.all(long)
    assert(interrupted > 0)
    assert.equal(late, 0)
  }))

test('what is asked together while a turn is waited for is answered in its order', () =>
  withStore(async ({ store }) => {
    const order: number[] = []
    await store.read(async (tx) => {
      const asked = Array.from({ length: 2_000 }, async (_, index) => {
        await tx.tags.of(`eipalloc-${index}`)
        order.push(index)
      })
      await Promise.all(asked)
    })
    assert.deepEqual(
      order,
      Array.from({ length: 2_000 }, (_, index) => index),
    )
  }))
