// Words as requests: each parameter in its place, read as what it is, and refused by its name where it is something else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Given, type NativeRequest, requestOf, withMoments } from './arguments.ts'
import type { NativeCommand, NativeParameter } from './native-command.ts'

const parameter = (name: string, where: NativeParameter['where'], kind: NativeParameter['kind']): NativeParameter => ({
  name,
  where,
  kind,
  flag: name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  isRequired: false,
  description: '',
})
const command: NativeCommand = {
  name: 'putThing',
  words: 'thing put',
  summary: '',
  method: 'PUT',
  path: '/things/{thingId}/parts/{locale}',
  isWrite: true,
  isRepeatable: true,
  isPaged: false,
  hasMessages: false,
  parameters: [
    parameter('thingId', 'path', 'string'),
    parameter('locale', 'path', 'string'),
    parameter('limit', 'query', 'integer'),
    parameter('isLatest', 'query', 'boolean'),
    parameter('size', 'body', 'integer'),
    parameter('isOpen', 'body', 'boolean'),
    parameter('names', 'body', 'list'),
    parameter('tags', 'body', 'map'),
    parameter('resourceRules', 'body', 'json'),
  ],
}
const files: Readonly<Record<string, string>> = { '-': '[1]', 'rules.json': '{"a":[2]}' }
const request = (given: Given): Promise<NativeRequest> => requestOf(command, given, async (source) => files[source]!)
const path = { thingId: 'a/b', locale: 'azure:west europe' }

test('every parameter stands where the operation has it', async () => {
  assert.deepEqual(
    await request({
      ...path,
      limit: '10',
      isLatest: true,
      size: '24',
      isOpen: false,
      names: ['x', 'y'],
      tags: ['team=net', 'note=a=b', 'empty='],
      resourceRules: '@rules.json',
    }),
    {
      method: 'PUT',
      path: '/things/a%2Fb/parts/azure%3Awest%20europe',
      query: { limit: '10', isLatest: 'true' },
      body: {
        size: 24,
        isOpen: false,
        names: ['x', 'y'],
        tags: { team: 'net', note: 'a=b', empty: '' },
        resourceRules: { a: [2] },
      },
    },
  )
})

test('what is not given is not sent; JSON comes from the words, a file or the standard input', async () => {
  assert.deepEqual((await request(path)).body, {})
  assert.deepEqual((await request({ ...path, resourceRules: '-' })).body, { resourceRules: [1] })
  assert.deepEqual((await request({ ...path, resourceRules: 'null' })).body, { resourceRules: null })
  const reading = { ...command, parameters: command.parameters.filter(({ where }) => where !== 'body') }
  assert.equal((await requestOf(reading, path, async () => '')).body, undefined)
})

test('what is to be none is said to be none', async () => {
  const nullable = { ...parameter('note', 'body', 'string'), isNullable: true }
  const clearing = { ...command, parameters: [...command.parameters, nullable] }
  const { body } = await requestOf(clearing, { ...path, note: false, names: false, tags: false }, async () => '')
  assert.deepEqual(body, { note: null, names: [], tags: {} })
})

test('a value that is something else is refused by its flag, before anything is asked', async () => {
  const wrong: readonly [Given, RegExp][] = [
    [{ limit: 'many' }, /`--limit`: `many`: a whole number is expected/],
    [{ size: '1.5' }, /`--size`: `1.5`/],
    [{ tags: ['team'] }, /`--tags`: `team`: KEY=VALUE is expected/],
    [{ tags: ['a=1', 'a=2'] }, /`--tags`: `a`: the key stands there twice/],
    [{ resourceRules: '{x' }, /`--resource-rules`: `{x`: JSON, `@FILE` or `-` is expected/],
  ]
  for (const [given, expected] of wrong) {
    await assert.rejects(request({ ...path, ...given }), (error: Error & { ending?: string }) => {
      assert.match(error.message, expected)
      return error.ending === 'wrongWords'
    })
  }
})

test('a moment counts back in the query and ahead in the body, and is refused by its flag with what was meant', () => {
  const moments: NativeCommand = {
    ...command,
    parameters: [parameter('from', 'query', 'moment'), parameter('expiresAt', 'body', 'moment')],
  }
  const clock = { now: Date.parse('2026-03-28T12:00:00.000Z'), zone: 'Europe/Berlin' }
  assert.deepEqual(withMoments(moments, { from: '1d', expiresAt: '1d', other: 'x' }, clock), {
    from: '2026-03-27T12:00:00.000Z',
    expiresAt: '2026-03-29T12:00:00.000Z',
    other: 'x',
  })
  assert.throws(
    () => withMoments(moments, { expiresAt: 'tomorrow 02:30' }, clock),
    /^Stopped: `--expires-at`: `tomorrow 02:30`: in Europe\/Berlin there is no 02:30 .* did you mean .*\?$/,
  )
})
