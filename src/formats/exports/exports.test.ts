// Every export is what the schema of its format takes, whatever stands in it: see `test/schemas/README.md`.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { type Facts, findingStatuses, severities } from '#model/finding.ts'
import { parseXml, schemaProblems, type XmlSchema } from '../../../test/schemas/junit.ts'
import { ocsfProblems } from '../../../test/schemas/ocsf.ts'
import { type Shapes, shapeProblems } from '../../../test/schemas/shapes.ts'
import { asffOf, findingsPerImport } from './asff.ts'
import type { ExportFormat } from './export.ts'
import type { ExportedFinding } from './finding.ts'
import { junit } from './junit.ts'
import { type ExportedChange, ocsfChanges, ocsfFindings } from './ocsf.ts'
import { sarifOf } from './sarif.ts'

const schemaOf = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/schemas', name), 'utf8')) as T

const facts = {
  version: '0.1.0',
  now: new Date('2026-11-30T12:00:00.500Z'),
  account: '111111111111',
  region: 'eu-west-1',
}
const controls = [
  { name: 'policy', severity: 'high', summary: 'Space that the policies in force now would not give.' },
  { name: 'policy-exempt', severity: 'informational', summary: 'Space that is exempt.' },
] as const

/** What people and other systems write where they may write anything. */
const hostile = 'a "quoted" <b>&amp;</b> \u0000\u0007\u001b[31m\ud800 ]]> \n\t=cmd|\' %s {x} é 漢'
const finding = (change: Partial<ExportedFinding> = {}): ExportedFinding => ({
  findingId: 'finding-059bb000000000020',
  control: 'policy',
  severity: 'high',
  status: 'open',
  resource: 'eipalloc-059bb000000000021',
  node: '222222222222',
  resourceType: 'eip',
  locale: 'us-east-1',
  summary: '203.0.113.7/32 does not comply: it lists no ipam-pool-1.',
  facts: { cidr: '203.0.113.7/32', allowed: ['/24 to /26', 'x'], count: 3, isIt: true },
  firstSeenAt: '2026-11-01T00:00:00.000Z',
  openedAt: '2026-11-01T00:00:00.000Z',
  lastSeenAt: '2026-11-29T00:00:00.000Z',
  ...change,
})
const suppression = { reason: hostile, until: '2026-12-24T00:00:00.000Z', at: '2026-11-30T00:00:00.000Z' }
const many: Facts = Object.fromEntries(
  Array.from({ length: 80 }, (_, n) => [`${hostile}${n}`.repeat(5), hostile.repeat(60)]),
)
const all: readonly ExportedFinding[] = [
  ...findingStatuses.flatMap((status) =>
    severities.map((severity) =>
      finding({
        status,
        severity,
        ...(status === 'suppressed' ? { suppression } : {}),
        ...(status === 'resolved' ? { resolvedAt: '2026-11-29T10:00:00.000Z' } : {}),
      }),
    ),
  ),
  finding({ control: 'of-a-newer-server', sourceId: 'source-059bb000000000001', openedAt: '2026-11-20T00:00:00.000Z' }),
  finding({
    locale: 'azure:westeurope',
    resourceType: 'azure:public-ip',
    resource: `/subscriptions/${'x'.repeat(900)}`,
  }),
  finding({ locale: undefined, resourceType: undefined, node: 'ou-ab12-c3d4e5f6' }),
  finding({ summary: hostile.repeat(40), resource: hostile, facts: many }),
]

function textOf<Item>(format: ExportFormat<Item>, pages: readonly (readonly Item[])[]): string {
  const printer = format.open(facts)
  return printer.begin + pages.map((page) => printer.page(page)).join('') + printer.end()
}
const linesOf = (text: string): unknown[] => {
  assert(text === '' || text.endsWith('\n'))
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)
}
const pagesOf = <Item>(items: readonly Item[]): Item[][] => [items.slice(0, 4), [], items.slice(4)]

const { $schema: _, id: __, ...sarifSchema } = schemaOf<Record<string, unknown>>('sarif-2.1.0.json')
const isSarif = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(sarifSchema)

test('SARIF is what its schema takes: none, one, and many over several pages', () => {
  for (const pages of [[[]], [[finding()]], pagesOf(all)]) {
    const log = JSON.parse(textOf(sarifOf(controls), pages)) as {
      runs: { tool: { driver: { rules: { id: string }[] } }; results: Record<string, unknown>[] }[]
    }
    assert(isSarif(log), JSON.stringify(isSarif.errors?.slice(0, 3)))
    const [run] = log.runs
    assert.equal(run!.results.length, pages.flat().length)
    for (const { ruleId, ruleIndex, kind, level } of run!.results) {
      if (ruleIndex !== undefined) assert.equal(run!.tool.driver.rules[ruleIndex as number]!.id, ruleId)
      assert.equal(kind === 'fail', level !== 'none', 'what does not fail has no level')
    }
  }
  assert.equal(isSarif({ version: '2.1.0', runs: [{ results: [] }] }), false, 'and a run without a tool is none')
})

test('SARIF begins another run where one is full', () => {
  const page = Array.from({ length: 12_501 }, () => finding())
  const { runs } = JSON.parse(textOf(sarifOf(controls), [page, page])) as { runs: { results: unknown[] }[] }
  assert.deepEqual(
    runs.map(({ results }) => results.length),
    [25_000, 2],
  )
})

