// Works that share a transaction, and what a failure among them leaves behind.
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { type Cidr, formatCidr, parseCidr } from '#model/cidr.ts'
import { emptyDatabase, type OpenOptions, type TestDatabase } from '../../test/database.ts'
import { allocationOf, insertPool } from '../../test/pool.ts'
import { Batches, type Engine, queueShareMax, queueSizeMax } from './batching.ts'
import type { KeptName, ReadTransaction, Store, Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'
import { checkSpace } from './upkeep/check.ts'
import { triedMsMax } from './writer-shares.ts'

const account = '111111111111'
const provisioned: Cidr = parseCidr('198.18.0.0/28')!
const token = new Uint8Array([1, 2, 3])

// A database, and stores on it ----------------------------------------------------------------------------------------

const databases: TestDatabase[] = []
const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close().catch(() => undefined)
  for (const database of databases.splice(0)) await database.remove()
})

/** Every transaction reads the clock once, and this one never says the same twice: `tx.now` tells transactions apart. */
function ticking(): () => number {
  let now = 0
  return () => ++now
}
async function open(database: TestDatabase, options: OpenOptions = {}): Promise<Store> {
  const store = await database.open({ clock: ticking(), ...options })
  stores.push(store)
  return store
}
/** For a queue that is full: on a machine that does much else, the last of it are not served within the usual deadline. */
const fullQueueMs = 120_000
async function newStore(options: OpenOptions = {}): Promise<{ store: Store; database: TestDatabase }> {
  const database = await emptyDatabase()
  databases.push(database)
  const store = await open(database, options)
  await store.write((tx) =>
    tx.organizations.insertAccount({
      id: account,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: 0,
    }),
  )
  return { store, database }
}
const newPool = (store: Store): Promise<number> => store.write((tx) => insertPool(tx, '1', [provisioned]))

// Works --------------------------------------------------------------------------------------------------------------

class Failed extends Error {}

const insertKey = (tx: Transaction, id: string): Promise<void> =>
  tx.accessKeys.insert(
    { id, account, arn: `arn:aws:iam::${account}:user/test`, userId: 'AIDATEST', secret: 's' },
    tx.now,
  )
const keysOf = (tx: ReadTransaction): Promise<string[]> =>
  tx.accessKeys.list(account).then((keys) => keys.map(({ id }) => id))
async function recordEntry(tx: Transaction, requestId: string, more: { token?: Uint8Array } = {}): Promise<number> {
  const n = tx.nextSequence()
  await tx.journal.record({
    n,
    at: tx.now,
    requestId,
    account,
    principal: `arn:aws:iam::${account}:user/test`,
    accessKeyId: 'AKIATEST',
    sourceAddress: '127.0.0.1',
    region: 'us-east-1',
    action: 'CreateTags',
    outcome: 'Success',
    subjects: [requestId],
    parameters: new Uint8Array(),
    result: `"${requestId}"`,
    ...more,
  })
  return n
}
async function takeAndRecord(tx: Transaction, pool: number, length: number): Promise<string> {
  const cidr = await tx.space.take(pool, 4, { length })
  assert(cidr)
  await tx.space.record(allocationOf(tx, pool, cidr, account))
  return formatCidr(cidr)
}
/** What another connection sees: the first column of every row. */
const rowsOf = async (database: TestDatabase, query: string): Promise<unknown[]> =>
  (await database.select(query)).map((row) => Object.values(row)[0])
/** Settles each; the reason where it was refused. */
async function outcomes(works: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(works)
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason))
}

