// What a transaction takes over before it begins.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Memory } from './memory.ts'
import { PostgresSql } from './postgres/engine.ts'
import { createSealer } from './sealer.ts'
import { type Loaded, Nouns } from './transaction.ts'

const loaded: Loaded = {
  installation: 'a1b2c',
  sequence: 1,
  governanceEpoch: 1,
  keyEpoch: 1,
  rulingEpoch: 0,
  governanceHeld: 0,
  history: 0,
  newestN: null,
  newestEntryAt: null,
  newestRequestId: null,
  asked: null,
}

test('L4 the end of a key that a failover lost does not pass for another one that came after it', () => {
  const nouns = new Nouns(new PostgresSql(), createSealer(randomBytes(32)), new Memory())
  const epochs = [
    { keyEpoch: 1, place: '1' },
    { keyEpoch: 2, place: '1' },
    { keyEpoch: 2, place: '2' },
    { keyEpoch: 12, place: '1' },
    { keyEpoch: 2, place: '11' },
  ].map((moved) => {
    nouns.start()
    nouns.load({ ...loaded, ...moved })
    return nouns.keyEpoch
  })
  assert.equal(new Set(epochs).size, epochs.length)
})

/** The nouns' methods that write, by the text of their files: `#sql.run(`, `#sql.later(`, the definition of a table, or rows with Regions. */
function writersIn(text: string): readonly [className: string, method: string][] {
  return [...text.matchAll(/^export class (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)].flatMap(([, name, body]) =>
    [...body!.matchAll(/^ {2}(?:async )?(\w+)(?:<[^>]*>)?\([\s\S]*?^ {2}\}$/gm)].flatMap(
      ([method, called]): [string, string][] =>
        /#sql\.(?:run|later)\(|\w+Table\.(?:insert|change)\(|#rows\.(?:insert|update|delete)\(/.test(method)
          ? [[name!, called!]]
          : [],
    ),
  )
}

test('whatever writes is listed as what a reading does not have', () => {
  const sample =
    'export class A {\n  read() {\n    return 1\n  }\n  async put(a: string) {\n    await this.#sql.run(a)\n  }\n}\n'
  assert.deepEqual(writersIn(sample), [['A', 'put']])
  const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8')
  // `vpcs = new Vpcs(`: whose methods the classes are.
  const nouns = new Map(
    [...read('transaction.ts').matchAll(/readonly (\w+) = new (\w+)\(/g)].map(([, noun, name]) => [name!, noun!]),
  )
  nouns.set('Space', 'space').set('Tokens', 'tokens')
  const listed = new Set(
    [...read('store.ts').matchAll(/^ {2}(\w+):((?:\s*\|?\s*'\w+')+)$/gm)].flatMap(([, noun, names]) =>
      [...names!.matchAll(/'(\w+)'/g)].map(([, name]) => `${noun}.${name}`),
    ),
  )
  const writers = globSync('tables/*.ts', { cwd: import.meta.dirname })
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => writersIn(read(path)))
    .flatMap(([name, method]) => (nouns.has(name) ? [`${nouns.get(name)}.${method}`] : []))
  assert.ok(writers.length > 50, String(writers.length))
  assert.deepEqual(
    writers.filter((writer) => !listed.has(writer)),
    [],
  )
  // What is listed and was renamed since would be a method that a reading has.
  const methods = new Set(
    globSync('tables/*.ts', { cwd: import.meta.dirname }).flatMap((path) =>
      [...read(path).matchAll(/^ {2}(?:async )?(\w+)(?:<[^>]*>)?\(/gm)].map(([, name]) => name!),
    ),
  )
  assert.deepEqual(
    [...listed].filter((name) => !methods.has(name.split('.')[1]!)),
    [],
  )
})
