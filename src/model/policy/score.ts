// How well what is there complies: counts, and the one number that is made of them (policy-model §9).

export interface ComplianceCounts {
  readonly compliant: number
  readonly noncompliant: number
  /** Does not comply, and was set aside: it counts as what does not comply. */
  readonly ignored: number
  readonly exempt: number
  /** Of no pool, and nothing speaks against it. */
  readonly unmanaged: number
  /** Not looked at yet. */
  readonly unknown: number
}
export const noCounts: ComplianceCounts = {
  compliant: 0,
  noncompliant: 0,
  ignored: 0,
  exempt: 0,
  unmanaged: 0,
  unknown: 0,
}
export const addCounts = (a: ComplianceCounts, b: Partial<ComplianceCounts>): ComplianceCounts => ({
  compliant: a.compliant + (b.compliant ?? 0),
  noncompliant: a.noncompliant + (b.noncompliant ?? 0),
  ignored: a.ignored + (b.ignored ?? 0),
  exempt: a.exempt + (b.exempt ?? 0),
  unmanaged: a.unmanaged + (b.unmanaged ?? 0),
  unknown: a.unknown + (b.unknown ?? 0),
})

/** What policy has a say about, exempt or not. What was set aside is in it: whoever sets aside raises no score. */
export const applicableOf = ({ compliant, noncompliant, ignored, exempt }: ComplianceCounts): number =>
  compliant + noncompliant + ignored + exempt

/** Percent, to one digit, rounded down: all is 100 only where all is. Undefined where there is nothing to say it of. */
export function scoreOf(counts: ComplianceCounts): number | undefined {
  const of = applicableOf(counts) - counts.exempt
  return of === 0 ? undefined : Math.floor((counts.compliant * 1_000) / of) / 10
}
