// Policies as values: rules, documents, versions and assignments (policy-model §§1, 2 and 4).

import {
  followingSettings,
  initialSettings,
  type PolicySettings,
  type SettingName,
  settingNames,
  settingOf,
  settingsFrom,
} from './settings.ts'
import { type AssignmentKind, type Compatibility, compareTexts, type ManagedBy, type Mode } from './values.ts'

/**
 * When a rule applies: every given part must hold. A closed vocabulary, no code.
 * `tags` reads the tags of the account and of the nodes above it (the nearest has the say), which only administrators
 * set. The request's own tags are never read: whoever asks could choose their pool by choosing a tag (policy-model §6).
 */
export interface RuleCondition {
  readonly accounts?: readonly string[]
  readonly organizationalUnits?: readonly string[]
  readonly tags?: readonly { readonly key: string; readonly values: readonly string[] }[]
}

/** One pool that may serve a pair. */
export interface AllocationRule {
  readonly pool: string
  readonly when?: RuleCondition
}

interface Pair {
  readonly locale: string
  readonly resourceType: string
}

/** The rules for one pair of locale and resource type; at most one per pair in a policy. Without rules it is absent. */
export interface PolicyDocument extends Pair {
  readonly settings: PolicySettings
  readonly rules: readonly AllocationRule[]
  /** Settings that somebody said for this document; the others follow the policy's compatibility where that changes. */
  readonly said?: readonly SettingName[]
}

/** One immutable version of a policy. */
export interface PolicyVersion {
  readonly policyId: string
  readonly version: number
  readonly ipamId: string
  /** The account that owns the policy: whom to ask for an exception. */
  readonly account: string
  readonly compatibility: Compatibility
  readonly documents: readonly PolicyDocument[]
  /** How long it is in the store, where it was read from there: what it adds to every snapshot. */
  readonly bytes?: number
}

/** A policy enabled on a target: an account, an organizational unit or a root. */
export interface Assignment {
  readonly policyId: string
  readonly targetId: string
  readonly kind: AssignmentKind
  readonly mode: Mode
  readonly managedBy: ManagedBy
  /** In the world of candidates: the version that stands for the one in force. */
  readonly version?: number
}

/** What an assignment may become: evaluated beside it on every request, and never acting (policy-model §4). */
export interface AssignmentCandidate {
  /** A sequence number: what is recorded about one candidate is not mixed with what is about the next. */
  readonly n: number
  readonly policyId: string
  readonly targetId: string
  /** In place of the version in force. */
  readonly version?: PolicyVersion
  readonly mode?: Mode
}

/** What a caller says of a document; what is left out has its default. */
export interface DocumentParams extends Pair, Partial<PolicySettings> {
  readonly rules: readonly AllocationRule[]
}

/** The document that comes of it in a policy of such compatibility. */
export function documentOf(params: DocumentParams, compatibility: Compatibility): PolicyDocument {
  const { locale, resourceType, rules } = params
  const said = followingSettings.filter((name) => params[name] !== undefined)
  return {
    locale,
    resourceType,
    settings: settingsFrom((name, setting) => params[name] ?? setting.initial(compatibility)),
    rules,
    ...(said.length > 0 ? { said } : {}),
  }
}

/** As it was written, with what settings that there were not yet have where a document does not say. */
export function withAllSettings<Content extends Pick<PolicyVersion, 'compatibility' | 'documents'>>(
  content: Content,
): Content {
  const initial = initialSettings(content.compatibility)
  const isWhole = ({ settings }: PolicyDocument): boolean =>
    settingNames.every((name) => settings[name] !== undefined || initial[name] === undefined)
  const documents = content.documents.map((document) =>
    isWhole(document) ? document : { ...document, settings: { ...initial, ...document.settings } },
  )
  return { ...content, documents }
}

/** The document of a policy for a pair; one without rules counts as absent, as in EC2. */
export function findDocument(version: PolicyVersion, locale: string, resourceType: string): PolicyDocument | undefined {
  return version.documents.find(
    (document) => document.locale === locale && document.resourceType === resourceType && document.rules.length > 0,
  )
}

/**
 * The version's content as JSON with one spelling: keys sorted, documents by pair, sets sorted, rules in their order.
 * The store hashes it, so two texts are equal exactly where the versions mean the same. Ids and number stay outside.
 */
export function canonicalText({ compatibility, documents }: PolicyVersion): string {
  return JSON.stringify({
    compatibility,
    documents: documents
      .filter(({ rules }) => rules.length > 0)
      .toSorted((a, b) => compareTexts(a.locale, b.locale) || compareTexts(a.resourceType, b.resourceType))
      .map(({ locale, resourceType, rules, settings, said = [] }) => ({
        locale,
        resourceType,
        rules: rules.map(({ pool, when }) => (when ? { pool, when: canonicalCondition(when) } : { pool })),
        settings: Object.fromEntries(hashedSettings.map((name) => [name, settingOf(name).canonical(settings[name])])),
        // Versions from before there were such settings keep their hash.
        ...(said.length > 0 ? { said: said.toSorted(compareTexts) } : {}),
      })),
  })
}

const hashedSettings = settingNames.toSorted(compareTexts)

/** With one spelling. */
export function canonicalCondition({ accounts, organizationalUnits, tags }: RuleCondition) {
  return {
    accounts: accounts?.toSorted(compareTexts),
    organizationalUnits: organizationalUnits?.toSorted(compareTexts),
    tags: tags
      ?.map(({ key, values }) => ({ key, values: values.toSorted(compareTexts) }))
      .sort((a, b) => compareTexts(a.key, b.key)),
  }
}
