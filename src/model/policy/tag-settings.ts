// Settings that the EC2 API has no parameter for: the vocabulary, and the superseded spelling as tags with the prefix `cadastre:`.

import { isAccountId, isTargetId } from '../organization.ts'
import type { Problem } from '../problems/problem.ts'
import { settingsPrefix, type Tag } from '../tags.ts'
import type { RuleCondition } from './document.ts'
import { builtInTypes, hasTypeShape, type Registry } from './resource-types.ts'
import { listOf, parseWhole } from './setting.ts'
import { forEachSetting, type SettingName, settingOf, type ToldOf } from './settings.ts'
import {
  type AssignmentKind,
  assignmentKindValues,
  type Compatibility,
  compatibilityValues,
  type Mode,
  modeValues,
} from './values.ts'

export type SettingCarrier = 'policy' | 'ipam' | 'pool'

/** What may follow the key: `/TYPE` or `/LOCALE/TYPE`; `/POOL` or `/LOCALE/TYPE/POOL`. The most specific wins. */
type Suffix = 'pair' | 'pool'

/** One word of the vocabulary, for the parser and for the docs. Its name is the field of the native API. */
interface Word<T, S extends Suffix | undefined = undefined> {
  /** Whose the field is in the native API. */
  readonly of: 'policy' | 'assignment' | 'document' | 'rule' | 'IPAM' | 'pool'
  /** What the field takes, where it is more than the tag's text. */
  readonly fieldAllowed?: string | undefined
  /** The tag key. */
  readonly key: string
  readonly suffix?: S
  readonly allowed: string
  readonly default: string
  readonly summary: string
  /** A tag's text; undefined where it is not allowed. */
  parse(text: string): T | undefined
}
export interface SettingWord extends Word<unknown, Suffix | undefined> {
  readonly field: string
  readonly on: SettingCarrier
}

/** A tag whose key or value is not in the vocabulary. */
export interface SettingProblem {
  readonly key: string
  readonly value: string
  readonly problem: Problem
}

/** Thirty days. */
export const quarantineSecondsMax = 2_592_000

/** The tag that speaks of a setting of documents. */
export function keyOfSetting(name: SettingName): string {
  return `cadastre:${settingOf(name).word}`
}

const oneOf = <T extends string>(values: readonly T[]) => ({
  allowed: listOf(values),
  parse: (text: string): T | undefined => values.find((value) => value === text),
})

const ofDocuments = forEachSetting((name, { summary, allowed, fieldAllowed, default: usual, parse }) => ({
  of: 'document',
  key: keyOfSetting(name),
  suffix: 'pair',
  ...{ summary, allowed, fieldAllowed, default: usual, parse },
})) as { readonly [N in SettingName]: Word<ToldOf<N>, 'pair'> & { readonly suffix: 'pair' } }

/** What the tags of each carrier can say: no other key with the prefix is taken there. */
const vocabulary = {
  policy: {
    compatibility: {
      of: 'policy',
      key: 'cadastre:compatibility',
      ...oneOf<Compatibility>(compatibilityValues),
      default: "the IPAM's `policyCompatibility`",
      summary: 'Whose semantics the policy has: strict ones, or exactly those of Amazon VPC IPAM.',
    },
    mode: {
      of: 'assignment',
      key: 'cadastre:mode',
      ...oneOf<Mode>(modeValues),
      default: '`enforce`',
      summary: 'The enforcement mode of an assignment. The tag is about all assignments of the policy at once.',
    },
    kind: {
      of: 'assignment',
      key: 'cadastre:assignment',
      ...oneOf<AssignmentKind>(assignmentKindValues),
      default: '`default`',
      summary:
        'The default for a target, or a final that everything below is narrowed by. The tag is about all assignments of the policy at once.',
    },
    ...ofDocuments,
    when: {
      of: 'rule',
      fieldAllowed: '`{"accounts": [ID], "organizationalUnits": [ID], "tags": [{"key": "env", "values": ["prod"]}]}`',
      key: 'cadastre:when',
      suffix: 'pool',
      allowed:
        '`account=ID,ID`, `ou=ID,ID` and `tag:KEY=VALUE,VALUE`, joined by `;`, such as `ou=ou-ab12-11111111;tag:env=prod`, or `always`',
      default: 'always',
      summary:
        'When the rule for a pool applies. All parts must hold. Tags are those of the account and the units above it, never of the request.',
      parse: (text: string): RuleCondition | 'always' | undefined => (text === 'always' ? text : parseCondition(text)),
    },
  },
  ipam: {
    policyCompatibility: {
      of: 'IPAM',
      key: 'cadastre:policy-compatibility',
      ...oneOf<Compatibility>(compatibilityValues),
      default: '`strict`',
      summary: 'The compatibility of policies that do not say.',
    },
    unmatched: {
      of: 'IPAM',
      key: 'cadastre:unmatched',
      ...oneOf(['provider', 'deny'] as const),
      default: '`provider`',
      summary: 'What a request gets where no document applies: provider space, or nothing outside policy.',
    },
  },
  pool: {
    quarantineSeconds: {
      of: 'pool',
      key: 'cadastre:quarantine-seconds',
      allowed: `a whole number from 0 to ${quarantineSecondsMax}`,
      default: "the server's setting",
      summary: 'How long released space rests before it is handed out again.',
      parse: (text: string) => parseWhole(text, quarantineSecondsMax),
    },
    sharedWith: {
      of: 'pool',
      fieldAllowed: 'a list of ids of accounts, organizational units or the root',
      key: 'cadastre:shared-with',
      allowed: 'ids of accounts, organizational units or the root, separated by spaces or commas',
      default: 'nobody',
      summary: 'Who else may use the pool.',
      parse: parseTargets,
    },
  },
} as const satisfies { readonly [C in SettingCarrier]: { readonly [name: string]: Word<unknown, Suffix | undefined> } }

