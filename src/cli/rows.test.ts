// Lines of files as people and programs write them, and what is wrong with one by its number.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stopped } from './exit-codes.ts'
import { rowsIn } from './rows.ts'

const kinds = {
  name: 'string',
  length: 'integer',
  isSpare: 'boolean',
  tags: 'map',
  names: 'list',
  hold: 'json',
} as const
const read = (text: string) => rowsIn(text, kinds).map(({ line, value }) => [line, value])

test('JSON lines, a JSON array and comma-separated values say the same', () => {
  const first = { name: 'a', length: 24 }
  const second = { name: 'b' }
  assert.deepEqual(read('{"name":"a","length":24}\n\n{"name":"b"}\n'), [
    [1, first],
    [3, second],
  ])
  assert.deepEqual(read('[{"name":"a","length":24},{"name":"b"}]'), [
    [1, first],
    [2, second],
  ])
  assert.deepEqual(read('name,length\na,24\nb,\n'), [
    [2, first],
    [3, second],
  ])
  assert.deepEqual(read('\ufeffname,length\r\na,24\r\n\r\nb,\r\n'), [
    [2, first],
    [4, second],
  ])
})

test('cells are what their members are; quotes hold commas, quotes and ends of lines', () => {
  const text = 'name,length,isSpare,tags,names,hold\n"x, ""y""\nz",1,true,a=b;c=d=e,1;2,"{""seconds"":1}"\nlast,2,,,,\n'
  assert.deepEqual(read(text), [
    [
      2,
      {
        name: 'x, "y"\nz',
        length: 1,
        isSpare: true,
        tags: { a: 'b', c: 'd=e' },
        names: ['1', '2'],
        hold: { seconds: 1 },
      },
    ],
    [4, { name: 'last', length: 2 }],
  ])
})

test('what is wrong is told with its line', () => {
  const cases: [string, RegExp][] = [
    ['', /no lines/],
    ['name\n', /no lines/],
    ['{"name":"a"}\n{"name":\n', /^Line 2: /],
    ['[{]', /^The list: /],
    ['nme\na\n', /^Line 1: there is no `nme`; there are name, length/],
    ['name,length\na,24\nb\n', /^Line 3: 1 cells, where line 1 has 2\.$/],
    ['name,length\na,x\n', /^Line 2: length: a whole number/],
    ['name,isSpare\na,yes\n', /^Line 2: isSpare: true or false/],
    ['name,tags\na,b\n', /^Line 2: tags: KEY=VALUE/],
    ['name,hold\na,b\n', /^Line 2: hold: /],
    ['name\na"b"\n', /^Line 2: a quote/],
  ]
  for (const [text, message] of cases) {
    assert.throws(
      () => read(text),
      (error) => error instanceof Stopped && message.test(error.message),
      text,
    )
  }
})
