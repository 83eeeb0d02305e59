// Findings as JUnit XML, for pipelines: each is a test of one resource by one control, in a suite for each page.
import { type ExportFormat, productName } from './export.ts'
import type { ExportedFinding } from './finding.ts'

export const junit: ExportFormat<ExportedFinding> = {
  mediaType: 'application/junit+xml',
  meaning: 'JUnit XML',
  open({ now, version }) {
    let suites = 0
    // The schema takes no zone and no fraction.
    const timestamp = now.toISOString().slice(0, 19)
    return {
      begin: '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n',
      page(items) {
        if (items.length === 0) return ''
        const id = suites++
        const failures = items.filter(isFailure).length
        const skipped = items.filter(isSkipped).length
        const attributes = {
          ...{ name: `findings-${id + 1}`, package: 'cadastre', id, timestamp, hostname: 'cadastre' },
          ...{ tests: items.length, failures, errors: 0, skipped, time: 0 },
        }
        const properties = `<properties><property${attributesOf({ name: productName, value: version })}/></properties>`
        const cases = items.map((item) => `${caseOf(item)}\n`).join('')
        return `<testsuite${attributesOf(attributes)}>\n${properties}\n${cases}<system-out/>\n<system-err/>\n</testsuite>\n`
      },
      end: () => '</testsuites>\n',
    }
  },
}

/** What is only told, as that something is exempt, fails no pipeline. */
const isSkipped = ({ status, severity }: ExportedFinding): boolean =>
  status === 'suppressed' || (status === 'open' && severity === 'informational')
const isFailure = (finding: ExportedFinding): boolean => finding.status === 'open' && !isSkipped(finding)

function caseOf(finding: ExportedFinding): string {
  const { control, resource, resourceType, severity, summary, suppression, node, findingId } = finding
  const open = `<testcase${attributesOf({ name: `${resource} ${control}`, classname: resourceType ?? control, time: 0 })}`
  if (isSkipped(finding)) {
    return `${open}><skipped${attributesOf({ message: suppression?.reason ?? summary })}/></testcase>`
  }
  if (!isFailure(finding)) return `${open}/>`
  const text = escaped(`${summary}\n${severity}, at ${node}: ${findingId}`)
  return `${open}><failure${attributesOf({ message: summary, type: control })}>${text}</failure></testcase>`
}

const attributesOf = (attributes: Readonly<Record<string, string | number>>): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll(/[\t\n\r]/g, ' ')}"`)
    .join('')

/** XML 1.0 has no other control characters, and no half of a pair, not even escaped. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
