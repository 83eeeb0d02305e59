// Sessions: the management account enters a member account for some hours, through the role that was made with the account.
import { spread } from '#model/spread.ts'
import type { Account } from '#store/tables/organizations.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { accessRoleDefault } from '../organization/accounts.ts'

export interface SessionCredentials {
  readonly id: string
  readonly secret: string
  readonly sessionToken: string
}
interface SessionParams {
  readonly account: string
  readonly role: string
  readonly name: string
  readonly seconds: number
}
export interface Session {
  readonly arn: string
  readonly userId: string
  readonly expiresAt: number
}

/** Identifiers of roles are written in these. */
export const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const roleShape = { alphabet: base32, length: 17 }

/** Opens a session with drawn credentials. Undefined where there is no such role that lets the caller in. */
export async function openRoleSession(
  context: WriteContext,
  params: SessionParams,
  credentials: SessionCredentials,
): Promise<Session | undefined> {
  const account = await findEnterable(context, params)
  if (!account) return undefined
  const arn = `arn:aws:sts::${account.id}:assumed-role/${params.role}/${params.name}`
  const userId = `${roleIdOf(context, account)}:${params.name}`
  // Whole seconds: so the answer says it.
  const expiresAt = (Math.floor(context.now / 1000) + params.seconds) * 1000
  const openedBy = context.caller.accessKeyId
  const session = { ...credentials, account: account.id, arn, userId, expiresAt, openedBy }
  await context.tx.accessKeys.insert(session, context.now)
  context.changed(arn, credentials.id)
  return { arn, userId, expiresAt }
}

/** The member account, where the caller is the management account and the role is the one that lets it in. */
async function findEnterable(
  { tx, caller }: ReadContext,
  { account: id, role }: Pick<SessionParams, 'account' | 'role'>,
): Promise<Account | undefined> {
  const organization = await tx.organizations.find()
  if (organization?.managementAccount !== caller.account || id === caller.account) return undefined
  const account = await tx.organizations.findMember(id)
  const isOpen = account?.status === 'ACTIVE' && (account.roleName ?? accessRoleDefault) === role
  return isOpen ? account : undefined
}

/** Made of the account's number, so that it is the same in every session. */
const roleIdOf = ({ tx }: ReadContext, account: Account): string =>
  `AROA${spread(Number(account.id), roleShape, tx.installation)}`