describe('works that are queued together', () => {
  test('share one transaction, in the order in which they came, and the next ones have another', async () => {
    const { store, database } = await newStore()
    const keys = () => rowsOf(database, 'select id from access_key order by id')
    const insert = (id: string) =>
      store.write(async (tx) => {
        await insertKey(tx, id)
        return { now: tx.now, n: tx.nextSequence(), outside: await keys() }
      })
    const first = await Promise.all(['A', 'B', 'C'].map(insert))
    const between = await keys()
    const [next] = await Promise.all([insert('D')])
    assert.equal(new Set(first.map(({ now }) => now)).size, 1)
    const numbers = first.map(({ n }) => n)
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    )
    assert.deepEqual(
      first.map(({ outside }) => outside),
      [[], [], []],
      'nothing shows before all are done',
    )
    assert.deepEqual(between, ['A', 'B', 'C'])
    assert.notEqual(next!.now, first[0]!.now)
    assert.deepEqual(await keys(), ['A', 'B', 'C', 'D'])
  })

  test('are split where they are more than one transaction should hold', async () => {
    const { store } = await newStore()
    const nows = await Promise.all(Array.from({ length: 600 }, () => store.write(async (tx) => tx.now)))
    const sizes = [...Map.groupBy(nows, (now) => now).values()].map(({ length }) => length)
    assert.deepEqual(sizes, [256, 256, 88])
  })

  test('see what those before them did', async () => {
    const { store } = await newStore()
    const seen = await Promise.all(
      ['A', 'B', 'C'].map((id) =>
        store.write(async (tx) => {
          await insertKey(tx, id)
          return keysOf(tx)
        }),
      ),
    )
    assert.deepEqual(seen, [['A'], ['A', 'B'], ['A', 'B', 'C']])
  })

  test('are untouched by one that refuses before it changed anything: nobody runs twice', async () => {
    const { store, database } = await newStore()
    const runs: string[] = []
    const insert = (id: string) =>
      store.write(async (tx) => {
        runs.push(id)
        await insertKey(tx, id)
        return tx.now
      })
    const refuse = () =>
      store.write(async (tx) => {
        runs.push('refused')
        tx.nextSequence()
        await keysOf(tx)
        throw new Failed()
      })
    const [a, refused, b] = await outcomes([insert('A'), refuse(), insert('B')])
    assert.equal(a, b)
    assert(refused instanceof Failed)
    assert.deepEqual(runs, ['A', 'refused', 'B'])
    assert.deepEqual(await rowsOf(database, 'select id from access_key order by id'), ['A', 'B'])
  })

  test('I7 one that throws after a change loses it and its audit entry; the others run again and keep both', async () => {
    const { store, database } = await newStore()
    const runs: string[] = []
    const work = (id: string, fails = false) =>
      store.write(async (tx) => {
        runs.push(id)
        await recordEntry(tx, id)
        await insertKey(tx, id)
        if (fails) throw new Failed()
        return id
      })
    const [a, b, c] = await outcomes([work('A'), work('B', true), work('C')])
    assert.deepEqual([a, c], ['A', 'C'])
    assert(b instanceof Failed)
    assert.deepEqual(runs, ['A', 'B', 'A', 'B', 'C'])
    assert.deepEqual(await rowsOf(database, 'select id from access_key order by id'), ['A', 'C'])
    assert.deepEqual(await rowsOf(database, 'select request_id from audit_entry order by n'), ['A', 'C'])
    const whole = await rowsOf(database, 'select request_id from audit_entry a join origin o on o.n = a.origin')
    assert.equal(whole.length, 2, 'what the journal remembered was forgotten with the rows')
  })

  test('I7 one that is rolled back leaves what it records instead; the others keep theirs', async () => {
    const { store, database } = await newStore()
    const ends: string[] = []
    const keep = (id: string) =>
      store.write(async (tx) => {
        await insertKey(tx, id)
        return tx.now
      })
    const rollBack = (id: string, changes: boolean) =>
      store.write<number>(async (tx) => {
        if (changes) await insertKey(tx, id)
        return {
          async instead(own, isAnew) {
            ends.push(`${id} ${isAnew}`)
            await recordEntry(own, id)
            return own.now
          },
        }
      })
    const [a, b, c, d] = await Promise.all([keep('A'), rollBack('B', true), rollBack('C', false), keep('D')])
    assert.deepEqual(ends, ['B true', 'C false'])
    assert.equal(c, d, 'where nothing was changed, the record shares the transaction')
    assert.equal(new Set([a, b, c]).size, 3, 'each part of the batch is a transaction of its own')
    assert.deepEqual(await rowsOf(database, 'select id from access_key order by id'), ['A', 'D'])
    assert.deepEqual(await rowsOf(database, 'select request_id from audit_entry order by n'), ['B', 'C'])
  })

  test('I7 one whose record fails is told so, and nothing of it remains', async () => {
    const { store, database } = await newStore()
    for (const changes of [true, false]) {
      const failing = store.write<void>(async (tx) => {
        if (changes) await insertKey(tx, 'A')
        return {
          async instead(own) {
            await recordEntry(own, 'B')
            throw new Failed()
          },
        }
      })
      await assert.rejects(failing, Failed)
    }
    assert.deepEqual(await rowsOf(database, 'select id from access_key'), [])
    assert.deepEqual(await rowsOf(database, 'select request_id from audit_entry'), [])
  })

  test('I2 one that only took space and throws gives it back, though nothing of it was in a table yet', async () => {
    const { store } = await newStore()
    const pool = await newPool(store)
    const [a, b, c] = await outcomes([
      store.write((tx) => takeAndRecord(tx, pool, 32)),
      // Served from what is left of the block that the first one cut: no row is touched.
      store.write(async (tx) => {
        await tx.space.take(pool, 4, { length: 32 })
        throw new Failed()
      }),
      store.write((tx) => takeAndRecord(tx, pool, 32)),
    ])
    assert.deepEqual([a, c], ['198.18.0.0/32', '198.18.0.1/32'])
    assert(b instanceof Failed)
    assert.deepEqual((await checkSpace(store)).problems, [])
    const { allocated, free } = await store.read((tx) => tx.space.utilization(pool))
    assert.deepEqual({ allocated, free }, { allocated: 2n, free: 14n })
  })

  test('I2 one alone that took space and throws gives it back', async () => {
    const { store } = await newStore()
    const pool = await newPool(store)
    const taking = store.write(async (tx) => {
      for (const length of [32, 32, 30]) await tx.space.take(pool, 4, { length })
      throw new Failed()
    })
    await assert.rejects(taking, Failed)
    assert.deepEqual((await checkSpace(store)).problems, [])
    assert.equal(await store.write((tx) => takeAndRecord(tx, pool, 28)), '198.18.0.0/28')
  })

  test('I5 one token has one effect, also where a neighbour makes its first user run twice', async () => {
    const { store, database } = await newStore()
    const once = (id: string) =>
      store.write(async (tx) => {
        const use = await tx.tokens.find(token)
        if (use) return use.result
        await insertKey(tx, id)
        await tx.tokens.keep(token, await recordEntry(tx, id), tx.now)
        return `"${id}"`
      })
    const fail = () =>
      store.write(async (tx) => {
        await insertKey(tx, 'lost')
        throw new Failed()
      })
    const [first, , second] = await outcomes([once('A'), fail(), once('B')])
    assert.deepEqual([first, second], ['"A"', '"A"'])
    assert.deepEqual(await rowsOf(database, 'select id from access_key'), ['A'])
  })

  test('I5 a token whose first use was taken back is unused', async () => {
    const { store } = await newStore()
    const failing = store.write(async (tx) => {
      await tx.tokens.keep(token, await recordEntry(tx, 'lost'), tx.now)
      throw new Failed()
    })
    await assert.rejects(failing, Failed)
    assert.equal(await store.write((tx) => tx.tokens.find(token)), undefined)
  })

  test('a failed constraint is the fault of one, and stays its own', async () => {
    const { store } = await newStore()
    const insert = (id: string) => store.write((tx) => insertKey(tx, id))
    const [a, again, b] = await outcomes([insert('A'), insert('A'), insert('B')])
    assert.deepEqual([a, b], [undefined, undefined])
    assert.match(String(again), /UNIQUE constraint failed: access_key\.id|access_key_pkey/)
    assert.deepEqual(await store.read(keysOf), ['A', 'B'])
  })

  test('one more than may wait is told that the database is busy; those that wait are served', async () => {
    const { store } = await newStore({ deadlineMs: fullQueueMs })
    const waiting = Array.from({ length: 20_000 }, (_, index) => store.write(async () => index))
    await assert.rejects(
      store.write(async () => 'one more'),
      (error) => error instanceof StoreTrouble && /too many requests wait/.test(error.message) && !error.fatal,
    )
    assert.equal((await Promise.all(waiting)).length, 20_000)
  })
})

