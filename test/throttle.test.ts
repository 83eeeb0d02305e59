// Whoever asks a real server too often over the AWS APIs is told so as EC2 does, and nobody else waits.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  AllocateAddressCommand,
  CreateIpamCommand,
  DescribeIpamsCommand,
  EC2Client,
  type EC2ServiceException,
} from '@aws-sdk/client-ec2'
import { badTokensPerMinute } from '#api/failures.ts'
import { administrator, openSettings, type ServerProcess, startServer } from './clients/server.ts'
import { runToEnd } from './process.ts'

let server: ServerProcess
before(async () => {
  server = await startServer({ CADASTRE_AWS_RATES: 'read=100/10,write=3/1,AllocateAddress=2/1' })
})
after(() => server.stop())

type Credentials = { accessKeyId: string; secretAccessKey: string }
const clientOf = (credentials: Credentials = administrator) =>
  new EC2Client({ endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
async function told(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'done',
    (error: EC2ServiceException) => `${error.$metadata?.httpStatusCode} ${error.name}`,
  )
}

test('D2 beyond its burst an account is told RequestLimitExceeded, and what it reads and others change goes on', async () => {
  const ec2 = clientOf()
  const take = () => told(ec2.send(new AllocateAddressCommand({})))
  assert.deepEqual([await take(), await take(), await take()], ['done', 'done', '503 RequestLimitExceeded'])
  assert.equal(await told(ec2.send(new DescribeIpamsCommand({}))), 'done')
  assert.equal(await told(ec2.send(new CreateIpamCommand({}))), 'done', 'another bucket')
  // Told by the SDK's own rules to try again: with its usual attempts it succeeds.
  const patient = new EC2Client({ endpoint: server.endpoint, region: 'us-east-1', credentials: administrator })
  assert.equal(await told(patient.send(new AllocateAddressCommand({}))), 'done')
  for (const one of [ec2, patient]) one.destroy()
})

test('D2 whoever signs with keys that there are none of is not verified for ever, and a good key is', async () => {
  const guessing = clientOf({ accessKeyId: 'AKIAGUESSEDGUESSED00', secretAccessKey: 'guessed' })
  const guess = () => told(guessing.send(new DescribeIpamsCommand({})))
  const answers = new Set<string>()
  for (let n = 0; n < badTokensPerMinute; n++) answers.add(await guess())
  assert.deepEqual([...answers], ['401 AuthFailure'])
  assert.equal(await guess(), '503 RequestLimitExceeded')
  assert.equal(await told(clientOf().send(new DescribeIpamsCommand({}))), 'done')
})

test('an action that there is none of ends the start', async (t) => {
  const { database, env } = await openSettings({ CADASTRE_AWS_RATES: 'AllocateAdress=2/1' })
  t.after(() => database.remove())
  const { code, errors } = await runToEnd({ folder: database.folder, settings: env as Record<string, string> })
  assert.equal(code, 1)
  assert.match(errors, /CADASTRE_AWS_RATES: there is no action `AllocateAdress`/)
})
