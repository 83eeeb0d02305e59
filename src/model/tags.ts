// What tags may be, by the rules of EC2, and the prefix under which Cadastre keeps its own settings.

import type { Problem } from './problems/problem.ts'
import { hasControlCharacter } from './text.ts'

export interface Tag {
  readonly key: string
  readonly value: string
}

/** EC2: user tags per resource; `aws:` tags do not count. */
export const tagsMax = 50
export const keyCharactersMax = 128
export const valueCharactersMax = 256
/** Tags with this prefix are settings: `policy/tag-settings.ts` says what each means, and refuses those it does not know. */
export const settingsPrefix = 'cadastre:'

/** What a thing is called: whoever reads or writes this tag reads or writes its name. */
export const nameKey = 'Name'

export interface TagProblem {
  readonly key: string
  readonly problem: Problem
}

export const isSetting = (key: string): boolean => key.startsWith(settingsPrefix)

/** Keys and their values as a list of tags. */
export const tagsFrom = (values: Readonly<Record<string, string>> = {}): readonly Tag[] =>
  Object.entries(values).map(([key, value]) => ({ key, value }))

/** What is wrong with tags that a caller gives, in one call; undefined where nothing is. */
export function findTagProblem(tags: readonly Tag[]): TagProblem | undefined {
  const seen = new Set<string>()
  for (const { key, value } of tags) {
    const problem = keyProblem(key) ?? valueProblem(value)
    if (problem) return { key, problem }
    if (seen.has(key)) return { key, problem: { why: 'key-twice' } }
    seen.add(key)
  }
  return undefined
}

/** The tags that a resource has after a call; what is given replaces what stood under the same key. */
export function mergeTags(existing: readonly Tag[], given: readonly Tag[]): readonly Tag[] {
  const merged = new Map(existing.map(({ key, value }) => [key, value]))
  for (const { key, value } of given) merged.set(key, value)
  return [...merged].map(([key, value]) => ({ key, value }))
}

/** Whether a resource would have more tags than EC2 allows. */
export const hasTooManyTags = (tags: readonly Tag[]): boolean =>
  tags.filter(({ key }) => !isReserved(key)).length > tagsMax

/** What is wrong with a key; undefined where nothing is. */
export function keyProblem(key: string): Problem | undefined {
  if (key === '') return { why: 'empty-tag-key' }
  if (isReserved(key)) return { why: 'reserved-tag-key' }
  return lengthProblem('key', key, keyCharactersMax)
}

export const valueProblem = (value: string): Problem | undefined => lengthProblem('value', value, valueCharactersMax)

const isReserved = (key: string): boolean => key.slice(0, 4).toLowerCase() === 'aws:'

function lengthProblem(part: 'key' | 'value', text: string, charactersMax: number): Problem | undefined {
  const characters = [...text].length
  if (characters > charactersMax) return { why: 'long-tag', part, max: charactersMax, characters }
  return hasControlCharacter(text) ? { why: 'control-characters-in-tag', part } : undefined
}
