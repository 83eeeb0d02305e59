// The settings of documents: what a request gets beyond the list of pools. Each is one value; another one is another entry here.

import { joinKey } from '../key.ts'
import { missingTags } from '../pool.ts'
import type { Denial } from './decision.ts'
import { carriedFor, nothing } from './denial.ts'
import {
  type Agreement,
  boundsText,
  choice,
  type Gate,
  type Grant,
  type Lengths,
  lengths,
  type ResolvedSize,
  type Setting,
  tagList,
} from './setting.ts'
import type { Reason } from './trace.ts'
import {
  type Compatibility,
  formatRequiredTag,
  onExhaustedValues,
  onExplicitValues,
  type RequiredTag,
  type SizeBounds,
} from './values.ts'

/** In the order in which they are shown. */
export const documentSettings = {
  onExplicit: choice({
    word: 'on-explicit',
    summary: 'What a caller gets who names a pool, address or CIDR that the rules do not list.',
    values: onExplicitValues,
    initial: { strict: 'deny', aws: 'allow' },
  }),
  onExhausted: choice({
    word: 'on-exhausted',
    summary: 'What a request gets where no listed pool has room.',
    values: onExhaustedValues,
    initial: { strict: 'deny', aws: 'provider' },
  }),
  size: lengths({
    word: 'size',
    summary: 'IPv4 netmask lengths of CIDRs, such as the type can have; the minimum is the largest block.',
    fieldAllowed: '`{"min": 16, "default": 24, "max": 28}`',
    example: '16/24/28',
    family: 4,
    gate: gateOfSize('size', 4),
  }),
  sizeIpv6: lengths({
    word: 'size-ipv6',
    summary: 'IPv6 netmask lengths of CIDRs, such as the type can have; the minimum is the largest block.',
    fieldAllowed: '`{"min": 48, "default": 56, "max": 60}`',
    example: '48/56/60',
    family: 6,
    gate: gateOfSize('size-ipv6', 6),
  }),
  requiredTags: tagList({
    word: 'required-tags',
    summary: 'Tags without which a request is denied.',
    fieldAllowed: '`[{"key": "env"}, {"key": "team", "value": "net"}]`',
    example: 'env,team=net',
    max: 50,
    gate: {
      // Before exceptions are looked at.
      rank: 0,
      find({ request: { tags } }, requiredTags) {
        const missing = requiredTags.filter(({ value }) => missingTags([value], tags).length > 0)
        const first = missing[0]
        if (!first) return undefined
        const required = missing.map(({ value }) => value)
        const missingTexts = required.map(formatRequiredTag)
        return {
          denial: {
            cause: 'tags',
            setting: 'required-tags',
            value: carriedFor(required, tags),
            allowed: { tags: requiredTags.map(({ value }) => value) },
            by: first.by,
            owner: first.by.owner,
            missingTags: missingTexts,
          },
          step: { kind: 'tags', subject: first.by.policy, result: 'fail', why: 'tags', tags: missingTexts },
        }
      },
      readsTags: (requiredTags) => requiredTags.length > 0,
      /** What documents ask for, alone and together with what one of the pools asks for. */
      *trials({ request, type }, requiredTags, pools) {
        const ofPolicy = (requiredTags ?? []).map(({ value }) => value)
        const ofPools = type.isReservation ? [] : pools.map((pool) => pool.requiredTags)
        for (const required of [[], ...ofPools]) {
          const tags = missingTags([...ofPolicy, ...required], request.tags)
          if (tags.length === 0) continue
          const carried = new Map(request.tags)
          for (const { key, value } of tags) carried.set(key, value ?? carried.get(key) ?? anyValue)
          yield { change: { kind: 'add-tags', tags: withoutRepeats(tags) }, changed: { ...request, tags: carried } }
        }
      },
      sentence: ({ value }) => `requires tags that the request does not carry (${value})`,
      short: ({ missingTags, value }) => `tags are missing: ${missingTags?.join(', ') ?? value}`,
      exceptions: {
        because: 'required tags are missing, and no exception is from those',
        remedy: 'Carry the tags; there is no exception to this.',
      },
    },
  }),
} as const

