// A finding as the native API shows it, for the formats that it is exported in.
import type { Facts, FindingStatus, Severity } from '#model/finding.ts'

export interface ExportedFinding {
  readonly findingId: string
  readonly control: string
  readonly severity: Severity
  readonly status: FindingStatus
  readonly resource: string
  readonly sourceId?: string | undefined
  /** Whose it is. */
  readonly node: string
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
  /** One sentence about it. */
  readonly summary: string
  readonly facts: Facts
  /** Moments as RFC 3339 writes them. */
  readonly firstSeenAt: string
  readonly openedAt: string
  readonly lastSeenAt: string
  readonly resolvedAt?: string | undefined
  readonly suppression?: { readonly reason: string; readonly until: string; readonly at: string } | undefined
}

/** What watches for a kind of findings. */
export interface ExportedControl {
  readonly name: string
  readonly severity: Severity
  readonly summary: string
}

/** When it became what it is: the latest of all moments that are told of it. */
export function changedAt({ openedAt, lastSeenAt, resolvedAt, suppression }: ExportedFinding): string {
  const moments = [openedAt, lastSeenAt, resolvedAt, suppression?.at].filter((moment) => moment !== undefined)
  return new Date(Math.max(...moments.map((moment) => Date.parse(moment)))).toISOString()
}

/** Facts as texts. */
export const factTexts = (facts: Facts): readonly (readonly [string, string])[] =>
  Object.entries(facts).map(([name, value]) => [name, typeof value === 'object' ? value.join(', ') : String(value)])
