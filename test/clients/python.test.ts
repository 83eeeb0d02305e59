// A client that is not JavaScript: the main job told to boto3, to Debian's awscli, or to whatever `aws` there is.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { administrator, startServer } from './server.ts'

const script = `${import.meta.dirname}/boto.py`
const equalCalls = `${import.meta.dirname}/equal_calls.py`

interface Way {
  readonly kind: 'library' | 'command'
  readonly python: string
}
interface Ended {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
}

function run(command: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, words, { env, maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr })
    })
  })
}
const works = async (command: string, ...words: string[]): Promise<boolean> => (await run(command, words)).ok

/** The first client that is there. Debian's awscli has a whole botocore in it, which the system's Python can import. */
async function findClient(): Promise<Way | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    for (const library of ['boto3', 'awscli.botocore.session']) {
      if (await works(python, '-c', `import ${library}`)) return { kind: 'library', python }
    }
  }
  return (await works('aws', '--version')) ? { kind: 'command', python: 'python3' } : undefined
}

async function getClient(): Promise<Way> {
  const found = await findClient()
  if (found) return found
  if (process.getuid?.() === 0 && (await works('apt-get', '--version'))) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update', '-q'], env)
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'awscli'], env)
  }
  const installed = await findClient()
  assert(
    installed,
    'There is no Python client of AWS here: install boto3 (`pip install boto3`) or the Debian package awscli.',
  )
  return installed
}

/** What every client can tell, also Debian's old one, which knows neither policies nor regional NAT gateways. */
const told = {
  caller: ['SHOP', 'arn:aws:sts::SHOP:assumed-role/OrganizationAccountAccessRole/python'],
  'children of Prod': [{ Id: 'SHOP', Type: 'ACCOUNT' }],
  'states of the IPAM': ['create-in-progress', 'create-complete'],
  'CIDRs of EDGE': [['203.0.113.0/30', 'provisioned']],
  'CIDRs of INSIDE': [['10.0.0.0/16', 'provisioned']],
  preview: '10.0.0.0/24',
  allocated: ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24'],
  allocations: ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24'],
  'dry run': ['DryRunOperation', 'Request would have succeeded, but DryRun flag is set.'],
  'too big': [
    'InvalidParameterValue',
    'Value (8) for parameter netmaskLength is invalid. The allocation size is too big for the pool.',
  ],
  'pages of VPCs': [5, 1],
  'NAT gateway, private': ['available', [[null, '10.0.0.132']]],
  routes: [
    ['10.0.0.0/24', 'local', 'active'],
    ['0.0.0.0/0', 'GATEWAY', 'active'],
  ],
  'main tables': [[true], [false]],
  'rule twice': [
    'InvalidPermission.Duplicate',
    'The specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists.',
  ],
  permissions: [['tcp', 443, [{ CidrIp: '0.0.0.0/0', Description: 'all' }]]],
  groups: ['default', 'web'],
  entries: [
    [50, 'deny'],
    [100, 'allow'],
    [32767, 'deny'],
  ],
  maps: [true],
  'options in use': [
    'DependencyViolation',
    "The specified action is not valid for `OPTIONS`. The dhcpOptions 'OPTIONS' has dependencies and cannot be deleted: `VPC` has them.",
  ],
  'gateway in use': [
    'DependencyViolation',
    'The specified action is not valid for `GATEWAY`. It is attached to `VPC`.',
  ],
  'IPAMs at last': [],
  'IPAM at last': ['InvalidIpamId.NotFound', "The ipam ID 'IPAM' does not exist"],
}
const addressesOf = (network: string, pool: string) => ({
  addresses: [0, 1, 2, 3].map((last) => [`${network}.${last}`, pool]),
  left: [[`${network}.0`, pool]],
  'NAT gateway, zonal': ['available', [[`${network}.0`, '10.0.0.4']]],
})
const withPolicies = {
  'knows policies': true,
  enabled: [true, 'POLICY', 'delegated-administrator-for-ipam'],
  ...addressesOf('203.0.113', 'EDGE'),
  dry: ['InsufficientAddressCapacity', 'DECISION: No free space is left: /32 in EDGE.'],
  'NAT gateway, regional': [
    'available',
    [
      ['203.0.113.1', null],
      ['203.0.113.2', null],
    ],
  ],
}
/** What newer ones tell of what the IPAM sees. */
const seen = {
  resources: [
    ['VPC', '10.0.0.0/24', 'managed', 'compliant', 'nonoverlapping'],
    ['SUBNET0', '10.0.0.0/25', null, null, null],
    ['SUBNET1', '10.0.0.128/25', null, null, null],
  ],
  'accounts are looked at': ['PROD'],
  'public addresses': [['disassociated', [{ Key: 'Name', Value: 'door' }]]],
  history: [['VPC', 'SHOP', false]],
}
const withoutPolicies = { 'knows policies': false, ...addressesOf('198.18.0', 'amazon') }

const environment = {
  ...process.env,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_MAX_ATTEMPTS: '10',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  PYTHONDONTWRITEBYTECODE: '1',
}

test('a Python client does the main job, with its waiters and paginators', async (t) => {
  const { kind, python } = await getClient()
  t.diagnostic(`${kind} of ${python}`)
  const server = await startServer()
  try {
    const words = [script, kind, server.endpoint, administrator.accessKeyId, administrator.secretAccessKey]
    const { ok, stdout, stderr } = await run(python, words, environment)
    assert(ok, stderr)
    const answer = JSON.parse(stdout) as Record<string, unknown>
    const { 'VPC in use': inUse, ...others } = answer
    const [code, message] = inUse as [string, string]
    assert.equal(code, 'DependencyViolation')
    // Either of its subnets may be the one that is named.
    assert.match(message, /^The vpc 'VPC' has dependencies and cannot be deleted/)
    assert.deepEqual(others, {
      ...told,
      ...(answer['knows policies'] ? withPolicies : withoutPolicies),
      ...('resources' in answer ? seen : {}),
    })
  } finally {
    await server.stop()
  }
})

test('I5 equal calls of a Python client all succeed at the first attempt, at once and one after the other', async (t) => {
  const { kind, python } = await getClient()
  if (kind === 'command') return t.skip('only the `aws` command is there, and not its library')
  const server = await startServer()
  try {
    for (const mode of ['legacy', 'standard']) {
      const words = [equalCalls, mode, server.endpoint, administrator.accessKeyId, administrator.secretAccessKey]
      const { ok, stdout, stderr } = await run(python, words, environment)
      assert(ok, stderr)
      assert.deepEqual(JSON.parse(stdout), { addresses: 30, retries: 0 }, mode)
    }
  } finally {
    await server.stop()
  }
})

test('I5 equal calls of the `aws` command at once all succeed', async (t) => {
  if (!(await works('aws', '--version'))) return t.skip('there is no `aws` here')
  const server = await startServer()
  try {
    const env = {
      ...environment,
      AWS_ACCESS_KEY_ID: administrator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    }
    const words = ['ec2', 'allocate-address', '--region', 'us-east-1', '--endpoint-url', server.endpoint]
    const ended = await Promise.all(Array.from({ length: 4 }, () => run('aws', words, env)))
    const addresses = ended.map(({ ok, stdout, stderr }) => {
      assert(ok, stderr)
      return (JSON.parse(stdout) as { PublicIp: string }).PublicIp
    })
    assert.equal(new Set(addresses).size, addresses.length)
  } finally {
    await server.stop()
  }
})
