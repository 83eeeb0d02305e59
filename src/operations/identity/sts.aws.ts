// Who am I, and temporary credentials to enter a member account with.
import { randomBytes, randomInt } from 'node:crypto'
import type { AssumeRoleRequest } from '#formats/aws/sts.generated.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { stsRead, stsWrite } from '../operation.aws.ts'
import { base32, openRoleSession, type SessionCredentials } from './sessions.ts'

/** STS: 15 minutes to 12 hours, and an hour where nothing is said. */
const durationSecondsMin = 900
const durationSecondsMax = 43_200
const durationSecondsDefault = 3_600

export const getCallerIdentity = stsRead('GetCallerIdentity', async ({ caller }) => ({
  Account: caller.account,
  Arn: caller.arn,
  UserId: caller.userId,
}))

/**
 * The management account enters a member account through the role that CreateAccount made there. There are no other
 * roles: any other name or account gets one answer, whether it exists or not.
 */
export const assumeRole = stsWrite('AssumeRole', drawCredentials, async (context, input, credentials) => {
  refuseUnsupported(input)
  checkSessionName(input.RoleSessionName)
  const seconds = checkDuration(input.DurationSeconds)
  const role = parseRoleArn(input.RoleArn)
  const params = { account: role.account, role: role.name, name: input.RoleSessionName, seconds }
  const session = await openRoleSession(context, params, credentials)
  if (!session) refuseRole(input.RoleArn)
  const { arn, userId, expiresAt } = session
  return {
    Credentials: {
      AccessKeyId: credentials.id,
      SecretAccessKey: credentials.secret,
      SessionToken: credentials.sessionToken,
      Expiration: expiresAt,
    },
    AssumedRoleUser: { AssumedRoleId: userId, Arn: arn },
  }
})

/** Runs before the transaction, the only place of an operation where randomness is allowed. */
function drawCredentials(): SessionCredentials {
  return {
    id: `ASIA${Array.from({ length: 16 }, () => base32[randomInt(base32.length)]).join('')}`,
    secret: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(96).toString('base64'),
  }
}

/** What would narrow the session or must be proven first is not silently dropped. An external id only binds where a role asks for one. */
const supported: ReadonlySet<string> = new Set(['RoleArn', 'RoleSessionName', 'DurationSeconds', 'ExternalId'])
function refuseUnsupported(input: AssumeRoleRequest): void {
  const field = Object.entries(input).find(([name, value]) => value !== undefined && !supported.has(name))?.[0]
  if (field !== undefined) {
    refuse({
      code: 'NotSupported',
      what: wordedFeature(`\`${field}\``),
      because: worded('sessions have all the rights of their role'),
    })
  }
}

function checkSessionName(name: string): void {
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
    refuseValue('RoleSessionName', name, worded('it may hold 2 to 64 letters, digits and any of `_+=,.@-`'))
  }
}

function checkDuration(seconds = durationSecondsDefault): number {
  if (!Number.isInteger(seconds) || seconds < durationSecondsMin || seconds > durationSecondsMax) {
    refuseValue(
      'DurationSeconds',
      seconds,
      worded(`allowed are ${durationSecondsMin} to ${durationSecondsMax} seconds`),
    )
  }
  return seconds
}

function parseRoleArn(arn: string): { account: string; name: string } {
  const match = /^arn:aws:iam::(\d{12}):role\/([\w+=,.@/-]{1,512})$/.exec(arn)
  if (!match) refuseValue('RoleArn', arn, worded('it must look like `arn:aws:iam::123456789012:role/NAME`'))
  return { account: match[1]!, name: match[2]! }
}

function refuseRole(arn: string): never {
  refuse({
    code: 'NotAuthorized',
    action: 'sts:AssumeRole',
    because: worded(`there is no role \`${arn}\`, or you may not assume it`),
  })
}
