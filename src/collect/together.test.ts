// Listings that run at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from './together.ts'

async function* tasksOf<T>(...tasks: (() => AsyncGenerator<T>)[]) {
  yield* tasks
}
async function* values<T>(...all: T[]): AsyncGenerator<T> {
  yield* all
}
async function allOf<T>(from: AsyncGenerator<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}

test('what all yield comes, each in its own order, and no more run at once than may', async () => {
  for (const atOnce of [1, 2, 5]) {
    let running = 0
    let most = 0
    const tasks = Array.from(
      { length: 7 },
      (_, task) =>
        async function* () {
          most = Math.max(most, ++running)
          for (let at = 0; at < task; at++) yield [task, at] as const
          running--
        },
    )
    const all = await allOf(together(tasksOf(...tasks), atOnce))
    assert.equal(all.length, 21)
    for (let task = 0; task < 7; task++)
      assert.deepEqual(
        all.filter(([from]) => from === task).map(([, at]) => at),
        Array.from({ length: task }, (_, at) => at),
      )
    assert(most <= atOnce && (atOnce === 1 || most > 1), `${most} of ${atOnce}`)
  }
})

test('one that waits holds no other up', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  async function* slow(): AsyncGenerator<string> {
    await promise
    yield 'slow'
  }
  const all: string[] = []
  for await (const one of together(
    tasksOf(slow, () => values('a', 'b')),
    2,
  )) {
    all.push(one)
    if (one === 'b') resolve()
  }
  assert.deepEqual(all, ['a', 'b', 'slow'])
})

test('the first that throws ends all of them, and each closes what it has opened', async () => {
  const closed: string[] = []
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) yield 'more'
    } finally {
      closed.push('endless')
    }
  }
  async function* failing(): AsyncGenerator<string> {
    yield 'one'
    throw new Error('it fails')
  }
  await assert.rejects(allOf(together(tasksOf(endless, failing), 2)), /it fails/)
  assert.deepEqual(closed, ['endless'])
  // Whoever stops reading ends them too.
  for await (const _ of together(tasksOf(endless), 2)) break
  assert.deepEqual(closed, ['endless', 'endless'])
})

test('what gives the tasks may fail itself', async () => {
  async function* broken(): AsyncGenerator<() => AsyncGenerator<string>> {
    yield () => values('a')
    throw new Error('no more tasks')
  }
  await assert.rejects(allOf(together(broken(), 4)), /no more tasks/)
})
