// What pages say of the command line: each command is one that there is, with flags that it takes.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CommandWords, commandWords, ownWords } from '#cli/commands.ts'
import { nativeCommands } from '#cli/native.generated.ts'
import { ownFlags } from '#cli/own-flags.ts'
import { collectWords } from '#collect/command.ts'
import { fileWords } from '#files/words.ts'

const app = join(import.meta.dirname, '../app')
const own = [...Object.keys(ownFlags), 'o']
/** The flags of each command, by its words: at the server and over the native API there are some of the same words. */
const flagsOf = new Map<string, Set<string>>()
const add = (words: string, flags: readonly { readonly flag: string }[] = []): void =>
  void flagsOf.set(words, new Set([...own, ...(flagsOf.get(words) ?? []), ...flags.map(({ flag }) => flag)]))
for (const { words, parameters } of nativeCommands) add(words, parameters)
for (const words of [commandWords, ownWords, fileWords].flatMap((each) => Object.values<CommandWords>(each)))
  add(words.words, words.options)
for (const { words, options } of collectWords) add(words, options)

/** Commands as they stand in texts and in JSX, with a word in place of what is filled in. */
function commandsIn(text: string): string[] {
  const found =
    text.match(
      /(?<=`)cadastre [a-z][^`]*(?=`)|(?<=')cadastre [a-z][^'\n]*(?=')|(?<=")cadastre [a-z][^"\n]*(?=")|(?<=>)cadastre [a-z][^<]*(?=<)/g,
    ) ?? []
  return found.map((command) =>
    command.replaceAll(/\$\{flagsOf\((?:[^{}]|\{[^{}]*\})*\)\}/g, '').replaceAll(/\$\{[^}]*\}/g, 'X'),
  )
}
const said = globSync('**/*.{ts,tsx}', { cwd: app }).flatMap((file) =>
  commandsIn(readFileSync(join(app, file), 'utf8')).map((command) => ({ file, command })),
)

test('each command that a page shows is one that there is, with flags that it takes', () => {
  const wrong = said.flatMap(({ file, command }) => {
    const parts = command.split(/\s+/).slice(1)
    const length = [3, 2, 1].find((count) => flagsOf.has(parts.slice(0, count).join(' ')))
    const at = `${file}: ${command}`
    if (length === undefined) return [at]
    const flags = flagsOf.get(parts.slice(0, length).join(' '))!
    const unknown = [...command.matchAll(/\s--?([a-z][a-z-]*)/g)].filter(([, flag]) => !flags.has(flag!))
    return unknown.map(([flag]) => `${at}: ${flag}`)
  })
  assert.deepEqual(wrong, [])
  assert(said.length > 30, `${said.length} are looked at`)
})
