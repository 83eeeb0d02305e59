// A policy document in words, and how two of them differ.
import type { Schemas } from '../../api/client.ts'
import { named } from '../../parts/names.ts'

export type Document = Schemas['PolicyDocument']
/** Where a document is edited. */
export const documentPath = (
  policyId: string,
  { locale, resourceType }: { readonly locale: string; readonly resourceType: string },
): string => `/policies/${policyId}/document?${new URLSearchParams({ locale, resourceType })}`

type NameOf = (id: string) => string | undefined

export const sizeText = (size: Document['size'] | Document['sizeIpv6']): string =>
  size === undefined ? '' : `/${size.min} to /${size.max}, /${size.default} by default`
export const sizesText = ({ size, sizeIpv6 }: Document): string =>
  [sizeText(size), sizeText(sizeIpv6)].filter((text) => text !== '').join('; ')
export const tagsText = ({ requiredTags }: Pick<Document, 'requiredTags'>): string =>
  requiredTags.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(', ')

const either = (values: readonly string[]): string => values.join(' or ')
/** For whom a rule is; empty where it is for everybody. */
export function whenText(when: Schemas['PolicyRule']['when'], nameOf: NameOf): string {
  if (when === undefined) return ''
  const parts = [
    ...(when.accounts ? [`the account is ${either(when.accounts.map((id) => named(id, nameOf(id))))}`] : []),
    ...(when.organizationalUnits
      ? [`it is in ${either(when.organizationalUnits.map((id) => named(id, nameOf(id))))}`]
      : []),
    ...(when.tags ?? []).map(({ key, values }) => `its tag ${key} is ${either(values)}`),
  ]
  return `when ${parts.join(' and ')}`
}

/** What it says, one thing after the other: equal texts, equal things. */
function factsOf(document: Document | undefined, nameOf: NameOf): ReadonlyMap<string, string> {
  if (document === undefined) return new Map()
  const rules = document.rules.map(({ poolId, when }, index): [string, string] => [
    `Pool ${poolId}`,
    [`number ${index + 1}`, whenText(when, nameOf)].filter((text) => text !== '').join(', '),
  ])
  const facts: [string, string][] = [
    ...rules,
    ['Another pool is named', document.onExplicit],
    ['All are full', document.onExhausted],
    ['IPv4 sizes', sizeText(document.size)],
    ['IPv6 sizes', sizeText(document.sizeIpv6)],
    ['Required tags', tagsText(document)],
  ]
  return new Map(facts.filter(([, text]) => text !== ''))
}

/** One thing that two documents say otherwise; undefined where one of them does not say it. */
export interface Difference {
  readonly locale: string
  readonly resourceType: string
  readonly what: string
  readonly from: string | undefined
  readonly to: string | undefined
}
export function differencesOf(
  { locale, resourceType }: Pick<Document, 'locale' | 'resourceType'>,
  { from, to }: { readonly from?: Document | undefined; readonly to?: Document | undefined },
  nameOf: NameOf,
): readonly Difference[] {
  // Where they are shown, ids of accounts and units have their names beside them anyhow.
  const nameOfRoot: NameOf = (id) => (id.startsWith('r-') ? nameOf(id) : undefined)
  const [before, after] = [factsOf(from, nameOfRoot), factsOf(to, nameOfRoot)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((what) => {
    const [was, is] = [before.get(what), after.get(what)]
    return was === is ? [] : [{ locale, resourceType, what, from: was, to: is }]
  })
}
