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

test('numbers stand to the right, and what is not there leaves its cell empty', () => {
  const text = page('shop')
  assert(text.includes('<td class="number">99.9</td>'))
  assert(text.includes('<td>total</td><td></td><td class="number"></td><td class="number">3</td>'))
  assert(text.includes('<dt>Asked by</dt><dd>shop</dd>'))
})