describe('a crowded queue', () => {
  test('D8 whoever fills half of the queue gets no more of it, and others still do', async () => {
    const { store } = await newStore({ deadlineMs: fullQueueMs })
    const ask = (sender: string) => store.write(async () => sender, { sender })
    const waiting = Array.from({ length: queueSizeMax / 2 }, () => ask('busy'))
    await assert.rejects(ask('busy'), (error) => error instanceof StoreTrouble && /of `busy` wait/.test(error.message))
    for (let n = 0; n < queueShareMax; n++) waiting.push(ask('another'))
    await assert.rejects(ask('another'), /of `another` wait/)
    waiting.push(ask('third'))
    assert.equal((await Promise.all(waiting)).at(-1), 'third')
    assert.equal(await ask('busy'), 'busy', 'once they were served')
  })

  test('D8 whoever asks once is not behind the crowd of another: one of each sender in turn', async () => {
    const { store } = await newStore()
    const served: string[] = []
    const ask = (sender: string) => store.write(async () => served.push(sender), { sender })
    const crowd = Array.from({ length: 2_000 }, () => ask('busy'))
    await Promise.all([...crowd, ask('other'), ask('other')])
    const places = served.flatMap((sender, place) => (sender === 'other' ? [place] : []))
    assert.deepEqual(places, [1, 3])
  })

  test('D8 one that takes back what it changed does not make the others commit apart, nor soon again', async () => {
    const { store } = await newStore()
    const ask = (sender: string, fails = false) =>
      store.write(
        async (tx) => {
          await insertKey(tx, `${sender}-${keys++}`)
          if (fails) throw new Failed()
          return tx.now
        },
        { sender },
      )
    let keys = 0
    const batchOf = async (fails: boolean) => {
      const before = Array.from({ length: 20 }, (_, n) => ask(`before-${n}`))
      const dry = ask('dry', fails)
      const after = Array.from({ length: 20 }, (_, n) => ask(`after-${n}`))
      await assert.rejects(dry, Failed)
      return [
        new Set(await Promise.all(before)).size,
        new Set(await Promise.all(after)).size,
        [...(await Promise.all(before)), ...(await Promise.all(after))],
      ] as const
    }
    const [before, after] = await batchOf(true)
    assert.deepEqual([before, after], [1, 1], 'two transactions: those before it, and those after it')
    const [, , moments] = await batchOf(true)
    assert.equal(new Set(moments).size, 1, 'it runs apart by now, and spoils nothing')
  })

  test('D8 what is only tried shares no transaction: nobody else, nor itself, runs twice for it', async () => {
    const { store } = await newStore()
    const runs = new Map<string, number>()
    const ask = (id: string, isTried: boolean) =>
      store.write(
        async (tx) => {
          runs.set(id, (runs.get(id) ?? 0) + 1)
          await insertKey(tx, id)
          if (isTried) throw new Failed()
          return tx.now
        },
        { sender: id, isTried },
      )
    const [first, tried, last] = [ask('first', false), ask('tried', true), ask('last', false)]
    await assert.rejects(tried, Failed)
    assert.equal(await first, await last, 'one transaction')
    assert.deepEqual([...runs].sort(), [
      ['first', 1],
      ['last', 1],
      ['tried', 1],
    ])
  })

  test('D8 while others wait, what is only tried rests for as long as it took', async () => {
    const { store } = await newStore()
    const order: string[] = []
    const tryLong = (sender: string) =>
      store
        .write(
          async (tx) => {
            order.push('tried')
            await insertKey(tx, sender)
            const until = performance.now() + 100
            while (performance.now() < until);
            throw new Failed()
          },
          { sender, isTried: true },
        )
        .catch((error: unknown) => assert(error instanceof Failed))
    let isOver = false
    /** Asks again as soon as it is answered. */
    const askOn = async (sender: string) => {
      while (!isOver) await store.write(async () => void order.push(sender), { sender })
    }
    const others = ['one', 'other'].map(askOn)
    await Promise.all([tryLong('a'), tryLong('b'), tryLong('c')])
    isOver = true
    await Promise.all(others)
    const tries = order.flatMap((what, at) => (what === 'tried' ? [at] : []))
    const between = tries.slice(1).map((at, n) => at - tries[n]! - 1)
    assert.equal(tries.length, 3)
    assert(
      between.every((count) => count >= 8),
      `as many others had their turn in between: ${between}`,
    )
  })

  test('what is only tried is done at once where nobody waits, and before the store is closed', async () => {
    const { store } = await newStore()
    const ask = (sender: string) => store.write(async () => sender, { sender, isTried: true })
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(ask)), ['a', 'b', 'c'])
    const waiting = ['a', 'b'].map(ask)
    await store.close()
    assert.deepEqual(await Promise.all(waiting), ['a', 'b'])
  })

  test('D8 whoever keeps others waiting with long work is refused more of it, before it is begun, and does all else', async () => {
    const { store } = await newStore({ workMsMax: 50 })
    let begun = 0
    const takeLong = async () => {
      begun++
      const until = performance.now() + 300
      while (performance.now() < until);
    }
    const refuse = (restMs: number) => new Failed(`rests for ${restMs} ms`)
    const lists = Array.from({ length: 8 }, () => store.write(takeLong, { sender: 'lists', isLong: true, refuse }))
    let isOver = false
    // Somebody else always waits.
    const allocate = async () => {
      while (!isOver) await store.write(async () => 'allocated', { sender: 'allocates' })
    }
    const others = [allocate(), allocate()]
    const answers = await outcomes(lists)
    const refused = answers.filter((answer) => answer instanceof Failed).length
    assert.equal(begun + refused, lists.length)
    assert(begun < 5, `${begun} were begun`)
    assert.equal(await store.write(async () => 'done', { sender: 'lists', refuse }), 'done', 'what is no list')
    isOver = true
    await Promise.all(others)
  })

  test('D8 what is only tried ends where others wait for long, and not where nobody does', async () => {
    const { store } = await newStore({ workMsMax: 50 })
    const refuse = () => new Failed('took too long')
    let isWhole = false
    const tryLong = async (other?: () => Promise<unknown>, isOfTop = () => false) => {
      let others: Promise<unknown> | undefined
      isWhole = false
      const asked = store.write(
        async (tx) => {
          others = other?.()
          const until = performance.now() + triedMsMax + 10
          while (performance.now() < until);
          await keysOf(tx)
          isWhole = true
        },
        { sender: 'tries', isTried: true, isOfTop, refuse },
      )
      await asked.finally(() => others)
    }
    const allocate = () => store.write(async () => 'allocated', { sender: 'allocates' })
    await tryLong()
    assert(isWhole)
    await tryLong(allocate, () => true)
    assert(isWhole, 'of whoever governs the top')
    await store.close()
    const again = await newStore({ workMsMax: 50 })
    const tried = again.store.write(
      async (tx) => {
        void again.store.write(async () => 'allocated', { sender: 'allocates' })
        const until = performance.now() + triedMsMax + 10
        while (performance.now() < until);
        await keysOf(tx)
      },
      { sender: 'tries', isTried: true, refuse },
    )
    await assert.rejects(tried, Failed)
  })

  test('D8 the first try of a server that has just begun ends, too, where there are others', async () => {
    let refuseLong: (() => void) | undefined
    const engine: Engine = {
      transaction: { changes: 0 } as Transaction,
      begin: () => undefined,
      commit: () => undefined,
      rollback: () => undefined,
      beginWork: (_isRequest, refuse) => {
        refuseLong = refuse
      },
      waitersElsewhere: async () => ({ waitedMs: 0, servers: 2 }),
      troubleOf: () => undefined,
      spoils: () => false,
      isConflict: () => false,
    }
    const batches = new Batches(engine, undefined, { workMsMax: 50 })
    const tried = batches.run(
      async () => {
        const until = performance.now() + triedMsMax + 10
        while (performance.now() < until);
        refuseLong?.()
        return 'whole'
      },
      { sender: 'tries', isTried: true, refuse: () => new Failed('took too long') },
    )
    await assert.rejects(tried, Failed)
  })

  test('L9 after a part of a batch whose outcome is not known nothing more is begun', async () => {
    const trouble = new StoreTrouble('io', 'the disk', { fatal: true })
    const begun: number[] = []
    let changes = 0
    const engine: Engine = {
      transaction: {
        get changes() {
          return changes
        },
      } as Transaction,
      begin: () => void begun.push(begun.length),
      commit: () => Promise.reject(trouble),
      rollback: () => undefined,
      troubleOf: (error) => (error === trouble ? trouble : undefined),
      spoils: () => false,
      isConflict: () => false,
    }
    const batches = new Batches(engine, undefined)
    const work = (fails: boolean) => async () => {
      changes++
      if (fails) throw new Failed()
    }
    const works = [false, true, false].map((fails) => batches.run(work(fails), { sender: `${fails}` }))
    for (const { status } of await Promise.allSettled(works)) assert.equal(status, 'rejected')
    assert.equal(begun.length, 2, 'the whole batch, and the part before the one that failed')
  })

  test('D8 work that takes long is cut off from its transaction, and who came meanwhile is in the next one', async () => {
    const { store } = await newStore({ workMsMax: 50 })
    const takeLong = (sender: string) =>
      store.write(
        async ({ now }) => {
          const until = performance.now() + 20
          while (performance.now() < until);
          return { sender, now }
        },
        { sender },
      )
    // All of them would be one transaction, by their number.
    const crowd = Array.from({ length: 20 }, () => takeLong('busy'))
    const other = await takeLong('other')
    const served = await Promise.all(crowd)
    assert(other.now <= served[0]!.now + 1, 'the first transaction, or the next')
    assert(served.at(-1)!.now > other.now, 'nobody is forgotten')
    const moments = served.map(({ now }) => now)
    assert.deepEqual(
      moments,
      moments.toSorted((a, b) => a - b),
      'those of one sender stay in their order',
    )
  })
})

