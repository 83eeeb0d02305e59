// What all collectors have in common.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { collectWords } from './command.ts'
import { collectors } from './table.ts'

test('each collector has a word of its own, and options that are told apart', () => {
  const kinds = collectors.map(({ kind }) => kind)
  assert.deepEqual(kinds, [...new Set(kinds)].sort())
  // Together with those of the command: `--url` is the server.
  for (const { words, options = [] } of collectWords) {
    const flags = options.map(({ flag }) => flag)
    assert.deepEqual(flags, [...new Set(flags)], words)
    for (const flag of flags) assert.match(flag, /^[a-z-]+$/, words)
  }
})

test('each collector says what it must be permitted, and no permission writes', () => {
  for (const { kind, rights } of collectors) {
    assert.notEqual(rights.words, '', kind)
    if (!rights.document) continue
    const { language, text } = rights.document
    const documents = language === 'json' ? [JSON.parse(text)] : parseAllDocuments(text).map((one) => one.toJS())
    assert(documents.length > 0 && documents.every((one) => typeof one === 'object' && one !== null), kind)
    // Permissions of Azure end with what they allow, those of Google Cloud too, and those of Kubernetes are verbs.
    // AWS calls all of them actions, whatever they do; `aws.test.ts` reads them one by one.
    const words = JSON.stringify(documents)
      .replaceAll('"Action":', '')
      .match(/\b(write|create|update|patch|delete|set[A-Z]\w*|action|manage|use|secrets|\*)\b/gi)
    assert.equal(words, null, kind)
  }
})

test('no option is a password, which whoever lists processes would see', () => {
  for (const { kind, options } of collectors)
    assert(
      options.every(({ flag }) => !/token|password|secret|key/.test(flag)),
      kind,
    )
})
