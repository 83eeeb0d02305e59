// Versions of the history that were kept before it had words of our own: read, they say what is kept of the same object now.
import assert from 'node:assert/strict'
import { inPresentWords } from '#store/tables/history-before.ts'

/** @param before the text that was kept */
export function assertSaysSame(kind: string, kept: object, before: string): void {
  const now = asKept(kept)
  assert.deepEqual(asKept(inPresentWords(kind, JSON.parse(before))), now)
  assert.deepEqual(asKept(inPresentWords(kind, now)), now, 'what is kept now is read as it is')
  assert.doesNotMatch(JSON.stringify({ ...now, tags: {} }), /"[A-Z]\w*":/)
}
const asKept = (body: object): Record<string, unknown> => JSON.parse(JSON.stringify(body))