type Vocabulary = typeof vocabulary
/** The tag that speaks of a field. */
export const keyOf = <C extends SettingCarrier>(on: C, field: keyof Vocabulary[C] & string): string =>
  (vocabulary[on] as { readonly [name: string]: Word<unknown, Suffix | undefined> })[field]!.key
export const settingWords: readonly SettingWord[] = (Object.keys(vocabulary) as SettingCarrier[]).flatMap((on) =>
  Object.entries<Word<unknown, Suffix | undefined>>(vocabulary[on]).map(([field, word]) => ({ ...word, field, on })),
)

/** What a tag says for some pairs: all where neither is given, a type in every locale, or exactly one pair. */
export interface Narrowed<T> {
  readonly locale?: string
  readonly resourceType?: string
  readonly value: T
}

type ToldBy<W> = W extends { readonly suffix: infer S; parse(text: string): infer T }
  ? readonly (Narrowed<NonNullable<T>> & (S extends 'pool' ? { readonly pool: string } : unknown))[]
  : W extends { parse(text: string): infer T }
    ? T | undefined
    : never
/** What the tags of a carrier say, by the names of the fields; what no tag says is undefined, or empty where there can be several. */
export type TagSettings<C extends SettingCarrier> = { readonly [N in keyof Vocabulary[C]]: ToldBy<Vocabulary[C][N]> }
export type PolicyTagSettings = TagSettings<'policy'>

export type Parsed<T> =
  | { readonly settings: T; readonly problem?: undefined }
  | { readonly problem: SettingProblem; readonly settings?: undefined }

/** The settings that the tags of a carrier make; other tags are left alone. */
export function settingsFromTags<C extends SettingCarrier>(on: C, tags: Iterable<Tag>): Parsed<TagSettings<C>> {
  const entries: Entry[] = []
  for (const { key, value } of tags) {
    if (!key.startsWith(settingsPrefix)) continue
    const entry = readTag(on, key, value)
    if ('problem' in entry) return { problem: { key, value, problem: entry.problem } }
    entries.push(entry)
  }
  const told = settingWords.flatMap((word) => {
    if (word.on !== on) return []
    const own = entries.filter((entry) => entry.word === word)
    return [[word.field, word.suffix === undefined ? own[0]?.value : own.map(narrowedOf)]]
  })
  return { settings: Object.fromEntries(told) as TagSettings<C> }
}

/** On a resource that carries no settings, no `cadastre:` tag is taken at all. */
export function findStraySetting(tags: Iterable<Tag>): SettingProblem | undefined {
  for (const { key, value } of tags) {
    if (key.startsWith(settingsPrefix)) return { key, value, problem: { why: 'has-no-settings' } }
  }
  return undefined
}

