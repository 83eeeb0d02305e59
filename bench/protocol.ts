// What the protocol costs per request, without a network or a store: `node bench/protocol.ts` prints microseconds.
import { readEc2Action, readInput } from '../src/api/aws/ec2/query.ts'
import { writeResponse } from '../src/api/aws/ec2/xml.ts'
import { parseForm } from '../src/api/aws/form.ts'
import { readAuthorization, type SignedRequest, sign, verifySignature } from '../src/api/aws/sigv4.ts'

const body = Buffer.from(
  'Action=AllocateAddress&Version=2016-11-15&Domain=vpc&TagSpecification.1.ResourceType=elastic-ip' +
    '&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a%20web%20server',
)
const output = {
  AllocationId: 'eipalloc-0123456789abcdef0',
  Domain: 'vpc',
  NetworkBorderGroup: 'eu-central-1',
  PublicIp: '203.0.113.7',
  PublicIpv4Pool: 'ipam-pool-0123456789abcdef0',
}
const requestId = 'abababab-abab-4bab-8bab-000000000001'

const principal = {
  account: '111111111111',
  arn: 'arn:aws:iam::111111111111:root',
  accessKeyId: 'AKIAEXAMPLE',
  userId: '1',
}
const key = { id: 'AKIAEXAMPLE', secret: 'a secret of forty characters, or nearly so', principal }
const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const rules = { now, services: new Set(['ec2']), maxSkewSeconds: 300 }
/** The headers that the AWS SDK for JavaScript sends. */
const rawHeaders = [
  ...[
    'content-type',
    'application/x-www-form-urlencoded',
    'host',
    '127.0.0.1:7420',
    'content-length',
    String(body.length),
  ],
  ...['user-agent', 'aws-sdk-js/3.1169.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#26.10.0 api/ec2#3.1169.0 m/E,e'],
  ...['x-amz-user-agent', 'aws-sdk-js/3.1169.0', 'amz-sdk-invocation-id', '6e86291e-8372-4f2a-8260-956d9b8aae1d'],
  ...['amz-sdk-request', 'attempt=1; max=3', 'x-amz-content-sha256', ''],
]
rawHeaders[rawHeaders.length - 1] = (await import('node:crypto')).hash('sha256', body)
const unsigned: SignedRequest = { method: 'POST', url: '/', rawHeaders, body }
const signed: SignedRequest = {
  ...unsigned,
  rawHeaders: [...sign(unsigned, { key, region: 'eu-central-1', service: 'ec2', now }), 'connection', 'keep-alive'],
}

const works: Readonly<Record<string, () => unknown>> = {
  'parse the form': () => parseForm(body),
  'parse the form and read the input': () => {
    const form = parseForm(body)
    return readInput(readEc2Action(form), form)
  },
  'read the authorization': () => readAuthorization(signed),
  'read the authorization and verify it': () => verifySignature(readAuthorization(signed), signed, key, rules),
  'write the answer': () => writeResponse('AllocateAddress', output, requestId),
}

const turns = 50_000
const rounds = 5
for (const work of Object.values(works)) for (let turn = 0; turn < turns; turn++) work()
const samples = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  for (const [name, work] of Object.entries(works)) {
    const before = process.cpuUsage()
    for (let turn = 0; turn < turns; turn++) work()
    const { user, system } = process.cpuUsage(before)
    samples.set(name, [...(samples.get(name) ?? []), (user + system) / turns])
  }
}
for (const [name, values] of samples) {
  values.sort((one, other) => one - other)
  console.log(`${name.padEnd(40)} ${values[values.length >> 1]!.toFixed(2)} µs CPU (best ${values[0]!.toFixed(2)})`)
}
