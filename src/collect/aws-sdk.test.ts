// The AWS SDK against an endpoint that is written down: what it sends, how often, and what its trouble becomes.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type Aws, openAws } from './aws-sdk.ts'
import { AwsTrouble } from './aws-trouble.ts'

const xml = (action: string, body: string): string =>
  `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${body}</${action}Response>`
const failure = (code: string, message: string): string =>
  `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`

interface Answer {
  readonly status?: number
  readonly body: string
}
/** The SDK reads the environment itself: that is where its chain of credentials begins. */
async function withEnvironment(variables: Readonly<Record<string, string>>, use: () => Promise<void>): Promise<void> {
  const before = process.env
  process.env = { PATH: before.PATH, ...variables }
  try {
    await use()
  } finally {
    process.env = before
  }
}

/** An endpoint that answers what it is told, by the body of the request, and keeps what it was asked. */
async function withAws(
  answer: (asked: URLSearchParams, count: number) => Answer,
  use: (aws: Aws, asked: readonly URLSearchParams[], authorizations: readonly string[]) => Promise<void>,
  more: { readonly now?: () => number; readonly triesMax?: string } = {},
): Promise<void> {
  const asked: URLSearchParams[] = []
  const authorizations: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    const parameters = new URLSearchParams(body)
    asked.push(parameters)
    authorizations.push(request.headers.authorization ?? '')
    const { status = 200, body: text } = answer(parameters, asked.length)
    response.writeHead(status, { 'content-type': 'text/xml' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const environment = {
    AWS_ACCESS_KEY_ID: 'AKIAOWN',
    AWS_SECRET_ACCESS_KEY: 'secret',
    ...(more.triesMax === undefined ? {} : { AWS_MAX_ATTEMPTS: more.triesMax }),
  }
  const run = async () => {
    const aws = await openAws({
      options: new Map([
        ['endpoint-url', `http://127.0.0.1:${port}`],
        ['region', 'eu-central-1,us-east-1'],
      ]),
      now: more.now ?? Date.now,
      variable: (name) => process.env[name],
    })
    try {
      await use(aws, asked, authorizations)
    } finally {
      aws.close()
    }
  }
  try {
    await withEnvironment(environment, run)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
const vpcs = xml(
  'DescribeVpcs',
  '<vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>192.0.2.0/24</cidrBlock></item></vpcSet>',
)

test('who is throttled asks again, and is answered', async () => {
  await withAws(
    (_, count) => (count < 3 ? { status: 503, body: failure('RequestLimitExceeded', 'Slow down') } : { body: vpcs }),
    async (aws, asked) => {
      const { ask, close } = aws.own.ec2('eu-central-1')
      const { Vpcs } = await ask('DescribeVpcs', { MaxResults: 1_000 })
      close()
      assert.equal(Vpcs![0]!.VpcId, 'vpc-1')
      assert.deepEqual(
        asked.map((one) => [one.get('Action'), one.get('MaxResults')]),
        Array(3).fill(['DescribeVpcs', '1000']),
      )
    },
  )
})

test('who stays throttled is told that asking later can help; a refusal is final, and told without what only AWS can read', async () => {
  const secretText = 'Encoded authorization failure message: 4GzBbRlxNsgqK8SvhD2F'
  await withAws(
    (asked) =>
      asked.get('Action') === 'DescribeVpcs'
        ? { status: 503, body: failure('RequestLimitExceeded', 'Slow down') }
        : { status: 403, body: failure('UnauthorizedOperation', `You may not. ${secretText}`) },
    async (aws, asked) => {
      const { ask, close } = aws.own.ec2('eu-central-1')
      await assert.rejects(ask('DescribeVpcs', {}), { code: 'RequestLimitExceeded', isPassing: true })
      await assert.rejects(ask('DescribeSubnets', {}), {
        code: 'UnauthorizedOperation',
        isPassing: false,
        message: 'DescribeSubnets: UnauthorizedOperation: You may not.',
      })
      close()
      assert.equal(asked.length, 2)
    },
    { triesMax: '1' },
  )
})

test('an endpoint that is not there, or is no AWS, is trouble of the source and no fault', async () => {
  await withAws(
    () => ({ status: 200, body: '<html><p>Welcome!</html>' }),
    async (aws) => {
      const { ask, close } = aws.own.ec2('eu-central-1')
      await assert.rejects(ask('DescribeVpcs', {}), {
        message: 'DescribeVpcs: HTTP 200, and what is no answer of AWS',
      })
      close()
      await assert.rejects(aws.identity(), AwsTrouble)
    },
    { triesMax: '1' },
  )
  // Nothing listens there, and nobody has credentials here.
  const openAway = () =>
    openAws({
      options: new Map([
        ['endpoint-url', 'http://127.0.0.1:1'],
        ['region', 'eu-central-1'],
      ]),
      now: Date.now,
      variable: () => '1',
    })
  for (const [environment, expected] of [
    [
      { AWS_ACCESS_KEY_ID: 'AKIAOWN', AWS_SECRET_ACCESS_KEY: 'secret', AWS_MAX_ATTEMPTS: '1' },
      {
        code: 'ECONNREFUSED',
        isPassing: true,
        message: 'DescribeVpcs: there is no way to the endpoint (ECONNREFUSED)',
      },
    ],
    [
      { HOME: '/nowhere', AWS_EC2_METADATA_DISABLED: 'true' },
      { code: 'CredentialsProviderError', isPassing: false },
    ],
  ] as const)
    await withEnvironment(environment, async () => {
      const away = await openAway()
      await assert.rejects(away.own.ec2('eu-central-1').ask('DescribeVpcs', {}), expected)
      away.close()
    })
})

const credentials = (key: string, expiration: number): string =>
  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
  `<AccessKeyId>${key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
  `<Expiration>${new Date(expiration).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

test('a role is assumed once for all Regions, and again before its credentials end', async () => {
  const hour = 3_600_000
  const begun = Date.now()
  let now = begun
  await withAws(
    (asked, count) =>
      asked.get('Action') === 'AssumeRole' ? { body: credentials(`ASIA${count}`, now + hour) } : { body: vpcs },
    async (aws, asked, authorizations) => {
      const session = await aws.assume({ arn: 'arn:aws:iam::444455556666:role/cadastre-collect', externalId: 'e-1' })
      for (const region of ['eu-central-1', 'us-east-1']) {
        const { ask, close } = session.ec2(region)
        await ask('DescribeVpcs', {})
        close()
      }
      now += hour - 60_000
      const { ask, close } = session.ec2('eu-central-1')
      await ask('DescribeVpcs', {})
      close()
      assert.deepEqual(
        asked.map((one) => one.get('Action')),
        ['AssumeRole', 'DescribeVpcs', 'DescribeVpcs', 'AssumeRole', 'DescribeVpcs'],
      )
      const [first] = asked
      assert.deepEqual(
        ['RoleArn', 'ExternalId', 'DurationSeconds'].map((name) => first!.get(name)),
        ['arn:aws:iam::444455556666:role/cadastre-collect', 'e-1', '3600'],
      )
      assert.deepEqual(
        authorizations.map((text) => /Credential=(\w+)\/\d+\/([\w-]+)/.exec(text)!.slice(1)),
        [
          ['AKIAOWN', 'eu-central-1'],
          ['ASIA1', 'eu-central-1'],
          ['ASIA1', 'us-east-1'],
          ['AKIAOWN', 'eu-central-1'],
          ['ASIA4', 'eu-central-1'],
        ],
      )
    },
    { now: () => now },
  )
})