describe('numbers and moments', () => {
  test('sequence numbers of a work that was rolled back are never drawn again', async () => {
    const { store } = await newStore()
    const drawn: number[] = []
    const draw = (id: string, fails: boolean) =>
      store.write(async (tx) => {
        drawn.push(tx.nextSequence(), tx.nextSequence())
        await insertKey(tx, id)
        if (fails) throw new Failed()
      })
    await outcomes([draw('A', false), draw('B', true), draw('C', false)])
    await outcomes([draw('D', true)])
    await outcomes([draw('E', false)])
    assert.equal(drawn.length, 14)
    assert.equal(new Set(drawn).size, drawn.length)
  })

  test('sequence numbers go on where they were after a restart', async () => {
    const { store, database } = await newStore()
    const before = await store.write(async (tx) => tx.nextSequence())
    await store.close()
    const again = await open(database)
    assert((await again.write(async (tx) => tx.nextSequence())) > before)
  })

  test('I4 an epoch of governance that was rolled back is drawn again, and nothing is kept of its first use', async () => {
    const { store } = await newStore()
    const rules: KeptName<string> = { name: 'rules' }
    const epochs: number[] = []
    const move = (text: string, fails: boolean) =>
      store.write(async (tx) => {
        await tx.moveGovernanceEpoch()
        epochs.push(tx.governanceEpoch)
        tx.keep(rules, text)
        assert.equal(tx.recall(rules), text)
        if (fails) throw new Failed()
      })
    const kept = () => store.read(async (tx) => [tx.governanceEpoch, tx.recall(rules)])
    await outcomes([move('rolled back', true)])
    assert.deepEqual(await kept(), [epochs[0]! - 1, undefined])
    await outcomes([move('committed', false)])
    assert.deepEqual(await kept(), [epochs[0]!, 'committed'])
    await outcomes([move('rolled back again', true)])
    assert.deepEqual(await kept(), [epochs[0]!, 'committed'])
    assert.deepEqual(epochs, [epochs[0]!, epochs[0]!, epochs[0]! + 1])
  })

  test('now never runs backwards when the clock does', async () => {
    const clock = [5_000, 9_000, 7_000, 1, 9_001]
    const { store } = await newStore({ clock: () => clock.shift() ?? 0 })
    const seen = []
    for (let i = 0; i < 3; i++) {
      seen.push(await store.write(async (tx) => tx.now), await store.read(async (tx) => tx.now))
    }
    assert.deepEqual(seen, [9_000, 9_000, 9_000, 9_001, 9_001, 9_001])
  })
})