/** A tag for one pair goes before one for its type, and that before one for all. */
export function mostSpecific<T>(
  values: readonly Narrowed<T>[],
  { locale, resourceType }: { readonly locale: string; readonly resourceType: string },
): T | undefined {
  const fitting = values.filter(
    (value) =>
      (value.resourceType === undefined || value.resourceType === resourceType) &&
      (value.locale === undefined || value.locale === locale),
  )
  const weight = ({ locale, resourceType }: Narrowed<T>) =>
    (locale === undefined ? 0 : 2) + (resourceType === undefined ? 0 : 1)
  return fitting.toSorted((a, b) => weight(b) - weight(a))[0]?.value
}

interface Entry {
  readonly word: SettingWord
  readonly suffix: readonly string[]
  readonly value: unknown
}

function narrowedOf({ word, suffix, value }: Entry): Narrowed<unknown> & { readonly pool?: string } {
  const pair = word.suffix === 'pool' ? suffix.slice(0, -1) : suffix
  const pool = word.suffix === 'pool' ? { pool: suffix.at(-1)! } : {}
  return { ...pool, resourceType: pair.at(-1), locale: pair.at(-2), value }
}

/** Resource types and locales hold colons, so that `/` divides them; neither holds a `/`. */
function readTag(on: SettingCarrier, key: string, value: string): Entry | { readonly problem: Problem } {
  const [name, ...suffix] = key.split('/')
  const words = settingWords.filter((word) => word.on === on)
  const word = words.find((word) => word.key === name)
  if (!word) {
    return {
      problem: { why: 'no-such-setting', of: on, known: words.map(({ key }) => key) },
    }
  }
  const suffixProblem = suffixProblemOf(word, suffix)
  if (suffixProblem) return { problem: suffixProblem }
  const parsed = word.parse(value)
  return parsed === undefined
    ? { problem: { why: 'setting-takes', allowed: word.allowed } }
    : { word, suffix, value: parsed }
}

function suffixProblemOf(word: SettingWord, suffix: readonly string[]): Problem | undefined {
  if (suffix.includes('')) return { why: 'empty-part-of-key' }
  if (word.suffix === undefined) return suffix.length === 0 ? undefined : { why: 'not-narrowed' }
  if (word.suffix === 'pool') {
    const isWritten = (suffix.length === 1 || suffix.length === 3) && suffix.at(-1)!.startsWith('ipam-pool-')
    if (!isWritten) return { why: 'narrowed-by-pool', key: word.key }
  } else if (suffix.length > 2) {
    return { why: 'narrowed-by-pair', key: word.key }
  }
  const type = typeIn(word, suffix)
  return type === undefined || hasTypeShape(type) ? undefined : unknownType(type, builtInTypes)
}

const typeIn = (word: SettingWord, suffix: readonly string[]): string | undefined =>
  word.suffix === 'pool' ? suffix.at(-2) : suffix.at(-1)
const unknownType = (type: string, registry: Registry): Problem => ({
  why: 'no-resource-type',
  type,
  known: [...registry.keys()],
})

/** The first setting that is narrowed to a type that is not in the registry. What was put before a type went stays. */
export function findUnknownType(tags: Iterable<Tag>, registry: Registry): SettingProblem | undefined {
  for (const { key, value } of tags) {
    const [name, ...suffix] = key.split('/')
    const word = settingWords.find((word) => word.key === name)
    const type = word && typeIn(word, suffix)
    if (type !== undefined && !registry.has(type)) return { key, value, problem: unknownType(type, registry) }
  }
  return undefined
}

function parseTargets(text: string): readonly string[] | undefined {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '')
  return ids.length > 0 && ids.every(isTargetId) ? [...new Set(ids)] : undefined
}

function parseCondition(text: string): RuleCondition | undefined {
  let accounts: readonly string[] | undefined
  let organizationalUnits: readonly string[] | undefined
  const tags: { key: string; values: readonly string[] }[] = []
  for (const part of text.split(';')) {
    const at = part.indexOf('=')
    const name = part.slice(0, Math.max(at, 0)).trim()
    const values = part
      .slice(at + 1)
      .split(',')
      .map((value) => value.trim())
    if (at < 0 || values.includes('')) return undefined
    if (name === 'account' && !accounts && values.every(isAccountId)) accounts = values
    else if (name === 'ou' && !organizationalUnits && values.every((id) => isTargetId(id) && !isAccountId(id)))
      organizationalUnits = values
    else if (/^tag:./.test(name) && !tags.some(({ key }) => key === name.slice(4)))
      tags.push({ key: name.slice(4), values })
    else return undefined
  }
  return {
    ...(accounts && { accounts }),
    ...(organizationalUnits && { organizationalUnits }),
    ...(tags.length > 0 && { tags }),
  }
}