/** Where any value will do, this one is tried. */
const anyValue = 'any'
const withoutRepeats = (tags: readonly RequiredTag[]): readonly RequiredTag[] => [
  ...new Map(tags.map((tag) => [joinKey(tag.key, tag.value), tag])).values(),
]

/** A length outside of the bounds; any, where bounds of several policies have nothing in common. */
function gateOfSize(setting: string, family: 4 | 6): Gate<ResolvedSize | undefined> {
  return {
    rank: 1,
    find({ request, type }, size) {
      if (request.family !== family || !size || type.takes === 'address') return undefined
      const { min, max } = size
      const length = request.explicit?.cidr?.length ?? request.netmaskLength
      const isPossible = min.value <= max.value
      if (isPossible && (length === undefined || (length >= min.value && length <= max.value))) return undefined
      const { by } = length === undefined || length < min.value ? min : max
      const bounds = { min: min.value, max: max.value }
      const value = { length: length ?? ('any' as const) }
      const allowed = isPossible ? { lengths: bounds } : nothing
      const reason: Reason<'size-outside' | 'no-size'> =
        isPossible && length !== undefined
          ? { why: 'size-outside', length, ...bounds }
          : { why: 'no-size', ...bounds, minBy: min.by.policy, maxBy: max.by.policy }
      return {
        denial: { cause: 'size', setting, value, allowed, by, owner: by.owner },
        step: { kind: 'size', subject: by.policy, result: 'fail', ...reason },
      }
    },
    readsTags: () => false,
    sentence: ({ value }) => `does not allow a ${value}`,
    short: ({ value, allowed }) =>
      allowed.length > 0 ? `${value} is outside ${allowed.join(', ')}` : `policies leave no size to allow ${value}`,
    /** Every length that the type can have, the nearest to what was asked for first; of two equally near, the smaller block. */
    *trials({ request, type }, size) {
      const lengths = type.lengths[family]
      if (request.family !== family || type.takes === 'address' || !lengths || request.explicit?.cidr) return
      const insteadOf = request.netmaskLength
      const from = insteadOf ?? size?.default.value ?? lengths.default ?? lengths.max
      const all = Array.from({ length: lengths.max - lengths.min + 1 }, (_, n) => lengths.min + n)
      const byDistance = all.sort((a, b) => Math.abs(a - from) - Math.abs(b - from) || b - a)
      for (const netmaskLength of byDistance) {
        if (netmaskLength === insteadOf) continue
        const change = { kind: 'size', netmaskLength, ...(insteadOf === undefined ? {} : { insteadOf }) } as const
        yield { change, changed: { ...request, netmaskLength } }
      }
    },
    exceptions: {
      grant: {
        summary: `IPv${family} netmask lengths that pass whatever policy says.`,
        words: (granted) => `${family === 4 ? '' : 'IPv6 '}${boundsText(granted)}`,
        needed({ family: own, explicit, netmaskLength }) {
          const length = explicit?.cidr?.length ?? netmaskLength
          return own !== family || length === undefined ? undefined : { min: length, max: length }
        },
        possible: ({ takes, lengths }) => (takes === 'address' ? undefined : lengths[family]),
      },
    },
  }
}

// What follows -------------------------------------------------------------------------------------------------------

type Settings = typeof documentSettings
export type SettingName = keyof Settings
type ValueOf<N extends SettingName> = Settings[N] extends Setting<infer Value, infer _T, infer _R> ? Value : never
export type ToldOf<N extends SettingName> = Settings[N] extends Setting<infer _V, infer Told, infer _R> ? Told : never
type ResolvedOf<N extends SettingName> =
  Settings[N] extends Setting<infer _V, infer _T, infer Resolved> ? Resolved : never
/** Those that a document need not have. */
export type OptionalName = { [N in SettingName]: undefined extends ValueOf<N> ? N : never }[SettingName]

type WithOptional<Values extends { readonly [N in SettingName]: unknown }> = {
  readonly [N in Exclude<SettingName, OptionalName>]: Values[N]
} & { readonly [N in OptionalName]?: Exclude<Values[N], undefined> }
export type PolicySettings = WithOptional<{ readonly [N in SettingName]: ValueOf<N> }>
/** The settings of all documents that apply to an account, merged. */
export type ResolvedSettings = WithOptional<{ readonly [N in SettingName]: ResolvedOf<N> }>

