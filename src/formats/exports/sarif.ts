// Findings as SARIF 2.1.0 (OASIS), for code scanning and pipelines.
import type { Severity } from '#model/finding.ts'
import { cutTo, type ExportFormat, productName } from './export.ts'
import { type ExportedControl, type ExportedFinding, factTexts } from './finding.ts'

/** Of one run: what a reader such as GitHub takes. More of them are another run. */
const resultsPerRunMax = 25_000

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  informational: 'note',
}
/** From 0 to 10, as GitHub reads it. */
const scores: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  informational: '0.0',
}

export const sarifOf = (controls: readonly ExportedControl[]): ExportFormat<ExportedFinding> => ({
  mediaType: 'application/sarif+json',
  meaning: 'SARIF 2.1.0',
  open({ version }) {
    const rules = controls.map(({ name, severity, summary }) => ({
      id: name,
      shortDescription: { text: summary },
      defaultConfiguration: { level: levels[severity] },
      properties: { 'security-severity': scores[severity] },
    }))
    const tool = JSON.stringify({ driver: { name: productName, version, rules } })
    const run = `{"tool":${tool},"results":[`
    let count = 0
    const next = (): string => {
      const separator = count === 0 ? '' : count % resultsPerRunMax === 0 ? `]},${run}` : ','
      count++
      return separator
    }
    return {
      begin: `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[${run}`,
      page: (items) => items.map((item) => `${next()}${JSON.stringify(resultOf(item, controls))}`).join(''),
      end: () => ']}]}\n',
    }
  },
})

/** What is resolved passes; what is set aside fails, and says that it was accepted. */
function resultOf(finding: ExportedFinding, controls: readonly ExportedControl[]): object {
  const { findingId, control, severity, status, resource, summary, suppression, node, locale, facts } = finding
  const isResolved = status === 'resolved'
  const ruleIndex = controls.findIndex(({ name }) => name === control)
  return {
    ruleId: control,
    ...(ruleIndex < 0 ? {} : { ruleIndex }),
    kind: isResolved ? 'pass' : 'fail',
    level: isResolved ? 'none' : levels[severity],
    message: { text: summary },
    locations: [
      {
        // Nothing here stands in a file, and some readers drop what has no place: the finding's own address is one.
        physicalLocation: { artifactLocation: { uri: `findings/${encodeURIComponent(findingId)}` } },
        logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'cadastreFinding/v1': findingId },
    ...(status === 'suppressed'
      ? {
          suppressions: [
            { kind: 'external', status: 'accepted', justification: cutTo(suppression?.reason ?? 'set aside', 1_000) },
          ],
        }
      : {}),
    properties: { node, ...(locale === undefined ? {} : { locale }), ...Object.fromEntries(factTexts(facts)) },
  }
}
