// The configuration: what holds where nothing is said, and how every mistake is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigProblem, readConfig, variables } from './config.ts'

/** The problems that an environment is told of, one each. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment)
  } catch (error) {
    assert.ok(error instanceof ConfigProblem)
    return error.message.split('\n').slice(1)
  }
  return []
}

test('without any variable there is a configuration that works on this machine', () => {
  const { operations, ...rest } = readConfig({})
  assert.deepEqual(rest, {
    dataFolder: './data',
    host: '127.0.0.1',
    port: 7420,
    peers: undefined,
    trustedProxies: [],
    evidenceFolder: undefined,
    isEvidencePublic: true,
    witnesses: [],
    witnessedKeys: [],
    secretKeyFile: undefined,
    database: undefined,
    bootstrap: { account: '111111111111', accessKeyId: undefined, secretAccessKey: undefined },
    tls: undefined,
    publicUrl: undefined,
    oidc: undefined,
    mail: undefined,
    awsRates: {
      read: { burst: 2_000, perSecond: 500 },
      write: { burst: 1_000, perSecond: 200 },
      actions: new Map(),
    },
    requestsPerMinute: 60_000,
    probeSeconds: 1,
    sinks: { syslog: undefined, syslogCaFile: undefined, file: undefined },
  })
  const { regions, ...settings } = operations
  assert.deepEqual(settings, {
    quarantineSecondsPublic: 300,
    requireCidrAuthorization: false,
    providerIpv4Cidr: '198.18.0.0/15',
    providerIpv6Cidr: '2001:db8::/32',
    publicSpaceAccounts: [],
    isStrictOnReplays: false,
    notifications: { allowsHttp: false, allowedBlocks: [], publicUrl: undefined, sendsMail: false, mailDomains: [] },
  })
  assert.equal(regions.length, 15)
  assert.deepEqual(regions[0], { name: 'us-east-1', zoneIdPrefix: 'use1', zones: ['a', 'b', 'c'] })
  assert.equal(regions.find(({ name }) => name === 'ap-southeast-2')!.zoneIdPrefix, 'apse2')
})

test('an empty variable, or one of blanks, is as if it were not there', () => {
  const empty = Object.fromEntries(Object.values(variables).map(({ name }, index) => [name, index % 2 ? '' : '  ']))
  assert.deepEqual(readConfig(empty), readConfig({}))
})

test('a setting that there is none of ends the start, and what was meant is named where it is a slip away', () => {
  assert.deepEqual(problemsOf({ CADASTRE_PROT: '80', CADASTRE_COLOUR: 'red', CADASTRE_TOKEN: 'a token', PORT: '1' }), [
    '  CADASTRE_PROT: there is no such setting; did you mean `CADASTRE_PORT`?',
    '  CADASTRE_COLOUR: there is no such setting',
  ])
})

test('every variable is read', () => {
  const config = readConfig({
    CADASTRE_DATA: '/srv/cadastre',
    CADASTRE_HOST: '::1',
    CADASTRE_PORT: '0',
    CADASTRE_EVIDENCE_FOLDER: '/tmp/log',
    CADASTRE_EVIDENCE_PUBLIC: 'false',
    CADASTRE_SECRET_KEY_FILE: '/etc/cadastre.key',
    CADASTRE_BOOTSTRAP_ACCOUNT: '123456789012',
    CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: 'AKIAEXAMPLE0000000',
    CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: 'a secret of some length',
    CADASTRE_REGIONS: 'eu-central-1, us-gov-west-1',
    CADASTRE_OIDC_ISSUER: 'https://id.example.com',
    CADASTRE_OIDC_CLIENT_ID: 'register',
    CADASTRE_OIDC_NAME_CLAIM: 'sub',
    CADASTRE_OIDC_GROUPS_CLAIM: 'roles',
    CADASTRE_PUBLIC_URL: 'https://cadastre.example.com/',
    CADASTRE_TLS_CERTIFICATE_FILE: '/etc/tls/server.crt',
    CADASTRE_TLS_KEY_FILE: '/etc/tls/server.key',
    CADASTRE_AWS_RATES: 'write=9/3, AllocateAddress=2/1',
    CADASTRE_REQUESTS_PER_MINUTE: '600',
    CADASTRE_PROBE_SECONDS: '0',
    CADASTRE_TRUSTED_PROXIES: '10.0.0.0/8, ::1,',
    CADASTRE_QUARANTINE_SECONDS: '2592000',
    CADASTRE_REQUIRE_CIDR_AUTHORIZATION: 'true',
    CADASTRE_PROVIDER_IPV4_CIDR: '192.0.2.0/28',
    CADASTRE_PROVIDER_IPV6_CIDR: '2001:db8::/40',
    CADASTRE_PUBLIC_SPACE_ACCOUNTS: '333333333333, 444444444444,333333333333,',
    CADASTRE_OUTBOUND_ALLOW: '10.1.0.0/16, 127.0.0.1,',
    CADASTRE_OUTBOUND_HTTP: 'true',
    CADASTRE_SMTP_URL: 'smtps://mail.example.com',
    CADASTRE_SMTP_USER: 'cadastre',
    CADASTRE_MAIL_FROM: 'cadastre@example.com',
    CADASTRE_MAIL_DOMAINS: 'Example.com',
    CADASTRE_STRICT_REPLAYS: 'true',
    CADASTRE_SYSLOG_URL: 'tls://siem.example.com',
    CADASTRE_SYSLOG_CA_FILE: '/etc/siem.pem',
    CADASTRE_RECORD_FILE: '/var/log/record.ndjson',
  })
  assert.ok(Object.isFrozen(config))
  assert.deepEqual(config, {
    dataFolder: '/srv/cadastre',
    host: '::1',
    port: 0,
    peers: undefined,
    trustedProxies: [
      { family: 4, first: 0x0a000000n, length: 8 },
      { family: 6, first: 1n, length: 128 },
    ],
    evidenceFolder: '/tmp/log',
    isEvidencePublic: false,
    witnesses: [],
    witnessedKeys: [],
    secretKeyFile: '/etc/cadastre.key',
    database: undefined,
    bootstrap: {
      account: '123456789012',
      accessKeyId: 'AKIAEXAMPLE0000000',
      secretAccessKey: 'a secret of some length',
    },
    tls: { certificate: '/etc/tls/server.crt', key: '/etc/tls/server.key' },
    publicUrl: 'https://cadastre.example.com',
    oidc: {
      issuer: 'https://id.example.com',
      clientId: 'register',
      clientSecret: undefined,
      nameClaim: 'sub',
      groupsClaim: 'roles',
      publicUrl: 'https://cadastre.example.com',
    },
    mail: {
      url: 'smtps://mail.example.com',
      user: 'cadastre',
      password: undefined,
      from: 'cadastre@example.com',
    },
    awsRates: {
      read: { burst: 2_000, perSecond: 500 },
      write: { burst: 9, perSecond: 3 },
      actions: new Map([['AllocateAddress', { burst: 2, perSecond: 1 }]]),
    },
    requestsPerMinute: 600,
    probeSeconds: 0,
    sinks: {
      syslog: { host: 'siem.example.com', port: 6514 },
      syslogCaFile: '/etc/siem.pem',
      file: '/var/log/record.ndjson',
    },
    operations: {
      regions: [
        { name: 'eu-central-1', zoneIdPrefix: 'euc1', zones: ['a', 'b', 'c'] },
        { name: 'us-gov-west-1', zoneIdPrefix: 'usgw1', zones: ['a', 'b', 'c'] },
      ],
      quarantineSecondsPublic: 2_592_000,
      requireCidrAuthorization: true,
      providerIpv4Cidr: '192.0.2.0/28',
      providerIpv6Cidr: '2001:db8::/40',
      publicSpaceAccounts: ['333333333333', '444444444444'],
      isStrictOnReplays: true,
      notifications: {
        allowsHttp: true,
        allowedBlocks: [
          { family: 4, first: 0x0a010000n, length: 16 },
          { family: 4, first: 0x7f000001n, length: 32 },
        ],
        publicUrl: 'https://cadastre.example.com',
        sendsMail: true,
        mailDomains: ['example.com'],
      },
    },
  })
})

test('a sign-in that could not work is refused as a whole: no client, no address of our own, plain HTTP elsewhere', () => {
  const good = {
    CADASTRE_OIDC_ISSUER: 'http://127.0.0.1:9000',
    CADASTRE_OIDC_CLIENT_ID: 'register',
    CADASTRE_PUBLIC_URL: 'http://localhost:7420',
  }
  assert(readConfig(good).oidc)
  const cases: [Record<string, string>, RegExp][] = [
    [{ CADASTRE_OIDC_CLIENT_ID: '' }, /CADASTRE_OIDC_CLIENT_ID/],
    [{ CADASTRE_PUBLIC_URL: '' }, /CADASTRE_PUBLIC_URL/],
    [{ CADASTRE_PUBLIC_URL: 'http://cadastre.example.com' }, /CADASTRE_PUBLIC_URL/],
    [{ CADASTRE_OIDC_ISSUER: 'http://id.example.com' }, /CADASTRE_OIDC_ISSUER/],
    [{ CADASTRE_OIDC_CLIENT_SECRET_FILE: '/nowhere/client.secret' }, /CADASTRE_OIDC_CLIENT_SECRET_FILE/],
  ]
  for (const [change, expected] of cases) assert.throws(() => readConfig({ ...good, ...change }), expected)
})

test('mail goes to the domain that it comes from alone, unless others are named, or any', () => {
  const mail = { CADASTRE_SMTP_URL: 'smtp://mail.example.com:587', CADASTRE_MAIL_FROM: 'cadastre@Example.com' }
  const domainsOf = (more: Record<string, string>) =>
    readConfig({ ...mail, ...more }).operations.notifications.mailDomains
  assert.deepEqual(domainsOf({}), ['example.com'])
  assert.deepEqual(domainsOf({ CADASTRE_MAIL_DOMAINS: 'example.org' }), ['example.org'])
  assert.deepEqual(domainsOf({ CADASTRE_MAIL_DOMAINS: '*' }), [])
})

test('mail that could not be sent is refused: no mail server, a password in its URL, nobody whom it comes from', () => {
  const good = { CADASTRE_SMTP_URL: 'smtp://mail.example.com:587', CADASTRE_MAIL_FROM: 'cadastre@example.com' }
  assert(readConfig(good).mail)
  const cases: [Record<string, string>, RegExp][] = [
    [{ CADASTRE_SMTP_URL: 'https://mail.example.com' }, /CADASTRE_SMTP_URL/],
    [{ CADASTRE_SMTP_URL: 'smtp://user:secret@mail.example.com' }, /CADASTRE_SMTP_URL/],
    [{ CADASTRE_MAIL_FROM: '' }, /CADASTRE_MAIL_FROM/],
    [{ CADASTRE_SMTP_PASSWORD_FILE: '/nowhere/smtp.password' }, /CADASTRE_SMTP_PASSWORD_FILE/],
  ]
  for (const [change, expected] of cases) assert.throws(() => readConfig({ ...good, ...change }), expected)
  const secret = { ...good, CADASTRE_SMTP_URL: 'smtp://user:secret@mail.example.com' }
  assert.throws(
    () => readConfig(secret),
    (error: Error) => !error.message.includes('secret@'),
  )
})

const bad: readonly (readonly [string, string])[] = [
  ['CADASTRE_OUTBOUND_ALLOW', '10.0.0.1/8'],
  ['CADASTRE_OUTBOUND_HTTP', 'yes'],
  ['CADASTRE_PORT', '65536'],
  ['CADASTRE_PORT', '-1'],
  ['CADASTRE_PORT', '80a'],
  ['CADASTRE_PORT', '7420.5'],
  ['CADASTRE_BOOTSTRAP_ACCOUNT', '12345'],
  ['CADASTRE_REGIONS', 'eu-central-1,,us-east-1'],
  ['CADASTRE_REGIONS', 'Frankfurt'],
  ['CADASTRE_REGIONS', 'eu-central-1,eu-central-1'],
  ['CADASTRE_QUARANTINE_SECONDS', '2592001'],
  ['CADASTRE_QUARANTINE_SECONDS', 'five minutes'],
  ['CADASTRE_REQUIRE_CIDR_AUTHORIZATION', 'yes'],
  ['CADASTRE_PROVIDER_IPV4_CIDR', '198.18.0.0'],
  ['CADASTRE_PROVIDER_IPV4_CIDR', '198.18.0.1/15'],
  ['CADASTRE_PROVIDER_IPV4_CIDR', '198.18.0.0/29'],
  ['CADASTRE_PROVIDER_IPV4_CIDR', '2001:db8::/28'],
  ['CADASTRE_PROVIDER_IPV6_CIDR', '2001:db8::/41'],
  ['CADASTRE_PROVIDER_IPV6_CIDR', '198.18.0.0/15'],
  ['CADASTRE_PROVIDER_IPV4_CIDR', '10.0.0.0/16'],
  ['CADASTRE_PROVIDER_IPV4_CIDR', '0.0.0.0/0'],
  ['CADASTRE_PROVIDER_IPV6_CIDR', 'fd12::/32'],
  ['CADASTRE_PUBLIC_SPACE_ACCOUNTS', '33333333333'],
  ['CADASTRE_PUBLIC_SPACE_ACCOUNTS', '333333333333;444444444444'],
  ['CADASTRE_PUBLIC_SPACE_ACCOUNTS', 'ou-acme-prodprod'],
  ['CADASTRE_STRICT_REPLAYS', '1'],
]

test('every bad value is told with its variable, what stands there, and what is expected', () => {
  for (const [name, value] of bad) {
    const problems = problemsOf({ [name]: value })
    assert.equal(problems.length, 1, `${name}=${value}`)
    assert.ok(problems[0]!.includes(`${name}=\`${value}\`: `), problems[0]!)
  }
})

test('a first access key is given whole, in its form, and its secret is never repeated', () => {
  const [id, secret] = ['CADASTRE_BOOTSTRAP_ACCESS_KEY_ID', 'CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY'] as const
  const goodId = 'AKIAEXAMPLE0000000'
  const goodSecret = 'a secret of some length'
  assert.match(problemsOf({ [id]: goodId }).join(), /give both or neither/)
  assert.match(problemsOf({ [secret]: goodSecret }).join(), /give both or neither/)
  assert.match(problemsOf({ [id]: 'akia', [secret]: goodSecret }).join(), new RegExp(`${id}=\`akia\``))
  const short = problemsOf({ [id]: goodId, [secret]: 'psst' }).join()
  assert.match(short, new RegExp(secret))
  assert.doesNotMatch(short, /psst/)
})

test('all problems are told at once', () => {
  const environment = Object.fromEntries(bad)
  assert.equal(problemsOf(environment).length, Object.keys(environment).length)
  for (const name of Object.keys(environment)) {
    assert.ok(
      problemsOf(environment).some((problem) => problem.includes(name)),
      name,
    )
  }
})

test('proxies are addresses and CIDRs, and never everybody', () => {
  for (const text of ['10.0.0.1/8', 'proxy.example.com', '10.0.0.1;10.0.0.2', '0.0.0.0/0', '::/0']) {
    const [problem] = problemsOf({ CADASTRE_TRUSTED_PROXIES: text })
    assert.match(problem ?? '', /CADASTRE_TRUSTED_PROXIES=`.*`: addresses and CIDRs/, text)
  }
})

test('D4 where the record is sent is TLS alone, without secrets and paths', () => {
  const syslogOf = (url: string) => readConfig({ CADASTRE_SYSLOG_URL: url }).sinks.syslog
  assert.deepEqual(syslogOf('tls://[2001:db8::7]:7000'), { host: '2001:db8::7', port: 7000 })
  for (const url of ['udp://siem', 'siem:6514', 'tls://a:b@siem', 'tls://siem/path', 'tls://siem?x=1', 'tls://'])
    assert.throws(() => syslogOf(url), ConfigProblem, url)
  assert.equal(readConfig({ CADASTRE_SYSLOG_CA_FILE: '/x' }).sinks.syslogCaFile, '/x')
})

test('peers need a database that they share, a port, and an address that names a host', () => {
  const shared = { CADASTRE_DATABASE_URL: 'postgres://u:p@db/cadastre', CADASTRE_SECRET_KEY_FILE: '/key' }
  const peersOf = (more: Readonly<Record<string, string>>) => readConfig({ ...shared, ...more }).peers
  assert.equal(peersOf({}), undefined)
  assert.deepEqual(peersOf({ CADASTRE_PEER_PORT: '7421', CADASTRE_HOST: '0.0.0.0' }), {
    host: '0.0.0.0',
    port: 7421,
    address: undefined,
  })
  assert.deepEqual(
    peersOf({ CADASTRE_PEER_PORT: '0', CADASTRE_PEER_HOST: '::1', CADASTRE_PEER_ADDRESS: '[fd00::1]:7421' }),
    { host: '::1', port: 0, address: '[fd00::1]:7421' },
  )
  const problem = (environment: Readonly<Record<string, string>>, expected: RegExp) =>
    assert.throws(() => readConfig(environment), expected)
  problem({ CADASTRE_PEER_PORT: '7421' }, /CADASTRE_PEER_PORT needs CADASTRE_DATABASE_URL: one server has no peers/)
  problem({ ...shared, CADASTRE_PEER_ADDRESS: 'db1' }, /CADASTRE_PEER_ADDRESS needs CADASTRE_PEER_PORT/)
  problem({ ...shared, CADASTRE_PEER_PORT: '70000' }, /CADASTRE_PEER_PORT=`70000`: a whole number from 0 to 65535/)
  for (const address of ['fd00::1', 'http://db1', 'db1:port', 'db1:70000'])
    problem({ ...shared, CADASTRE_PEER_PORT: '1', CADASTRE_PEER_ADDRESS: address }, /CADASTRE_PEER_ADDRESS=`/)
})
