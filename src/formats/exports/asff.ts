// Findings in the AWS Security Finding Format: each line is a request of BatchImportFindings, which takes a hundred at once.
import type { FindingStatus, Severity } from '#model/finding.ts'
import { isForeignLocale } from '#model/locale.ts'
import { cutTo, type ExportFacts, type ExportFormat } from './export.ts'
import { changedAt, type ExportedControl, type ExportedFinding, factTexts } from './finding.ts'

export const findingsPerImport = 100

const recordStates: Readonly<Record<FindingStatus, string>> = {
  open: 'ACTIVE',
  suppressed: 'ACTIVE',
  resolved: 'ARCHIVED',
}
const workflows: Readonly<Record<FindingStatus, string>> = {
  open: 'NEW',
  suppressed: 'SUPPRESSED',
  resolved: 'RESOLVED',
}
const resourceTypes: Readonly<Record<string, string>> = { eip: 'AwsEc2Eip', vpc: 'AwsEc2Vpc', subnet: 'AwsEc2Subnet' }
const labelOf = (severity: Severity): string => severity.toUpperCase()
const fieldsMax = 50

export const asffOf = (controls: readonly ExportedControl[]): ExportFormat<ExportedFinding> => ({
  mediaType: 'application/x-ndjson; profile=asff',
  meaning: 'ASFF (AWS Security Hub)',
  open(facts) {
    const summaries = new Map(controls.map(({ name, summary }) => [name, summary]))
    // What is left of a page goes with the next one: requests are as full as can be.
    let waiting: ExportedFinding[] = []
    const request = (some: readonly ExportedFinding[]): string =>
      `${JSON.stringify({ Findings: some.map((one) => asffFinding(one, summaries.get(one.control) ?? one.control, facts)) })}\n`
    return {
      begin: '',
      page(items) {
        waiting.push(...items)
        const lines: string[] = []
        while (waiting.length >= findingsPerImport) {
          lines.push(request(waiting.slice(0, findingsPerImport)))
          waiting = waiting.slice(findingsPerImport)
        }
        return lines.join('')
      },
      end: () => (waiting.length === 0 ? '' : request(waiting)),
    }
  },
})

export function asffFinding(
  finding: ExportedFinding,
  title: string,
  { account, region }: Pick<ExportFacts, 'account' | 'region'>,
): object {
  const { findingId, control, severity, status, summary, firstSeenAt, lastSeenAt, node, sourceId } = finding
  const fields = [
    ['cadastre/node', node] as const,
    ...(sourceId === undefined ? [] : [['cadastre/source', sourceId] as const]),
    ...factTexts(finding.facts),
  ]
  return {
    SchemaVersion: '2018-10-08',
    Id: `cadastre/${findingId}`,
    ProductArn: `arn:aws:securityhub:${region}:${account}:product/${account}/default`,
    GeneratorId: `cadastre/${control}`,
    AwsAccountId: account,
    Types: ['Software and Configuration Checks/Policy/IPAM'],
    CreatedAt: firstSeenAt,
    UpdatedAt: changedAt(finding),
    FirstObservedAt: firstSeenAt,
    LastObservedAt: lastSeenAt,
    Title: cutTo(title, 256),
    Description: cutTo(summary, 1_024),
    Severity: { Label: labelOf(severity), Original: severity },
    Resources: [resourceOf(finding)],
    Compliance: { Status: status === 'resolved' ? 'PASSED' : 'FAILED' },
    Workflow: { Status: workflows[status] },
    RecordState: recordStates[status],
    ProductFields: Object.fromEntries(
      fields.slice(0, fieldsMax).map(([name, value]) => [cutTo(name, 128), cutTo(value, 2_048)]),
    ),
  }
}

const regionLengthMax = 16
const resourceOf = ({ resource, resourceType = '', locale }: ExportedFinding): object => ({
  Type: resourceTypes[resourceType] ?? 'Other',
  Id: resource,
  // What stands in another cloud, or on a site, is in no partition of AWS.
  ...(locale === undefined || isForeignLocale(locale)
    ? {}
    : { Partition: 'aws', ...(locale.length <= regionLengthMax ? { Region: locale } : {}) }),
})