/** Any of them, where it is all the same which one. */
export type AnySetting = Setting<unknown, unknown, unknown>
export const settingOf = (name: SettingName): AnySetting => documentSettings[name]
export const settingNames = Object.keys(documentSettings) as readonly SettingName[]

/** Something for each setting; what is undefined is left out. */
export const forEachSetting = <T>(make: (name: SettingName, setting: AnySetting) => T | undefined) =>
  Object.fromEntries(
    settingNames.flatMap((name) => {
      const made = make(name, settingOf(name))
      return made === undefined ? [] : [[name, made]]
    }),
  ) as { readonly [N in SettingName]: T }

/** A policy's settings where nothing else is said. */
export const initialSettings = (compatibility: Compatibility): PolicySettings =>
  settingsFrom((_, setting) => setting.initial(compatibility))

/** The settings of a document, of one value each. */
export const settingsFrom = (read: (name: SettingName, setting: AnySetting) => unknown): PolicySettings =>
  forEachSetting(read) as unknown as PolicySettings

/** The settings whose default is another one for each compatibility: they follow that where a document does not say. */
export const followingSettings: readonly SettingName[] = settingNames.filter(
  (name) => initialText(name, 'strict') !== initialText(name, 'aws'),
)
function initialText(name: SettingName, compatibility: Compatibility): string {
  const setting = settingOf(name)
  return setting.comparable(setting.toTold(setting.initial(compatibility)))
}

/** Which requests settings deny by themselves, in the order in which they are asked. */
export const gates: readonly { readonly name: SettingName; readonly gate: Gate<unknown> }[] = settingNames
  .flatMap((name) => {
    const { gate } = settingOf(name)
    return gate ? [{ name, gate }] : []
  })
  .sort((a, b) => a.gate.rank - b.gate.rank)

/** The gate of the setting with this public name, where there is one. */
export const gateNamed = (word: string): Gate<unknown> | undefined =>
  gates.find(({ name }) => settingOf(name).word === word)?.gate

/** The gate that a denial is from, where it is from one. */
export const gateOf = ({ cause, setting }: Pick<Denial, 'cause' | 'setting'>): Gate<unknown> | undefined =>
  cause === 'tags' || cause === 'size' || cause === 'setting' ? gateNamed(setting) : undefined

/** Those for which documents can ask for what no request can meet together. */
export const agreements: readonly { readonly name: SettingName; readonly agreement: Agreement<unknown> }[] =
  settingNames.flatMap((name) => {
    const { agreement } = settingOf(name)
    return agreement ? [{ name, agreement }] : []
  })

/** Those of which an exception can grant something, under their own names. */
export type GrantableName = {
  [N in SettingName]: ValueOf<N> extends SizeBounds | undefined ? N : never
}[SettingName]
export type GrantedSettings = { readonly [N in GrantableName]?: Lengths }
export const grantables: readonly { readonly name: GrantableName; readonly grant: Grant }[] = settingNames.flatMap(
  (name) => {
    const { exceptions } = settingOf(name).gate ?? {}
    return exceptions && 'grant' in exceptions ? [{ name: name as GrantableName, grant: exceptions.grant }] : []
  },
)
/** Of what something has under the names of settings, what an exception can grant. */
export const grantedIn = (
  grants: GrantedSettings,
): readonly { readonly name: GrantableName; readonly grant: Grant; readonly granted: Lengths }[] =>
  grantables.flatMap(({ name, grant }) => {
    const granted = grants[name]
    return granted ? [{ name, grant, granted }] : []
  })
/** The bounds that the documents of an account have for the netmask lengths of a family. */
export const sizeIn = (document: ResolvedSettings | undefined, family: 4 | 6): ResolvedSize | undefined =>
  family === 4 ? document?.size : document?.sizeIpv6

/** Whether granted lengths are enough for what a request needs. */
export const isEnough = (granted: Lengths | undefined, needed: Lengths | undefined): boolean =>
  granted !== undefined && needed !== undefined && needed.min >= granted.min && needed.max <= granted.max
