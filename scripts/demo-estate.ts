// The demo's third part: what exists comes in, differs, is adopted; and a policy is narrowed with its eyes open.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from './demo-native.ts'
import { Person } from './demo-person.ts'
import { answered, expect, heading, list, step } from './demo-stage.ts'

export interface EstateStage extends Pick<Stage, 'endpoint' | 'region' | 'tokenFor' | 'ipam' | 'root'> {
  /** The policy of the teams in production, and where it is enabled. */
  readonly production: string
  readonly prod: string
  readonly shop: string
  /** Where files of the demo are. */
  readonly folder: string
}

/** As `cadastre collect aws --dry-run` printed it where the credentials are. */
const clouds = (region: string): string =>
  [
    { snapshot: { takenAt: new Date().toISOString(), collector: 'cadastre aws' } },
    network('10.96.0.0/18', 'vpc-0a01', '710000000001', 'web', region),
    network('10.97.0.0/20', 'vpc-0b01', '710000000002', 'data', region),
    network('10.198.0.0/16', 'vpc-0b02', '710000000002', 'somebody’s test', region),
    { end: { observations: 3 } },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')
const network = (cidr: string, id: string, account: string, name: string, locale: string): object => ({
  kind: 'network',
  cidr,
  space: id,
  id,
  account,
  locale,
  type: 'vpc',
  name,
})

/** As somebody exported it. */
const offices =
  'Prefix;Tenant;Site;Description\n10.64.0.0/24;offices;zrh;Zürich\n10.64.16.0/22;offices;zrh;Laboratory\n'

export async function estateStory(stage: EstateStage): Promise<void> {
  const { endpoint, tokenFor } = stage
  const olga = new Person('olga', { endpoint, token: await tokenFor('user:olga') })
  const { policy, aws } = await bringIn(stage, olga)
  await narrow(stage, olga, policy, aws)
  await prepareStricter(stage, olga)
}

interface Taken {
  readonly policy: string
  readonly aws: string
}

async function bringIn({ endpoint, tokenFor, ipam, root, region, folder }: EstateStage, olga: Person): Promise<Taken> {
  heading('10  What exists comes in')
  const estate = await olga.does('unit', 'create', '--name', 'estate', '--parent-id', root, '--field', 'unitId')
  const account = async (...words: string[]): Promise<string> =>
    olga.does('account', 'create', '--parent-id', estate, ...words, '--field', 'account')
  const web = await account('--account', '710000000001', '--name', 'web')
  const data = await account('--account', '710000000002', '--name', 'data')
  await account('--name', 'offices', '--cloud', 'onprem', '--external-id', 'offices')
  list('accounts', [`web   ${web}`, `data  ${data}`, 'offices, which is a site'])
  const scope = await olga.does('scope', 'create', '--ipam-id', ipam, '--name', 'estate', '--field', 'scopeId')
  const pool = async (name: string, cidr: string, locale: string): Promise<string> => {
    const words = ['--scope-id', scope, '--family', 'ipv4', '--locale', locale, '--name', name, '--shared-with', estate]
    const id = await olga.does('pool', 'create', ...words, '--field', 'poolId')
    await olga.does('pool-cidr', 'create', id, '--cidr', cidr)
    return id
  }
  const aws = await pool('aws', '10.96.0.0/12', region)
  await pool('offices', '10.64.0.0/18', 'onprem:zrh')
  const policy = await olga.does('policy', 'create', '--ipam-id', ipam, '--name', 'estate', '--field', 'policyId')
  await olga.does('policy-document', 'put', policy, region, 'vpc', '--rules', JSON.stringify([{ poolId: aws }]))
  await olga.does('assignment', 'put', policy, estate, '--mode', 'enforce')

  const table = join(folder, 'offices.csv')
  const snapshot = join(folder, 'clouds.ndjson')
  writeFileSync(table, offices)
  writeFileSync(snapshot, clouds(region))
  for (const [name, kind] of [
    ['sites', 'csv'],
    ['clouds', 'aws'],
  ] as const)
    await olga.does('source', 'create', '--name', name, '--kind', kind, '--node', estate, '--scope-id', scope)
  // Who sends by a name means a source where their own right is bound.
  const token = await tokenFor('user:carl', '--role', 'reporter', '--node', estate)
  const carl = new Person('carl', { endpoint, token })
  step('carl$ cadastre collect csv --file offices.csv --source sites')
  answered(await carl.does('collect', 'csv', '--file', table, '--columns', 'guess', '--source', 'sites'))
  step('carl$ cadastre collect ndjson --file clouds.ndjson --source clouds')
  answered(await carl.does('collect', 'ndjson', '--file', snapshot, '--source', 'clouds'))
  const differences = await olga.shows('difference', 'list', 'clouds')
  expect(differences.includes('10.198.0.0/16'), 'what nobody has registered is a difference')
  const adopted = await olga.shows('difference', 'adopt', 'clouds', '--policy', 'allowed')
  expect(
    adopted.includes('10.96.0.0/18') && !adopted.includes('10.198.0.0/16'),
    'what policy would have allowed is adopted',
  )
  await olga.does('difference', 'adopt', 'sites', '--everything')
  const left = await olga.shows('difference', 'list', 'clouds', '--field', 'cidr')
  expect(left === '10.198.0.0/16', 'one difference is left')
  return { policy, aws }
}

/** Space in use is looked at behind the requests: so long at most. */
const followMs = 10_000
const pollMs = 100

async function narrow({ region }: EstateStage, olga: Person, policy: string, aws: string): Promise<void> {
  heading('11  A narrower policy: who would be hit, and what an auditor is handed')
  const document = ['policy-document', 'put', policy, region, 'vpc', '--rules', JSON.stringify([{ poolId: aws }])]
  const size = ['--size', JSON.stringify({ min: 20, default: 24, max: 28 })]
  const impact = await olga.shows(...document, ...size, '--impact')
  expect(/noncompliant\s+1\b/.test(impact), 'one network would comply no more')
  await olga.shows(...document, ...size, '--field', 'size.min')
  const until = Date.now() + followMs
  const open = ['finding', 'list', '--status', 'open', '--control', 'policy', '--field', 'summary']
  while (!(await olga.does(...open)).includes('10.96.0.0/18')) {
    expect(Date.now() < until, 'what does not comply is a finding')
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  await olga.shows(...open)
  await olga.shows('compliance', '--by', 'account', '--resource-type', 'vpc')
  const page = await olga.does('compliance', '--by', 'rule', '-o', 'html')
  expect(page.startsWith('<!doctype html>'), 'the report can be printed')
  await olga.shows('capacity')
}

/** Left as it is, for whoever looks on in the console. */
async function prepareStricter(stage: EstateStage, olga: Person): Promise<void> {
  const { endpoint, region, tokenFor, root, production, prod, shop } = stage
  heading('12  A stricter version waits beside the one in force')
  const listed = await olga.does('policy-document', 'list', production, '--json')
  const { items } = JSON.parse(listed) as { items: readonly { resourceType: string; rules: readonly object[] }[] }
  const stricter = items.map(({ resourceType, rules }) => ({
    ...{ locale: region, resourceType, rules },
    ...(resourceType === 'vpc' ? { size: { min: 26, default: 26, max: 28 } } : {}),
  }))
  const draft = ['policy-version', 'draft', production, '--documents', JSON.stringify(stricter), '--field', 'version']
  const version = await olga.shows(...draft)
  await olga.shows('candidate', 'put', production, prod, '--version', version, '--mode', 'enforce', '--field', 'mode')
  const what = [
    '--account',
    shop,
    '--locale',
    region,
    '--resource-type',
    'vpc',
    '--scope-type',
    'private',
    '--netmask-length',
    '24',
  ]
  await olga.shows('allocation', 'create', ...what, '--field', 'cidr')
  const differences = await olga.shows('candidate', 'differences', production, prod)
  expect(differences.includes(shop), 'what it would have denied is counted')

  // She may propose, and others have to approve: olga finds it on her first page, with what it would break.
  const token = await tokenFor('user:paula', '--role', 'policy-author', '--node', root)
  const paula = new Person('paula', { endpoint, token })
  const operations = stricter
    .filter(({ resourceType }) => resourceType === 'vpc')
    .map((document) => ({ operation: 'putPolicyDocument', input: { policyId: production, ...document } }))
  const propose = ['change-request', 'propose', '--node', root, '--reason', 'Smaller networks in production']
  const asked = [...propose, '--operations', JSON.stringify(operations), '--field', 'changeRequestId']
  const request = await paula.shows(...asked)
  const broken = await paula.shows('change-request', 'show', request, '--field', 'impact.noncompliant')
  expect(broken === '2', 'what would not comply any more is known before anybody approves')
}
