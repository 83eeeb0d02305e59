// What a real server says of its record over the AWS APIs: the decisions behind each answer, and every change that it refused.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sign } from '../../src/api/aws/sigv4.ts'
import { administrator, type ServerProcess, startServer } from './server.ts'

let server: ServerProcess
let authorization = ''
before(async () => {
  server = await startServer({ CADASTRE_PROVIDER_IPV4_CIDR: '198.18.0.0/28' })
  const printed = await server.cadastre('operator', 'token', '--principal', 'user:admin')
  authorization = `Bearer ${printed.trim().replace('CADASTRE_TOKEN=', '')}`
})
after(() => server.stop())

const key = { id: administrator.accessKeyId, secret: administrator.secretAccessKey }
interface Sending {
  readonly service?: 'ec2' | 'organizations'
  readonly headers?: readonly string[]
}
interface Received {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  readonly decisions: readonly string[]
}

async function send(body: string, { service = 'ec2', headers = [] }: Sending = {}): Promise<Received> {
  const type = service === 'ec2' ? 'application/x-www-form-urlencoded' : 'application/x-amz-json-1.1'
  const rawHeaders = ['host', `127.0.0.1:${server.port}`, 'content-type', type, ...headers]
  const request = { method: 'POST', url: '/', rawHeaders, body: Buffer.from(body) }
  const signed = sign(request, { key, region: 'us-east-1', service, now: Date.now() })
  const pairs = Array.from(
    { length: signed.length / 2 },
    (_, i) => [signed[2 * i]!, signed[2 * i + 1]!] as [string, string],
  )
  const answer = await fetch(`${server.endpoint}/`, { method: 'POST', headers: pairs, body })
  const decisions = answer.headers.get('x-cadastre-decision')?.split(', ') ?? []
  return { status: answer.status, text: await answer.text(), headers: answer.headers, decisions }
}
let calls = 0
/** As SDKs do: each call has an id of its own, or equal ones within a second would be repeats. */
const ec2 = (
  action: string,
  parameters = '',
  headers: readonly string[] = ['amz-sdk-invocation-id', `call-${++calls}`],
): Promise<Received> => send(`Action=${action}&Version=2016-11-15${parameters}`, { headers })
async function native<Body>(path: string): Promise<Body> {
  const answer = await fetch(`${server.endpoint}/api/v1${path}`, { headers: { authorization } })
  assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`)
  return (await answer.json()) as Body
}
interface Change {
  readonly action: string
  readonly outcome: string
  readonly isDryRun?: true
  readonly subjects: readonly string[]
}
async function changesOf(work: () => Promise<unknown>): Promise<readonly Change[]> {
  const { nextCursor } = await native<{ nextCursor: string }>('/changes?latest=true')
  await work()
  return (await native<{ items: Change[] }>(`/changes?cursor=${nextCursor}`)).items
}
const outcomeOf = async (id: string): Promise<string> => (await native<{ outcome: string }>(`/decisions/${id}`)).outcome

test('an answer, its repeats and a denial name their decisions, which can be read', async () => {
  const invocation = ['amz-sdk-invocation-id', 'c0ffee00-0000-4000-8000-000000000001']
  const first = await ec2('AllocateAddress', '', invocation)
  assert.deepEqual([first.status, first.decisions.length], [200, 1])
  const again = await ec2('AllocateAddress', '', invocation)
  assert.match(first.text, /<publicIp>198\.18\.0\.0</)
  assert.match(again.text, /<publicIp>198\.18\.0\.0</)
  assert.deepEqual(again.decisions, first.decisions)

  const preview = await ec2('AllocateAddress', '&DryRun=true')
  assert.match(preview.text, /<Code>DryRunOperation</)
  assert.deepEqual(preview.decisions, [])
  assert.match(preview.headers.get('x-cadastre-explanation') ?? '', /198\.18\.0\.1/)

  for (let i = 1; i < 16; i++) assert.equal((await ec2('AllocateAddress')).status, 200)
  const refused = await ec2('AllocateAddress')
  const dry = await ec2('AllocateAddress', '&DryRun=true')
  for (const { text, decisions } of [refused, dry]) {
    assert.match(text, /<Code>InsufficientAddressCapacity</)
    assert.equal(decisions.length, 1)
    assert.match(text, new RegExp(`<Message>${decisions[0]}: `))
    assert.equal(await outcomeOf(decisions[0]!), 'deny')
  }
  assert.equal(await outcomeOf(first.decisions[0]!), 'allow')
})

test('a change that cannot be read is refused on record; what only reads is not', async () => {
  const target = (name: string) => ['x-amz-target', `AWSOrganizationsV20161128.${name}`]
  const organizations = (name: string, body: string) => send(body, { service: 'organizations', headers: target(name) })
  const changes = await changesOf(async () => {
    await ec2('ReleaseAddress', '&Nonsense=1')
    await ec2('CreateIpamPool')
    await ec2('AllocateAddress', '&Domain=nowhere')
    await ec2('ReleaseAddress', '&AllocationId=eipalloc-0123456789abcdef0')
    await ec2('ReleaseAddress', '&AllocationId=eipalloc-0123456789abcdef0&DryRun=true')
    await organizations('CreateAccount', '{"AccountName": "x"}')
    await organizations('CreateAccount', '{')
    await ec2('DescribeAddresses', '&Nonsense=1')
    await ec2('NoSuchAction')
    await organizations('ListRoots', '{"Nonsense": 1}')
  })
  const absent = ['eipalloc-0123456789abcdef0']
  assert.deepEqual(
    changes.map(({ action, outcome, subjects, isDryRun }) => [action, outcome, subjects, isDryRun ?? false]),
    [
      ['ReleaseAddress', 'UnknownParameter', [], false],
      ['CreateIpamPool', 'MissingParameter', [], false],
      ['AllocateAddress', 'InvalidParameterValue', [], false],
      ['ReleaseAddress', 'NotFound', absent, false],
      ['ReleaseAddress', 'NotFound', absent, true],
      ['CreateAccount', 'MissingParameter', [], false],
      ['CreateAccount', 'MalformedRequest', [], false],
    ],
  )
})
