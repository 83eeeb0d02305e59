// Settings that the EC2 API has no parameter for: the vocabulary, and the superseded spelling as tags with the prefix `cadastre:`.

import { isAccountId, isTargetId } from '../organization.ts'
import type { Problem } from '../problems/problem.ts'
import { settingsPrefix, type Tag } from '../tags.ts'
import type { RuleCondition } from './document.ts'
import { builtInTypes, hasTypeShape, type Registry } from './resource-types.ts'
import { listOf, parseWhole } from './setting.ts'
import { forEachSetting, type SettingName, settingNames, settingOf, type ToldOf } from './settings.ts'
import {
  type AssignmentKind,
  assignmentKindValues,
  type Compatibility,
  compatibilityValues,
  type Mode,
  modeValues,
} from './values.ts'

export type SettingCarrier = 'policy' | 'ipam' | 'pool'

/** One word of the vocabulary, for the parser and for the docs. */
export interface SettingWord {
  /** The field of the native API, and whose it is there. */
  readonly field: string
  readonly of: 'policy' | 'assignment' | 'document' | 'rule' | 'IPAM' | 'pool'
  /** What the field takes, where it is more than the tag's text. */
  readonly fieldAllowed?: string
  /** The tag key. */
  readonly key: string
  readonly on: SettingCarrier
  /** What may follow the key, if anything: `/TYPE` or `/LOCALE/TYPE`; `/POOL` or `/LOCALE/TYPE/POOL`. The most specific wins. */
  readonly suffix?: 'pair' | 'pool'
  readonly allowed: string
  readonly default: string
  readonly summary: string
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

/** The whole vocabulary: no other key with the prefix is taken. */
export const settingWords: readonly SettingWord[] = [
  {
    field: 'compatibility',
    of: 'policy',
    key: 'cadastre:compatibility',
    on: 'policy',
    allowed: listOf(compatibilityValues),
    default: "the IPAM's `policyCompatibility`",
    summary: 'Whose semantics the policy has: strict ones, or exactly those of Amazon VPC IPAM.',
  },
  {
    field: 'mode',
    of: 'assignment',
    key: 'cadastre:mode',
    on: 'policy',
    allowed: listOf(modeValues),
    default: '`enforce`',
    summary: 'The enforcement mode of an assignment. The tag is about all assignments of the policy at once.',
  },
  {
    field: 'kind',
    of: 'assignment',
    key: 'cadastre:assignment',
    on: 'policy',
    allowed: listOf(assignmentKindValues),
    default: '`default`',
    summary:
      'The default for a target, or a final that everything below is narrowed by. The tag is about all assignments of the policy at once.',
  },
  ...settingNames.map((field): SettingWord => {
    const { summary, allowed, fieldAllowed, default: usual } = settingOf(field)
    const key = keyOfSetting(field)
    return { field, of: 'document', key, on: 'policy', suffix: 'pair', summary, allowed, fieldAllowed, default: usual }
  }),
  {
    field: 'when',
    of: 'rule',
    fieldAllowed: '`{"accounts": [ID], "organizationalUnits": [ID], "tags": [{"key": "env", "values": ["prod"]}]}`',
    key: 'cadastre:when',
    on: 'policy',
    suffix: 'pool',
    allowed:
      '`account=ID,ID`, `ou=ID,ID` and `tag:KEY=VALUE,VALUE`, joined by `;`, such as `ou=ou-ab12-11111111;tag:env=prod`, or `always`',
    default: 'always',
    summary:
      'When the rule for a pool applies. All parts must hold. Tags are those of the account and the units above it, never of the request.',
  },
  {
    field: 'policyCompatibility',
    of: 'IPAM',
    key: 'cadastre:policy-compatibility',
    on: 'ipam',
    allowed: listOf(compatibilityValues),
    default: '`strict`',
    summary: 'The compatibility of policies that do not say.',
  },
  {
    field: 'unmatched',
    of: 'IPAM',
    key: 'cadastre:unmatched',
    on: 'ipam',
    allowed: '`provider`, `deny`',
    default: '`provider`',
    summary: 'What a request gets where no document applies: provider space, or nothing outside policy.',
  },
  {
    field: 'quarantineSeconds',
    of: 'pool',
    key: 'cadastre:quarantine-seconds',
    on: 'pool',
    allowed: `a whole number from 0 to ${quarantineSecondsMax}`,
    default: "the server's setting",
    summary: 'How long released space rests before it is handed out again.',
  },
  {
    field: 'sharedWith',
    of: 'pool',
    fieldAllowed: 'a list of ids of accounts, organizational units or the root',
    key: 'cadastre:shared-with',
    on: 'pool',
    allowed: 'ids of accounts, organizational units or the root, separated by spaces or commas',
    default: 'nobody',
    summary: 'Who else may use the pool.',
  },
]

/** What a tag says for some pairs: all where neither is given, a type in every locale, or exactly one pair. */
export interface Narrowed<T> {
  readonly locale?: string
  readonly resourceType?: string
  readonly value: T
}

export type DocumentTagSettings = { readonly [N in SettingName]: readonly Narrowed<ToldOf<N>>[] }

export interface PolicyTagSettings extends DocumentTagSettings {
  readonly compatibility?: Compatibility
  readonly mode?: Mode
  readonly assignment?: AssignmentKind
  readonly when: readonly (Narrowed<RuleCondition | 'always'> & { readonly pool: string })[]
}

/** What no tag says is absent. */
export interface IpamTagSettings {
  readonly policyCompatibility?: Compatibility
  readonly unmatched?: 'provider' | 'deny'
}

export interface PoolTagSettings {
  readonly quarantineSeconds?: number
  readonly sharedWith?: readonly string[]
}

export type Parsed<T> =
  | { readonly settings: T; readonly problem?: undefined }
  | { readonly problem: SettingProblem; readonly settings?: undefined }

/** The settings that a policy's tags make; other tags are left alone. */
export function policySettingsFromTags(tags: Iterable<Tag>): Parsed<PolicyTagSettings> {
  const read = readTags('policy', tags)
  if (read.problem) return read
  const of = read.settings
  return {
    settings: {
      compatibility: of.single('cadastre:compatibility') as Compatibility | undefined,
      mode: of.single('cadastre:mode') as Mode | undefined,
      assignment: of.single('cadastre:assignment') as AssignmentKind | undefined,
      ...(forEachSetting((name) => of.narrowed(keyOfSetting(name))) as DocumentTagSettings),
      when: of.byPool('cadastre:when') as PolicyTagSettings['when'],
    },
  }
}

/** The settings that an IPAM's tags make. */
export function ipamSettingsFromTags(tags: Iterable<Tag>): Parsed<IpamTagSettings> {
  const read = readTags('ipam', tags)
  if (read.problem) return read
  const of = read.settings
  return {
    settings: {
      policyCompatibility: of.single('cadastre:policy-compatibility') as Compatibility | undefined,
      unmatched: of.single('cadastre:unmatched') as IpamTagSettings['unmatched'],
    },
  }
}

/** The settings that a pool's tags make. */
export function poolSettingsFromTags(tags: Iterable<Tag>): Parsed<PoolTagSettings> {
  const read = readTags('pool', tags)
  if (read.problem) return read
  const of = read.settings
  return {
    settings: {
      quarantineSeconds: of.single('cadastre:quarantine-seconds') as number | undefined,
      sharedWith: of.single('cadastre:shared-with') as readonly string[] | undefined,
    },
  }
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

interface ReadTags {
  single(key: string): unknown
  narrowed(key: string): readonly Narrowed<unknown>[]
  byPool(key: string): readonly (Narrowed<unknown> & { readonly pool: string })[]
}

interface Entry {
  readonly word: SettingWord
  readonly suffix: readonly string[]
  readonly value: unknown
}

function readTags(on: SettingCarrier, tags: Iterable<Tag>): Parsed<ReadTags> {
  const entries: Entry[] = []
  for (const { key, value } of tags) {
    if (!key.startsWith(settingsPrefix)) continue
    const entry = readTag(on, key, value)
    if ('problem' in entry) return { problem: { key, value, problem: entry.problem } }
    entries.push(entry)
  }
  const under = (key: string) => entries.filter(({ word }) => word.key === key)
  return {
    settings: {
      single: (key) => under(key)[0]?.value,
      narrowed: (key) =>
        under(key).map(({ suffix, value }) => ({ resourceType: suffix.at(-1), locale: suffix.at(-2), value })),
      byPool: (key) =>
        under(key).map(({ suffix, value }) => ({
          pool: suffix.at(-1)!,
          resourceType: suffix.at(-2),
          locale: suffix.at(-3),
          value,
        })),
    },
  }
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
  const parsed = parseValue(word, value)
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

const oneOf =
  (values: readonly string[]) =>
  (text: string): string | undefined =>
    values.includes(text) ? text : undefined

/** By the key; undefined for a value that is not allowed. */
const parsers: { readonly [key: string]: (text: string) => unknown } = {
  'cadastre:compatibility': oneOf(compatibilityValues),
  'cadastre:mode': oneOf(modeValues),
  'cadastre:assignment': oneOf(assignmentKindValues),
  ...Object.fromEntries(
    settingNames.map((name) => [keyOfSetting(name), (text: string) => settingOf(name).parse(text)]),
  ),
  'cadastre:when': (text) => (text === 'always' ? text : parseCondition(text)),
  'cadastre:policy-compatibility': oneOf(compatibilityValues),
  'cadastre:unmatched': oneOf(['provider', 'deny']),
  'cadastre:quarantine-seconds': (text) => parseWhole(text, quarantineSecondsMax),
  'cadastre:shared-with': parseTargets,
}

const parseValue = (word: SettingWord, text: string): unknown => parsers[word.key]!(text)

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
