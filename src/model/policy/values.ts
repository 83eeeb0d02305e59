// The words that policies are written in: choices, netmask lengths, required tags, and how they are spelled.

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

export const formatSize = (size: SizeBounds): string => `${size.min}/${size.default}/${size.max}`
export const formatRequiredTag = ({ key, value }: RequiredTag): string =>
  value === undefined ? key : `${key}=${value}`

/** By code unit, so that it is the same on every machine. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
