// Who am I, and temporary credentials to enter a member account with.
import { randomBytes, randomInt } from 'node:crypto'
import type { AssumeRoleRequest } from '#formats/aws/sts.generated.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Account } from '#store/tables/organizations.ts'
import { stsRead, stsWrite } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { accessRoleDefault } from '../organization/accounts.ts'

/** STS: 15 minutes to 12 hours, and an hour where nothing is said. */
const durationSecondsMin = 900
const durationSecondsMax = 43_200
const durationSecondsDefault = 3_600

/** Identifiers of AWS IAM are written in these. */
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const roleShape = { alphabet: base32, length: 17 }

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
  const account = await findEnterable(context, role)
  if (!account) refuseRole(input.RoleArn)

  const arn = `arn:aws:sts::${account.id}:assumed-role/${role.name}/${input.RoleSessionName}`
  const userId = `${roleIdOf(context, account)}:${input.RoleSessionName}`
  // As STS says it: whole seconds.
  const expiresAt = (Math.floor(context.now / 1000) + seconds) * 1000
  const openedBy = context.caller.accessKeyId
  const session = { ...credentials, account: account.id, arn, userId, expiresAt, openedBy }
  await context.tx.accessKeys.insert(session, context.now)
  context.changed(arn, credentials.id)
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

interface SessionCredentials {
  readonly id: string
  readonly secret: string
  readonly sessionToken: string
}

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
    refuse({ code: 'NotSupported', what: `\`${field}\``, because: 'sessions have all the rights of their role' })
  }
}

function checkSessionName(name: string): void {
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
    refuseValue('RoleSessionName', name, 'it may hold 2 to 64 letters, digits and any of `_+=,.@-`')
  }
}

function checkDuration(seconds = durationSecondsDefault): number {
  if (!Number.isInteger(seconds) || seconds < durationSecondsMin || seconds > durationSecondsMax) {
    refuseValue('DurationSeconds', seconds, `allowed are ${durationSecondsMin} to ${durationSecondsMax} seconds`)
  }
  return seconds
}

function parseRoleArn(arn: string): { account: string; name: string } {
  const match = /^arn:aws:iam::(\d{12}):role\/([\w+=,.@/-]{1,512})$/.exec(arn)
  if (!match) refuseValue('RoleArn', arn, 'it must look like `arn:aws:iam::123456789012:role/NAME`')
  return { account: match[1]!, name: match[2]! }
}

/** The member account, where the caller is the management account and the role is the one that lets it in. */
async function findEnterable(
  { tx, caller }: ReadContext,
  role: { account: string; name: string },
): Promise<Account | undefined> {
  const organization = await tx.organizations.find()
  if (organization?.managementAccount !== caller.account || role.account === caller.account) return undefined
  const account = await tx.organizations.findMember(role.account)
  const isOpen = account?.status === 'ACTIVE' && (account.roleName ?? accessRoleDefault) === role.name
  return isOpen ? account : undefined
}

/** Made of the account's number, so that it is the same in every session. */
const roleIdOf = ({ tx }: ReadContext, account: Account): string =>
  `AROA${spread(Number(account.id), roleShape, tx.installation)}`

function refuseRole(arn: string): never {
  refuse({
    code: 'NotAuthorized',
    action: 'sts:AssumeRole',
    because: `there is no role \`${arn}\`, or you may not assume it`,
  })
}
