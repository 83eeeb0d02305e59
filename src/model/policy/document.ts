// Policies as values: settings, rules, documents, versions and assignments (policy-model §§1, 2 and 4).

/** What a caller gets who names a pool, address or block that the rules do not list. */
export type OnExplicit = 'deny' | 'steer' | 'allow'
/** What a request gets where no rule's pool has room. */
export type OnExhausted = 'deny' | 'provider'
/** Whose semantics a policy has: ours, or exactly those of Amazon VPC IPAM. */
export type Compatibility = 'strict' | 'aws'
export type Mode = 'off' | 'observe' | 'warn' | 'enforce'
export type AssignmentKind = 'default' | 'final'
export type ManagedBy = 'account' | 'delegated-administrator-for-ipam'

/** Each list runs from the strictest value to the most lenient: of two settings, the one that stands earlier holds. */
export const onExplicitValues = ['deny', 'steer', 'allow'] as const satisfies readonly OnExplicit[]
export const onExhaustedValues = ['deny', 'provider'] as const satisfies readonly OnExhausted[]
export const modeValues = ['enforce', 'warn', 'observe', 'off'] as const satisfies readonly Mode[]
export const compatibilityValues = ['strict', 'aws'] as const satisfies readonly Compatibility[]
export const assignmentKindValues = ['default', 'final'] as const satisfies readonly AssignmentKind[]

/** Netmask lengths; as in EC2, `min` is the shortest prefix and so the largest block. */
export interface SizeBounds {
  readonly min: number
  readonly default: number
  readonly max: number
}

/** Without a value, any value will do. */
export interface RequiredTag {
  readonly key: string
  readonly value?: string
}

export interface PolicySettings {
  readonly onExplicit: OnExplicit
  readonly onExhausted: OnExhausted
  /** For IPv4. A family has its own bounds, because a document may list pools of both. */
  readonly size?: SizeBounds
  readonly sizeIpv6?: SizeBounds
  readonly requiredTags: readonly RequiredTag[]
}

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
  readonly said?: readonly Defaulted[]
}

/** The settings whose default is another one for each compatibility. */
export type Defaulted = 'onExplicit' | 'onExhausted'
export const defaultedSettings = ['onExplicit', 'onExhausted'] as const satisfies readonly Defaulted[]

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

/** A policy's settings where nothing else is said. */
export function defaultSettings(compatibility: Compatibility): PolicySettings {
  return compatibility === 'aws'
    ? { onExplicit: 'allow', onExhausted: 'provider', requiredTags: [] }
    : { onExplicit: 'deny', onExhausted: 'deny', requiredTags: [] }
}

/** What a caller says of a document; what is left out has its default. */
export interface DocumentParams extends Pair, Partial<Omit<PolicySettings, 'requiredTags'>> {
  readonly requiredTags: PolicySettings['requiredTags']
  readonly rules: readonly AllocationRule[]
}

/** The document that comes of it in a policy of such compatibility. */
export function documentOf(
  { locale, resourceType, rules, onExplicit, onExhausted, size, sizeIpv6, requiredTags }: DocumentParams,
  compatibility: Compatibility,
): PolicyDocument {
  const defaults = defaultSettings(compatibility)
  const said = [...(onExplicit ? (['onExplicit'] as const) : []), ...(onExhausted ? (['onExhausted'] as const) : [])]
  return {
    locale,
    resourceType,
    settings: {
      onExplicit: onExplicit ?? defaults.onExplicit,
      onExhausted: onExhausted ?? defaults.onExhausted,
      requiredTags,
      ...(size ? { size } : {}),
      ...(sizeIpv6 ? { sizeIpv6 } : {}),
    },
    rules,
    ...(said.length > 0 ? { said } : {}),
  }
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
        settings: {
          onExhausted: settings.onExhausted,
          onExplicit: settings.onExplicit,
          requiredTags: settings.requiredTags.map(canonicalTag).sort(compareTexts),
          size: settings.size ? formatSize(settings.size) : null,
          sizeIpv6: settings.sizeIpv6 ? formatSize(settings.sizeIpv6) : null,
        },
        // Versions from before there were such settings keep their hash.
        ...(said.length > 0 ? { said: said.toSorted(compareTexts) } : {}),
      })),
  })
}

export const formatSize = (size: SizeBounds): string => `${size.min}/${size.default}/${size.max}`
export const formatRequiredTag = ({ key, value }: RequiredTag): string =>
  value === undefined ? key : `${key}=${value}`
/** Told apart also where the key has a `=`; all others are spelled, and hashed, as they have always been. */
const canonicalTag = ({ key, value }: RequiredTag): string =>
  key.includes('=') || key.startsWith('[') ? JSON.stringify([key, value ?? null]) : formatRequiredTag({ key, value })

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

/** By code unit, so that it is the same on every machine. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