describe('reading', () => {
  test('sees nothing of a transaction before it is committed', async () => {
    const { store } = await newStore()
    await store.write(async (tx) => {
      await insertKey(tx, 'A')
      assert.deepEqual(await store.read(keysOf), [])
    })
    assert.deepEqual(await store.read(keysOf), ['A'])
  })

  test('sees one state from its beginning to its end, whatever is written meanwhile', async () => {
    const { store } = await newStore()
    await store.write((tx) => insertKey(tx, 'A'))
    const seen = await store.read(async (tx) => {
      const before = await keysOf(tx)
      await store.write((writing) => insertKey(writing, 'B'))
      return [before, await keysOf(tx)]
    })
    assert.deepEqual(seen, [['A'], ['A']])
    assert.deepEqual(await store.read(keysOf), ['A', 'B'])
  })

  test('cannot change anything, and the next reading is none the worse', async () => {
    const { store } = await newStore()
    const pool = await newPool(store)
    const isRefused = (error: unknown) =>
      /attempt to write a readonly database|read-only transaction/.test(String(error))
    await assert.rejects(
      // The type has no such method; who gets around it meets the database.
      store.read((tx) => insertKey(tx as Transaction, 'A')),
      isRefused,
    )
    await assert.rejects(
      store.read((tx) => (tx as Transaction).space.take(pool, 4, { length: 32 })),
      isRefused,
    )
    assert.deepEqual(await store.read(keysOf), [])
    assert.deepEqual((await checkSpace(store)).problems, [])
  })
})

describe('closing', () => {
  test('waits for what is queued and refuses what comes later', async () => {
    const { store, database } = await newStore()
    const queued = Array.from({ length: 300 }, (_, index) => store.write((tx) => insertKey(tx, `K${index}`)))
    const reading = store.read(keysOf)
    await store.close()
    assert(!(await outcomes(queued)).some((one) => one instanceof Error))
    assert(Array.isArray(await reading))
    for (const late of [store.write(keysOf), store.read(keysOf)]) {
      await assert.rejects(
        late,
        (error) => error instanceof StoreTrouble && error.kind === 'unavailable' && /stopping/.test(error.message),
      )
    }
    assert.deepEqual(await rowsOf(database, 'select count(*) from access_key'), [300])
  })
})
