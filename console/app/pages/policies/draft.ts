// A document as somebody writes it: its text, and the same as values, or what keeps the text from being any.
import type { Schemas } from '../../api/client.ts'
import type { Document } from './document-words.ts'

export type When = NonNullable<Schemas['PolicyRule']['when']>
export interface DraftRule {
  readonly poolId: string
  readonly when?: When
}
/** Netmask lengths, of which some may not be written yet. */
export type DraftSize = { readonly [N in 'min' | 'default' | 'max']?: number }
export interface Draft {
  readonly rules: readonly DraftRule[]
  readonly onExplicit?: Document['onExplicit']
  readonly onExhausted?: Document['onExhausted']
  readonly size?: DraftSize
  readonly sizeIpv6?: DraftSize
  readonly requiredTags?: Document['requiredTags']
}

export const emptyDraft: Draft = { rules: [] }
/** Without its place, which stands in the address. */
export const draftOf = ({ locale: _, resourceType: __, ...draft }: Document): Draft => draft
export const textOf = (draft: Draft): string => JSON.stringify(draft, null, 2)
/** What is sent: the server says what is wrong with it. */
export const bodyOf = (draft: Draft) => draft as unknown as Schemas['PutPolicyDocumentRequest']

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isListOf = (value: unknown, isOne: (one: Readonly<Record<string, unknown>>) => boolean): boolean =>
  Array.isArray(value) && value.every((one) => isObject(one) && isOne(one))
const isText = (value: unknown): boolean => typeof value === 'string'
const isTexts = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every(isText))
const isWhen = (value: unknown): boolean =>
  value === undefined ||
  (isObject(value) &&
    isTexts(value.accounts) &&
    isTexts(value.organizationalUnits) &&
    (value.tags === undefined || isListOf(value.tags, ({ key, values }) => isText(key) && isTexts(values))))
const isSize = (value: unknown): boolean =>
  value === undefined || (isObject(value) && Object.values(value).every((length) => typeof length === 'number'))

/** Only what the fields beside it cannot show is a problem here: what else is wrong the server says. */
export function readDraft(text: string): { readonly draft: Draft } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: `This is not JSON: ${(error as Error).message}.` }
  }
  if (!isObject(value)) return { problem: 'An object is expected: { "rules": […] }.' }
  if (!isListOf(value.rules, ({ poolId, when }) => isText(poolId) && isWhen(when)))
    return { problem: '"rules" is a list of { "poolId": "…", "when": {…} }.' }
  if (!isSize(value.size) || !isSize(value.sizeIpv6))
    return { problem: 'A size is { "min": 24, "default": 26, "max": 28 }.' }
  if (value.requiredTags !== undefined && !isListOf(value.requiredTags, ({ key }) => isText(key)))
    return { problem: '"requiredTags" is a list of { "key": "…", "value": "…" }.' }
  return { draft: value as unknown as Draft }
}

// Lists in one line --------------------------------------------------------------------------------------------------

const parts = (text: string, separator: string): string[] =>
  text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
const pairOf = (part: string): [string, string | undefined] => {
  const at = part.indexOf('=')
  return at < 0 ? [part, undefined] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
}
/** `team, stage=production`. */
export const requiredTagsIn = (text: string): Document['requiredTags'] =>
  parts(text, ',').map((part) => {
    const [key, value] = pairOf(part)
    return value === undefined ? { key } : { key, value }
  })
/** `stage=production|test, tier=gold`. */
export const tagsIn = (text: string): NonNullable<When['tags']> =>
  parts(text, ',').map((part) => {
    const [key, value = ''] = pairOf(part)
    return { key, values: parts(value, '|') }
  })
export const tagsAsText = (tags: When['tags'] = []): string =>
  tags.map(({ key, values }) => `${key}=${values.join('|')}`).join(', ')

/** Without what says nothing. */
export function whenOf({ accounts = [], organizationalUnits = [], tags = [] }: When): When | undefined {
  const when = {
    ...(accounts.length > 0 ? { accounts } : {}),
    ...(organizationalUnits.length > 0 ? { organizationalUnits } : {}),
    ...(tags.length > 0 ? { tags } : {}),
  }
  return Object.keys(when).length > 0 ? when : undefined
}
