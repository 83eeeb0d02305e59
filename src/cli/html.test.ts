// Answers as pages to print: whole by themselves, and whatever stands in them is text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { htmlOf } from './html.ts'

const page = (name: string): string =>
  htmlOf({
    title: `compliance ${name}`,
    facts: { at: '2026-12-01T00:00:00.000Z', askedBy: name },
    columns: ['group', 'name', 'score', 'compliant'],
    rows: [
      { group: '333333333333', name, score: 99.9, compliant: 3 },
      { group: 'total', compliant: 3 },
    ],
  })

test('what others have written is text, wherever it stands', () => {
  const evil = `</title><script>alert(1)</script>"' onload=x &amp;`
  const text = page(evil)
  assert(!/<script/i.test(text))
  assert.equal(text.match(/<title>/g)?.length, 1)
  assert(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39; onload=x &amp;amp;'))
  assert(page('a\u202Eb\u0007').includes('a[U+202E]b[U+0007]'))
})

test('it needs nothing else, and runs nothing', () => {
  const text = page('shop')
  assert(!/https?:|src=|href=|url\(|@import|<script|javascript:/i.test(text))
  assert.match(text, /Content-Security-Policy" content="default-src 'none'/)
})

test('it is a whole page with one heading, a table with a caption, and headers that say what they are of', () => {
  const text = page('shop')
  const open: string[] = []
  for (const [, end, tag] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (tag === 'meta') continue
    if (end === '') open.push(tag!)
    else assert.equal(open.pop(), tag)
  }
  assert.deepEqual(open, [])
  assert.match(text, /^<!doctype html>\n<html lang="en">\n/)
  const countOf = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
  assert.deepEqual([countOf(/<h1>/g), countOf(/<main>/g), countOf(/<caption>2 rows<\/caption>/g)], [1, 1, 1])
  assert.deepEqual([countOf(/<th /g), countOf(/<th scope="col"/g), countOf(/<th scope="row"/g)], [6, 4, 2])
  // On paper the header is on every sheet, and no row is cut in two.
  assert.match(text, /@media print/)
  assert.match(text, /thead \{ display: table-header-group/)
  assert.match(text, /tr \{ break-inside: avoid/)
})

test('numbers stand to the right, and what is not there leaves its cell empty', () => {
  const text = page('shop')
  assert(text.includes('<td class="number">99.9</td>'))
  assert(text.includes('<th scope="row">total</th><td></td><td class="number"></td><td class="number">3</td>'))
  assert(text.includes('<dt>Asked by</dt><dd>shop</dd>'))
})
