// What a request has that is denied, and what would be allowed instead: facts. `denial-words.ts` makes the words where they are shown.

import type { RequiredTag } from './values.ts'

/**
 * What a request has or lacks. It is on record: a name or a fact keeps its meaning for good.
 */
export type DenialValue =
  /** One thing by its id or public name, or a block. */
  | { readonly is: string }
  | { readonly family: 4 | 6 }
  | { readonly length: number }
  /** It says no length: none would do, or there is none to take. */
  | { readonly length: 'any' | 'none' }
  | { readonly scopes: readonly string[] }
  /** In place of the tags that it lacks; without a value it has none with the key. */
  | { readonly carried: readonly RequiredTag[] }
  | { readonly resourceType: string; readonly locale: string; readonly account?: string }
  | { readonly wanted: readonly Wanted[] }
  /** From before there were facts on record: as it was put there. */
  | { readonly words: string }

/** A block, or else a length, in a pool. */
export type Wanted = { readonly pool: string } & ({ readonly cidr: string } | { readonly length: number })

export type DenialAllowed =
  | { readonly nothing: true }
  | { readonly pools: readonly string[] }
  /** Each by its id or public name, or blocks. */
  | { readonly oneOf: readonly string[] }
  | { readonly families: readonly (4 | 6)[] }
  | { readonly lengths: { readonly min: number; readonly max: number } }
  | { readonly tags: readonly RequiredTag[] }
  /** The pool has none of these. */
  | { readonly no: 'locale' | 'aws-service' }
  /** What is divided holds subnets and hosts, or hosts alone. */
  | { readonly holds: 'subnets' | 'hosts' }
  /** From before there were facts on record: as they were put there. */
  | { readonly words: readonly string[] }

export const nothing: DenialAllowed = { nothing: true }

/** What a request carries in place of the tags that it lacks. */
export const carriedFor = (
  missing: readonly RequiredTag[],
  tags: ReadonlyMap<string, string> | undefined,
): DenialValue => ({
  carried: missing.map(({ key }) => {
    const value = tags?.get(key)
    return value === undefined ? { key } : { key, value }
  }),
})

/** A single value as the request or the API spells it; undefined where more than that is said. */
export function spelled(value: DenialValue): string | undefined {
  if ('is' in value) return value.is
  if ('family' in value) return `ipv${value.family}`
  return 'length' in value && typeof value.length === 'number' ? `/${value.length}` : undefined
}
