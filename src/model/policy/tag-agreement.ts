// Fields and their superseded tags, kept in step: a tag that changes moves the fields that it speaks of, a field that
// changes rewrites the tags that say otherwise (docs/decisions/0016).

import { keyProblem, type Tag, valueProblem } from '../tags.ts'
import { type AllocationRule, canonicalCondition, type PolicyDocument, type RuleCondition } from './document.ts'
import {
  followingSettings,
  initialSettings,
  type PolicySettings,
  type SettingName,
  settingNames,
  settingOf,
  settingsFrom,
} from './settings.ts'
import { mostSpecific, type PolicyTagSettings, settingsFromTags } from './tag-settings.ts'
import type { Compatibility } from './values.ts'

interface Pair {
  readonly locale: string
  readonly resourceType: string
}

/** A document as the EC2 API writes its pools: what it said before stays, and what is new is what the tags say. */
export function ruledBy(
  pair: Pair,
  pools: readonly string[],
  {
    before,
    tags,
    compatibility,
  }: {
    readonly before?: PolicyDocument
    readonly tags: PolicyTagSettings
    readonly compatibility: Compatibility
  },
): PolicyDocument {
  const known = new Map(before?.rules.map((rule) => [rule.pool, rule]))
  const rules = pools.map(
    (pool): AllocationRule => known.get(pool) ?? ruleOf(pool, conditionTold(tags, pair, pool) ?? 'always'),
  )
  if (before) return { ...before, rules }
  const empty = { ...pair, settings: initialSettings(compatibility), rules }
  return followTags(empty, { before: nothingTold, after: tags, compatibility })
}

/** A document after the tags of its policy, or the policy's compatibility, have changed. */
export function followTags(
  document: PolicyDocument,
  {
    before,
    after,
    compatibility,
  }: {
    readonly before: PolicyTagSettings
    readonly after: PolicyTagSettings
    readonly compatibility: Compatibility
  },
): PolicyDocument {
  const { settings, rules, said = [] } = document
  /** What a tag says now; the default where one spoke and is gone; else what is there. */
  const moved = <T>(read: (tags: PolicyTagSettings) => T | undefined, kept: T, otherwise: T): T =>
    read(after) ?? (read(before) === undefined ? kept : otherwise)
  const saidStill = said.filter((name) => toldOf(after, document, name) === toldOf(before, document, name))
  const { said: _, ...rest } = document
  return {
    ...rest,
    settings: settingsFrom((name, setting) => {
      const initial = setting.initial(compatibility)
      const told = (tags: PolicyTagSettings) => toldOf(tags, document, name)
      const kept = settings[name]
      if (followingSettings.includes(name)) return told(after) ?? (saidStill.includes(name) ? kept : initial)
      return setting.fromTold(moved(told, setting.toTold(kept), setting.toTold(initial)))
    }),
    rules: rules.map(({ pool, when }) =>
      ruleOf(
        pool,
        moved((tags) => conditionTold(tags, document, pool), when ?? 'always', 'always'),
      ),
    ),
    ...(saidStill.length > 0 ? { said: saidStill } : {}),
  }
}

/** Whether values of the settings that follow the compatibility were said, as one can tell from the document alone. */
export const saidIn = (settings: PolicySettings, compatibility: Compatibility): readonly SettingName[] =>
  followingSettings.filter((name) => settings[name] !== initialSettings(compatibility)[name])

export interface TagChanges {
  readonly put: readonly Tag[]
  /** Keys. */
  readonly removed: readonly string[]
}

/**
 * What must become of a policy's tags so that none says otherwise than the document: its own tag is rewritten, or taken
 * away where nothing else speaks; beside a tag that speaks of others too it gets one of its own. A tag that would have to
 * say what tags cannot is a problem.
 */
export function tagsInLine(
  tags: readonly Tag[],
  document: PolicyDocument,
): TagChanges | { readonly problem: { readonly key: string; readonly value: string } } {
  const put: Tag[] = []
  const removed: string[] = []
  const { locale, resourceType, settings, rules } = document
  const requests: readonly Params[] = [
    ...settingNames.map((name) => {
      const setting = settingOf(name)
      const wanted = setting.toTold(settings[name])
      return {
        word: setting.word,
        wanted: setting.comparable(wanted),
        spelled: setting.spell(wanted),
        told: (told: PolicyTagSettings) => textIn(toldOf(told, document, name), (value) => setting.comparable(value)),
      }
    }),
    ...rules.map(({ pool, when = 'always' as const }) => ({
      word: 'when',
      pool,
      wanted: textOfCondition(when),
      spelled: spellCondition(when),
      told: (told: PolicyTagSettings) => textIn(conditionTold(told, document, pool), textOfCondition),
    })),
  ]
  for (const { word, pool, wanted, spelled, told } of requests) {
    const said = told(settingsIn(tags))
    if (said === undefined || said === wanted) continue
    const key = [`cadastre:${word}`, locale, resourceType, ...(pool === undefined ? [] : [pool])].join('/')
    const others = told(settingsIn(tags.filter((tag) => tag.key !== key)))
    if (others === undefined || others === wanted) {
      removed.push(key)
      continue
    }
    const tag = { key, value: spelled }
    const { settings: read } = settingsFromTags('policy', [tag])
    const isSayable = !keyProblem(key) && !valueProblem(spelled) && read && told(read) === wanted
    if (!isSayable) return { problem: tag }
    put.push(tag)
  }
  return { put, removed }
}

/** One setting of the document: what is wanted and what tags say of it as texts to compare, and how a tag would spell it. */
interface Params {
  readonly word: string
  readonly pool?: string
  readonly wanted: string
  readonly spelled: string
  told(tags: PolicyTagSettings): string | undefined
}

const nothingTold: PolicyTagSettings = settingsFromTags('policy', []).settings!

/** Tags are checked before they are put, so that those of a policy always parse. */
const settingsIn = (tags: readonly Tag[]): PolicyTagSettings => settingsFromTags('policy', tags).settings!

const toldOf = (tags: PolicyTagSettings, pair: Pair, name: SettingName): unknown =>
  mostSpecific<unknown>(tags[name], pair)

const conditionTold = ({ when }: PolicyTagSettings, pair: Pair, pool: string): RuleCondition | 'always' | undefined =>
  mostSpecific(
    when.filter((one) => one.pool === pool),
    pair,
  )

const ruleOf = (pool: string, when: RuleCondition | 'always'): AllocationRule =>
  when === 'always' ? { pool } : { pool, when }

// As texts ----------------------------------------------------------------------------------------------------------

const textIn = <T>(value: T | undefined, textOf: (value: T) => string): string | undefined =>
  value === undefined ? undefined : textOf(value)
const textOfCondition = (when: RuleCondition | 'always'): string =>
  when === 'always' ? when : JSON.stringify(canonicalCondition(when))

function spellCondition(when: RuleCondition | 'always'): string {
  if (when === 'always') return when
  const parts = [
    ...(when.accounts ? [`account=${when.accounts.join(',')}`] : []),
    ...(when.organizationalUnits ? [`ou=${when.organizationalUnits.join(',')}`] : []),
    ...(when.tags ?? []).map(({ key, values }) => `tag:${key}=${values.join(',')}`),
  ]
  return parts.join(';')
}