test('JUnit is what its schema takes, and says how many tests each suite has, failed and passed over', () => {
  const schema = schemaOf<XmlSchema>('junit.json')
  for (const pages of [[[]], [[finding()]], pagesOf(all)]) {
    const root = parseXml(textOf(junit, pages))
    assert.deepEqual(schemaProblems(root, schema), [])
    for (const suite of root.children) {
      const cases = suite.children.filter(({ name }) => name === 'testcase')
      const having = (name: string) => cases.filter(({ children }) => children[0]?.name === name).length
      const { tests, failures, skipped } = suite.attributes
      assert.deepEqual([tests, failures, skipped].map(Number), [cases.length, having('failure'), having('skipped')])
    }
  }
  const one = (change: Partial<ExportedFinding>) => textOf(junit, [[finding(change)]])
  assert.match(one({}), /<failure /)
  assert.match(one({ status: 'suppressed', suppression }), /<skipped /)
  assert.doesNotMatch(one({ status: 'resolved' }), /<failure |<skipped /)
  assert.match(one({ severity: 'informational' }), /<skipped /, 'what is only told fails no pipeline')
  assert.notDeepEqual(schemaProblems(parseXml('<testsuites><testsuite name="x"/></testsuites>'), schema), [])
})

test('ASFF is requests that Security Hub takes, as full as they can be', () => {
  const shapes = schemaOf<Shapes>('asff.json')
  const pages = [Array.from({ length: 150 }, () => finding()), Array.from({ length: 130 }, () => finding()), all]
  const requests = linesOf(textOf(asffOf(controls), pages)) as { Findings: Record<string, string>[] }[]
  for (const request of requests) {
    assert.deepEqual(shapeProblems(request, 'BatchImportFindingsRequest', shapes), [])
    for (const one of request.Findings) {
      assert(one.Title!.length <= 256 && one.Description!.length <= 1_024 && one.Id!.length <= 512)
      assert(JSON.stringify(one).length < 240_000)
      assert.match(one.AwsAccountId!, /^\d{12}$/)
      assert(one.ProductArn!.startsWith(`arn:aws:securityhub:eu-west-1:${one.AwsAccountId}:product/`))
      const { length } = Object.keys((one as unknown as { ProductFields: object }).ProductFields)
      assert(length <= 50)
    }
  }
  assert.deepEqual(
    requests.slice(0, -1).map(({ Findings }) => Findings.length),
    [findingsPerImport, findingsPerImport],
  )
  assert.equal(textOf(asffOf(controls), [[]]), '', 'no request without findings, which would be refused')
  const [{ Findings }] = linesOf(textOf(asffOf(controls), [[finding({ status: 'resolved' })]])) as [
    (typeof requests)[0],
  ]
  assert.equal(Findings[0]!.RecordState, 'ARCHIVED')
  assert.notDeepEqual(shapeProblems({ Findings: [{ Title: 'x' }] }, 'BatchImportFindingsRequest', shapes), [])
})

test('OCSF has the classes that it names, with what each requires', () => {
  const schema = schemaOf<Parameters<typeof ocsfProblems>[2]>('ocsf-1.8.0.json')
  const events = linesOf(textOf(ocsfFindings, pagesOf(all))) as Record<string, unknown>[]
  assert.equal(events.length, all.length)
  for (const event of events) {
    assert.deepEqual(ocsfProblems(event, 'compliance_finding', schema), [])
    assert.equal(event.type_uid, Number(event.class_uid) * 100 + Number(event.activity_id))
  }
  const activities = (change: Partial<ExportedFinding>) =>
    (linesOf(textOf(ocsfFindings, [[finding(change)]]))[0] as { activity_id: number }).activity_id
  assert.deepEqual(
    [activities({}), activities({ openedAt: '2026-11-20T00:00:00.000Z' }), activities({ status: 'resolved' })],
    [1, 2, 3],
  )
  assert.notDeepEqual(ocsfProblems({ ...events[0], severity_id: 42 }, 'compliance_finding', schema), [])
  assert.notDeepEqual(ocsfProblems({ ...events[0], compliance: undefined }, 'compliance_finding', schema), [])
})

const change = (more: Partial<ExportedChange> = {}): ExportedChange => ({
  changeId: '4711',
  at: '2026-11-30T12:00:00.000Z',
  action: 'AllocateAddress',
  outcome: 'Success',
  subjects: ['eipalloc-059bb000000000021'],
  account: '222222222222',
  principal: 'arn:aws:iam::222222222222:user/ada',
  credential: 'AKIAIOSFODNN7EXAMPLE',
  sourceAddress: '192.0.2.7',
  region: 'us-east-1',
  requestId: 'request-1',
  ...more,
})

test('OCSF has what was changed or refused as API activity', () => {
  const schema = schemaOf<Parameters<typeof ocsfProblems>[2]>('ocsf-1.8.0.json')
  const changes = [
    change(),
    change({ outcome: 'DeniedByPolicy', isDryRun: true, times: 7, subjects: [] }),
    change({ sourceAddress: 'local', credential: '', action: 'EndQuarantines', makers: ['user:olga', 'user:ann'] }),
    change({ principal: hostile, action: hostile, subjects: [hostile], sourceAddress: '2001:db8::7' }),
  ]
  const events = linesOf(textOf(ocsfChanges, [changes])) as Record<string, unknown>[]
  for (const event of events) assert.deepEqual(ocsfProblems(event, 'api_activity', schema), [])
  const verbs = ['createPool', 'DescribeVpcs', 'updatePool', 'ReleaseAddress', 'explode'].map(
    (action) => (linesOf(textOf(ocsfChanges, [[change({ action })]]))[0] as { activity_id: number }).activity_id,
  )
  assert.deepEqual(verbs, [1, 2, 3, 4, 99])
  assert.notDeepEqual(ocsfProblems({ ...events[0], actor: {} }, 'api_activity', schema), [])
})
