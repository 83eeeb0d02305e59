// What one version of a policy says otherwise than another.

import { joinKey } from '../key.ts'
import { type AllocationRule, canonicalText, type PolicyDocument } from './document.ts'
import { type SettingName, settingNames } from './settings.ts'
import { type Compatibility, compareTexts } from './values.ts'

interface Content {
  readonly compatibility: Compatibility
  readonly documents: readonly PolicyDocument[]
}

export interface DocumentChange {
  readonly locale: string
  readonly resourceType: string
  /** The one before; absent where there was none. */
  readonly from?: PolicyDocument
  /** The one after; absent where there is none any more. */
  readonly to?: PolicyDocument
  /** The names of the settings that differ; none where the document is new or gone. */
  readonly settings: readonly SettingName[]
  /** Whether pools, their order or conditions differ. */
  readonly rules: boolean
}

export interface Comparison {
  readonly isEqual: boolean
  readonly compatibility?: { readonly from: Compatibility; readonly to: Compatibility }
  /** In order of locale and resource type. */
  readonly documents: readonly DocumentChange[]
}

export function compareContents(from: Content, to: Content): Comparison {
  const pairs = new Map<string, { locale: string; resourceType: string }>()
  for (const { locale, resourceType } of [...from.documents, ...to.documents]) {
    pairs.set(joinKey(locale, resourceType), { locale, resourceType })
  }
  const documents = [...pairs.values()].toSorted(byPair).flatMap((pair) => compareAt(pair, from, to))
  const isSame = from.compatibility === to.compatibility
  return {
    isEqual: isSame && documents.length === 0,
    ...(isSame ? {} : { compatibility: { from: from.compatibility, to: to.compatibility } }),
    documents,
  }
}

const byPair = (a: { locale: string; resourceType: string }, b: { locale: string; resourceType: string }): number =>
  compareTexts(a.locale, b.locale) || compareTexts(a.resourceType, b.resourceType)

function compareAt(pair: { locale: string; resourceType: string }, from: Content, to: Content): DocumentChange[] {
  const findIn = ({ documents }: Content) =>
    documents.find(({ locale, resourceType }) => locale === pair.locale && resourceType === pair.resourceType)
  const [before, after] = [findIn(from), findIn(to)]
  if (!before || !after)
    return [{ ...pair, ...(before ? { from: before } : { to: after! }), settings: [], rules: true }]
  const settings = settingNames.filter((name) => !isSame(withSetting(before, after, name), before))
  const rules = !isSame(withRules(before, after.rules), before)
  return settings.length > 0 || rules ? [{ ...pair, from: before, to: after, settings, rules }] : []
}

/** As the content hash sees it: the order of sets does not count. */
const isSame = (a: PolicyDocument, b: PolicyDocument): boolean => textOf(a) === textOf(b)
const textOf = (document: PolicyDocument): string =>
  canonicalText({ policyId: '', version: 1, ipamId: '', account: '', compatibility: 'strict', documents: [document] })

const withSetting = (document: PolicyDocument, other: PolicyDocument, name: SettingName): PolicyDocument => ({
  ...document,
  settings: { ...document.settings, [name]: other.settings[name] },
})
const withRules = (document: PolicyDocument, rules: readonly AllocationRule[]): PolicyDocument => ({
  ...document,
  rules,
})
